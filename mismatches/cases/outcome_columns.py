"""The columns of a workbook that an auditor fills in: what was done about a finding, with lists to choose from."""

from collections.abc import Sequence
from typing import Final

from xlsxwriter.worksheet import Worksheet

from mismatches.cases.declaration import case_rules
from schemas.bilingual import Bilingual

HEADINGS: Final = {
    "action": Bilingual("处理动作", "Action"),
    "reason_code": Bilingual("原因代码", "Reason code"),
    "amount": Bilingual("金额（元）", "Amount (yuan)"),
    "voucher": Bilingual("缴款凭证", "Voucher"),
    "note": Bilingual("备注", "Note"),
}
"""Column → its heading in the report; a list of findings has the names themselves."""

FILLED: Final = tuple(HEADINGS)

FROM_SHEET: Final = (
    "take", "exclude", "confirm", "assess", "record_payment", "void_payment", "close", "close_without_payment", "note",
)  # fmt: skip
"""Actions that a workbook can carry: those that need nothing but its columns."""

WIDTHS: Final = {"action": 18, "note": 40}
USUAL_WIDTH: Final = 13


def offer_choices(sheet: Worksheet, first_column: int, rows: tuple[int, int]) -> None:
    """Let the cells of actions and reason codes be chosen from lists.

    Args:
        sheet: has the columns `FILLED`.
        first_column: the place of the first of them.
        rows: first and last row of findings.
    """
    rules = case_rules()
    codes = sorted({code for name in FROM_SHEET for code in rules.actions[name].reasons})
    for name, choices in (("action", FROM_SHEET), ("reason_code", codes)):
        _offer(sheet, first_column + FILLED.index(name), choices, rows)


def _offer(sheet: Worksheet, column: int, choices: Sequence[str], rows: tuple[int, int]) -> None:
    sheet.data_validation(rows[0], column, rows[1], column, {"validate": "list", "source": list(choices)})
