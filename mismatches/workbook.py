"""The workbook for auditors: a summary, then a sheet for each rule with its findings and their evidence side by side.

The last columns of a rule's sheet are for the auditor; `sitong findings --read-back` takes what stands there.

Ids are text, amounts and dates are numbers where one record is cited, and no text of a department can become a formula.
Excel's limit of 1,048,576 rows is kept by going on in a further sheet.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import floor
from typing import TypeGuard

import duckdb
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from mismatches.cases.outcome_columns import FILLED, HEADINGS, USUAL_WIDTH, WIDTHS, offer_choices
from mismatches.engine import RuleRun
from mismatches.evidence import EvidenceColumn, Sighted, evidence_columns, sighted
from mismatches.freshness import InputFact
from mismatches.monitors.sheet import write_monitors
from mismatches.monitors.watching import Watched
from mismatches.request import CrossCheckRequest
from mismatches.summary_sheet import write_summary
from mismatches.wording import fill
from mismatches.workbook_style import Styles, cell_text, height, printed
from schemas.bilingual import Bilingual

ROWS_OF_A_SHEET = 1_048_576
_HEAD_ROWS = 2  # the band of datasets, then the titles
_HEAD_LINE = 16.5  # points
NAME_LENGTH = 31  # characters of a sheet's name that Excel allows

_COLUMNS: Sequence[tuple[Bilingual, int]] = (
    (Bilingual("疑点编号", "Finding id"), 27),
    (Bilingual("结论", "Outcome"), 18),
    (Bilingual("严重程度", "Severity"), 11),
    (Bilingual("所属期", "Period"), 10),
    (Bilingual("主标识", "Master id"), 20),
    (Bilingual("关联概率", "Link probability"), 10),
    (Bilingual("估算下限（元）", "Estimate, low (yuan)"), 15),
    (Bilingual("估算值（元）", "Estimate, likely (yuan)"), 15),
    (Bilingual("估算上限（元）", "Estimate, high (yuan)"), 15),
    (Bilingual("说明", "Reason (Chinese)"), 56),
    (Bilingual("说明（英文）", "Reason (English)"), 56),
    (Bilingual("算式", "Formula"), 56),
)
FINDING_ID = _COLUMNS[0][0]
ABOVE_OUTCOME = "处理结果 Outcome"
OUTCOME_WORDS = {"hit": "疑点 hit", "not_comparable": "不可比 not comparable"}
SEVERITY_WORDS = {"high": "高 high", "medium": "中 medium", "low": "低 low"}


def write(
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[RuleRun],
    inputs: Sequence[InputFact],
    request: CrossCheckRequest,
    watched: Watched | None = None,
) -> None:
    """Write findings.xlsx into the request's folder; memory does not grow with the findings."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(request.out),
    }
    with xlsxwriter.Workbook(str(request.out / "findings.xlsx"), options) as book:
        made = request.made_at.astimezone().replace(tzinfo=None)
        book.set_properties({"title": "统一比对疑点 Findings", "created": made})
        styles = Styles(book)
        write_summary(book, styles, runs, inputs, request)
        if watched:
            write_monitors(book, styles, watched)
        for run in runs:
            if run.ran:
                _RuleSheets(book, styles, run, request).write(connection)


