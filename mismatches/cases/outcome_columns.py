"""The columns of a workbook that an auditor fills in: what was done about a finding, with lists to choose from."""

from collections.abc import Sequence
from typing import Final

from xlsxwriter.worksheet import Worksheet

from mismatches.cases.declaration import Action, Part, case_rules
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

CARRIED: Final[frozenset[Part]] = frozenset({"text", "reason_code", "amount", "voucher"})
"""What the columns can say of an action; `note` is its text."""

FROM_SHEET: Final = tuple(name for name, action in case_rules().actions.items() if action.needs <= CARRIED)
"""Actions that a workbook can carry: those that need nothing but its columns."""

WIDTHS: Final = {"action": 18, "note": 40}
USUAL_WIDTH: Final = 13


def action_named(said: str) -> str | None:
    """The action that a cell names, by its name or its title in either language; null where it names none.

    >>> action_named("TAKE "), action_named("领取"), action_named("领取 take"), action_named("assign")
    ('take', 'take', 'take', None)
    """
    return _ACTIONS.get(_plain(said))


def reason_named(action: str, said: str) -> str:
    """The code that a cell names by itself or its title; what is none of them stays as it is."""
    reasons = case_rules().actions[action].reasons
    named = {_plain(word): code for code, title in reasons.items() for word in (title.zh, title.en, code)}
    return named.get(_plain(said), said)


def _plain(said: str) -> str:
    return " ".join(said.replace("_", " ").casefold().split())


def _names(action: Action) -> tuple[str, ...]:
    return (action.name, action.title.zh, action.title.en, _offered(action))


def _offered(action: Action) -> str:
    return f"{action.title.zh} {action.name}"


_ACTIONS: Final = {_plain(word): name for name in FROM_SHEET for word in _names(case_rules().actions[name])}


def offer_choices(sheet: Worksheet, first_column: int, rows: tuple[int, int]) -> None:
    """Let the cells of actions and reason codes be chosen from lists.

    Args:
        sheet: has the columns `FILLED`.
        first_column: the place of the first of them.
        rows: first and last row of findings.
    """
    rules = case_rules()
    codes = sorted({code for name in FROM_SHEET for code in rules.actions[name].reasons})
    for name, choices in (("action", [_offered(rules.actions[name]) for name in FROM_SHEET]), ("reason_code", codes)):
        _offer(sheet, first_column + FILLED.index(name), choices, rows)


def _offer(sheet: Worksheet, column: int, choices: Sequence[str], rows: tuple[int, int]) -> None:
    sheet.data_validation(rows[0], column, rows[1], column, {"validate": "list", "source": list(choices)})
