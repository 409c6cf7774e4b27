"""The first sheet of the workbook: what ran, how much was found, what did not run and why, how fresh the inputs are."""

from collections.abc import Sequence
from decimal import Decimal

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from mismatches.engine import RuleRun
from mismatches.freshness import InputFact
from mismatches.request import CrossCheckRequest
from mismatches.workbook_style import Styles, height

_RULE_HEAD = (
    "规则\nRule",
    "名称\nTitle",
    "疑点\nHits",
    "无异常\nClear",
    "不可比\nNot comparable",
    "估算下限（元）\nEstimate, low",
    "估算值（元）\nEstimate, likely",
    "估算上限（元）\nEstimate, high",
    "法律依据\nLegal basis",
    "未运行的原因\nWhy it did not run",
)
_INPUT_HEAD = (
    "输入\nInput",
    "名称\nTitle",
    "记录数\nRows",
    "最新数据\nLatest",
    "距核对日（天）\nDays old",
    "版本\nVersion",
)
_WIDTHS = (32, 34, 11, 12, 12, 17, 17, 17, 26, 30)


def write_summary(
    book: xlsxwriter.Workbook,
    styles: Styles,
    runs: Sequence[RuleRun],
    inputs: Sequence[InputFact],
    request: CrossCheckRequest,
) -> None:
    """Add the sheet; rows are written top down, as constant memory asks."""
    sheet = book.add_worksheet("汇总 Summary")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)  # inches
    sheet.fit_to_pages(1, 0)
    sheet.set_row(0, 26)  # points: of the title
    for position, width in enumerate(_WIDTHS):
        sheet.set_column(position, position, width)
    sheet.write_string(0, 0, "部门数据统一比对疑点 Findings of the cross-checks", styles.title)
    note = "核对日 As of " + request.as_of.isoformat() + " · 估算不等于应补税额 An estimate is not a tax due"
    sheet.write_string(1, 0, note, styles.note)
    row = _write_rules(sheet, styles, runs, 3)
    _write_inputs(sheet, styles, inputs, row + 2)


def _write_rules(sheet: Worksheet, styles: Styles, runs: Sequence[RuleRun], row: int) -> int:
    _write_head(sheet, styles, _RULE_HEAD, row)
    for run in runs:
        row += 1
        rule, estimate = run.rule, run.estimate
        title, law = f"{rule.title.zh}\n{rule.title.en}", f"{rule.legal_basis.zh} {rule.legal_basis.en}"
        absent = "\n".join(f"{reason.zh} {reason.en}" for reason in run.absent)
        sheet.set_row(row, height(((title, _WIDTHS[1]), (law, _WIDTHS[8]), (absent, _WIDTHS[9]))))
        if run.ran:
            sheet.write_url(row, 0, f"internal:'{rule.id[:31]}'!A1", styles.text, rule.id)
        else:
            sheet.write_string(row, 0, rule.id, styles.text)
        sheet.write_string(row, 1, title, styles.wrapped)
        for position, outcome in enumerate(("hit", "clear", "not_comparable"), 2):
            if run.ran:
                sheet.write_number(row, position, run.counts[outcome], styles.count)  # type: ignore[index]
        if estimate:
            amounts: Sequence[Decimal] = (estimate.low, estimate.likely, estimate.high)
            for position, amount in enumerate(amounts, 5):
                sheet.write_number(row, position, float(amount), styles.money)
        sheet.write_string(row, 8, law, styles.wrapped)
        sheet.write_string(row, 9, absent, styles.wrapped)
    return row


def _write_inputs(sheet: Worksheet, styles: Styles, inputs: Sequence[InputFact], row: int) -> None:
    _write_head(sheet, styles, _INPUT_HEAD, row)
    for item in inputs:
        row += 1
        sheet.write_string(row, 0, item.name, styles.text)
        title = f"{item.title.zh} {item.title.en}"
        sheet.set_row(row, height([(title, _WIDTHS[1])]))
        sheet.write_string(row, 1, title, styles.wrapped)
        if not item.present:
            sheet.write_string(row, 2, "缺 absent", styles.text)
            continue
        sheet.write_number(row, 2, item.rows, styles.count)
        if item.latest:
            sheet.write_datetime(row, 3, item.latest, styles.date)
            sheet.write_number(row, 4, item.days or 0, styles.count)
        sheet.write_string(row, 5, item.version, styles.text)


def _write_head(sheet: Worksheet, styles: Styles, titles: Sequence[str], row: int) -> None:
    sheet.set_row(row, height(zip(titles, _WIDTHS, strict=False)))
    for position, title in enumerate(titles):
        sheet.write_string(row, position, title, styles.head)