class _RuleSheets:
    """The sheet of a rule, and those it goes on in."""

    def __init__(self, book: xlsxwriter.Workbook, styles: Styles, run: RuleRun, request: CrossCheckRequest) -> None:
        self._book, self._styles, self._run, self._request = book, styles, run, request
        self._evidence = evidence_columns(run)
        self._first_outcome = len(_COLUMNS) + len(self._evidence)
        self._widths = [
            *(width for _, width in _COLUMNS),
            *(_width(column) for column in self._evidence),
            *(WIDTHS.get(name, USUAL_WIDTH) for name in FILLED),
        ]
        self._known: dict[str, object] = {"as_of": request.as_of, "year": str(run.year), **run.parameters}

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Gravest first, split where a sheet is full."""
        capacity = ROWS_OF_A_SHEET - _HEAD_ROWS
        sheet, row, part = self._sheet(1), _HEAD_ROWS, 1
        for found in sighted(connection, self._run):
            if row == _HEAD_ROWS + capacity:
                self._close(sheet, row)
                part += 1
                sheet, row = self._sheet(part), _HEAD_ROWS
            self._write_row(sheet, row, found)
            row += 1
        self._close(sheet, row)

    def _sheet(self, part: int) -> Worksheet:
        suffix = "" if part == 1 else f"_{part}"
        sheet = self._book.add_worksheet(self._run.rule.id[: NAME_LENGTH - len(suffix)] + suffix)
        printed(sheet, self._widths, _HEAD_ROWS)
        sheet.set_footer("&L" + self._run.rule.title.zh + "&C&P / &N&R" + self._request.as_of.isoformat())
        sheet.freeze_panes(_HEAD_ROWS, 1)
        self._write_head(sheet)
        return sheet

    def _write_head(self, sheet: Worksheet) -> None:
        title = f"{self._run.rule.title.zh} {self._run.rule.title.en}"
        for position, width in enumerate(self._widths[: self._first_outcome]):
            sheet.set_column(position, position, width)
        for position in range(len(_COLUMNS)):
            sheet.write_string(0, position, title if position == 0 else "", self._styles.band(0))
        self._write_outcome_head(sheet)
        datasets = list(dict.fromkeys(column.dataset for column in self._evidence))
        for position, column in enumerate(self._evidence, len(_COLUMNS)):
            first = column.column == "record_id"
            text = f"{column.dataset_title.zh} {column.dataset_title.en} · {column.dataset}" if first else ""
            sheet.write_string(0, position, text, self._styles.band(1 + datasets.index(column.dataset)))
        headings = [*(both(heading) for heading, _ in _COLUMNS), *(both(column.title) for column in self._evidence)]
        sheet.set_row(1, height(zip(headings, self._widths, strict=False), _HEAD_LINE))
        for position, (heading, _) in enumerate(_COLUMNS):
            sheet.write_string(1, position, both(heading), self._styles.head)
        for position, column in enumerate(self._evidence, len(_COLUMNS)):
            sheet.write_string(1, position, both(column.title), self._styles.head)

    def _write_outcome_head(self, sheet: Worksheet) -> None:
        """The columns to fill in; the band says what the report knew of cases: what was done until it was made."""
        for position, name in enumerate(FILLED, self._first_outcome):
            sheet.set_column(position, position, WIDTHS.get(name, USUAL_WIDTH), self._styles.text)
            text = f"{ABOVE_OUTCOME} · {self._request.made_at.isoformat()}" if name == FILLED[0] else ""
            sheet.write_string(0, position, text, self._styles.band(0))
            sheet.write_string(1, position, both(HEADINGS[name]), self._styles.head)

    def _write_row(self, sheet: Worksheet, row: int, found: Sighted) -> None:
        figures = {**self._known, **found.figures}
        reason = self._run.rule.reasons[found.reason]
        texts: list[object] = [
            found.finding_id,
            OUTCOME_WORDS[found.outcome],
            SEVERITY_WORDS[found.severity],
            found.period,
            found.master_id,
            found.link_probability,
            found.estimate_low,
            found.estimate_likely,
            found.estimate_high,
            fill(reason, "zh", figures),
            fill(reason, "en", figures),
            fill(self._run.rule.formula, "zh", figures) if found.outcome == "hit" else None,
        ]
        cells = [*texts, *(_typed(one, text) for one, text in zip(self._evidence, found.evidence, strict=True))]
        wrapped = ((cell, width) for cell, width in zip(cells, self._widths, strict=False) if _is_wrapped(cell))
        sheet.set_row(row, height(wrapped))  # before its cells: memory holds one row
        for position, value in enumerate(cells):
            _write(sheet, row, position, value, self._styles)

    def _close(self, sheet: Worksheet, row: int) -> None:
        last = self._first_outcome + len(FILLED) - 1
        offer_choices(sheet, self._first_outcome, (_HEAD_ROWS, max(row - 1, _HEAD_ROWS)))
        sheet.autofilter(_HEAD_ROWS - 1, 0, max(row - 1, _HEAD_ROWS - 1), last)
        sheet.print_area(0, 0, max(row - 1, _HEAD_ROWS - 1), last)


def _write(sheet: Worksheet, row: int, column: int, value: object, styles: Styles) -> None:
    """A cell of the value's own kind; texts are always written as texts, whatever they begin with."""
    if value is None:
        return
    if isinstance(value, Decimal):
        sheet.write_number(row, column, float(value), styles.money)
    elif isinstance(value, float):
        sheet.write_number(row, column, floor(value * 10_000) / 10_000, styles.probability)  # never up to certainty
    elif isinstance(value, datetime | date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), styles.date)  # noqa: DTZ001
    else:
        text = cell_text(str(value))
        sheet.write_string(row, column, text, styles.wrapped if _is_wrapped(text) else styles.text)


def _is_wrapped(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and ("\n" in value or len(value) > 40)


def _typed(column: EvidenceColumn, text: str | None) -> object:
    """An amount of a single record as a number; everything else, and all ids, as text."""
    if text is None or not column.numeric or "\n" in text:
        return text
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _width(column: EvidenceColumn) -> int:
    if column.column in {"name", "address"}:
        return 28
    return 20 if column.secret or column.column in {"record_id", "uscc", "taxpayer_id"} else 14


def both(text: Bilingual) -> str:
    """A heading in both languages, one below the other."""
    return f"{text.zh}\n{text.en}"
