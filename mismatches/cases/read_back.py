"""A workbook that auditors filled in, taken as steps of its cases: each row by itself, and each row accounted for.

Taken are a list of findings (`sitong findings --format xlsx`) and the report (`findings.xlsx`), whose rows say instead
of a version when the report was made: nobody else may have acted since. A row that says nothing is left alone. One that
cannot be taken is refused with its reason and changes nothing, and the others are taken all the same; so is a sheet of
the report that lost its columns. The same row again is known by its content and changes nothing.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Final, Literal

import python_calamine as calamine
from sqlalchemy import Engine

from mismatches.cases.access import Actor
from mismatches.cases.actions import Deed, Step
from mismatches.cases.batch import Batch
from mismatches.cases.errors import ActionRefused, CaseConflict, NotAllowed, UnknownFinding
from mismatches.cases.outcome_columns import FILLED, FROM_SHEET, HEADINGS, action_named, reason_named
from mismatches.cases.refusal_texts import REFUSALS
from mismatches.cases.sheet import SHEET
from mismatches.declarations import shipped_rules
from mismatches.workbook import ABOVE_OUTCOME, FINDING_ID, NAME_LENGTH, both
from storage.errors import SitongError, SourceRejected
from storage.sheets import formulas, too_large

MOST_ROWS: Final = 200_000
"""Rows of a workbook that say something; a city has fewer findings."""

ROWS_AT_ONCE: Final = 5_000
"""Rows of a transaction: what a portal's auditor, who acts on one of these cases, waits for."""

_ID: Final = re.compile(r"F[0-9A-Z]{1,40}")

Result = Literal["taken", "known", "nothing", "refused"]
_NEEDED = ("finding_id", "version", *FILLED)
_NAMES = {both(heading): name for name, heading in {"finding_id": FINDING_ID, **HEADINGS}.items()}
_NAMED = {name: said.replace("\n", " ") for said, name in _NAMES.items()}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\S+$")
_FINDING = re.compile(r"F[0-9A-F]{24}")
_HEAD_WITHIN = 6  # lines: somebody may have put some above


@dataclass(frozen=True)
class RowReport:
    """What became of a row; `row` as the spreadsheet numbers it, 0 of a sheet that was refused whole.

    `known`: it had been taken before. `message`: why it was refused, in Chinese and English.
    """

    sheet: str
    row: int
    finding_id: str
    result: Result
    message: str = ""


def read_back(engine: Engine, actor: Actor, path: Path, *, at: datetime, today: date) -> tuple[RowReport, ...]:
    """Take what a workbook says, `ROWS_AT_ONCE` rows a transaction; a report of each row and of each refused sheet.

    Raises:
        SourceRejected: the file is no workbook of findings, or more than `MOST_ROWS` of its rows say something; nothing
            of it was taken.
    """
    rows, refused = _rows(path)
    reports = {place: _report(row, "nothing") for place, row in enumerate(rows)}
    filled = [(place, row) for place, row in enumerate(rows) if row.formula or any(row.cells[name] for name in FILLED)]
    if len(filled) > MOST_ROWS:
        raise _unusable(path, f"has {len(filled):,} rows that are filled in, more than {MOST_ROWS:,}: split it")
    for start in range(0, len(filled), ROWS_AT_ONCE):
        part = filled[start : start + ROWS_AT_ONCE]
        taken = _taken(engine, actor, [row for _, row in part], (at, today))
        reports |= zip((place for place, _ in part), taken, strict=True)
    return (*refused, *reports.values())


@dataclass(frozen=True)
class _Row:
    """A row of a workbook: its place and what its cells say by the columns' names.

    `made_at`: of a report. `formula`: a column to fill in whose cell holds a formula and no value.
    """

    sheet: str
    number: int
    cells: Mapping[str, str]
    made_at: datetime | None = None
    formula: str | None = None


def _rows(path: Path) -> tuple[list[_Row], list[RowReport]]:
    """The rows, and what is told of sheets that cannot be used."""
    try:
        if too_large(path):
            raise _unusable(path, "has a cell far to the right or far below, which makes a sheet too large to be read")
        book = calamine.CalamineWorkbook.from_path(str(path))
        sheets = {
            name: _Sheet(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False), found)
            for name, found in zip(book.sheet_names, formulas(path, book.sheet_names), strict=True)
        }
    except (calamine.CalamineError, zipfile.BadZipFile, zlib.error, NotImplementedError, OSError) as error:
        raise _unusable(path, f"cannot be read ({type(error).__name__})") from None
    if SHEET in sheets:
        return list(_listed(path, sheets[SHEET])), []
    of_report = [sheet for sheet in sheets.values() if _is_of_report(sheet)]
    if not of_report:
        raise _unusable(path, f"has no sheet {SHEET} and none of a rule of the report")
    rows: list[_Row] = []
    refused: list[RowReport] = []
    for sheet in of_report:
        try:
            rows += _reported(sheet)
        except SourceRejected as refusal:
            refused.append(RowReport(sheet.name, 0, "", "refused", str(refusal)))
    return rows, refused


@dataclass(frozen=True)
class _Sheet:
    """A sheet as it was read; `formulas`: line and place of cells that hold one, counted from 0."""

    name: str
    lines: Sequence[Sequence[object]]
    formulas: Collection[tuple[int, int]] = ()

    def row(self, number: int, places: Mapping[str, int], made_at: datetime | None = None) -> _Row:
        """A line by its number in the spreadsheet."""
        line = self.lines[number - 1]
        cells = {name: _cell(line[place]) for name, place in places.items()}
        formula = next(
            (name for name in FILLED if not cells[name] and (number - 1, places[name]) in self.formulas), None
        )
        return _Row(self.name, number, cells, made_at, formula)


def _listed(path: Path, sheet: _Sheet) -> Iterator[_Row]:
    head = [str(cell).strip() for cell in sheet.lines[0]] if sheet.lines else []
    if missing := [name for name in _NEEDED if name not in head]:
        raise _unusable(path, f"lacks the columns {', '.join(missing)}")
    places = {name: head.index(name) for name in _NEEDED}
    for number in range(2, len(sheet.lines) + 1):
        yield sheet.row(number, places)


def _is_of_report(sheet: _Sheet) -> bool:
    """Whether it is a rule's, whatever became of it: by its name, its head and what stands above, or what was done."""
    top = [cell for line in sheet.lines[:_HEAD_WITHIN] for cell in line]
    return (
        _rule_sheet().fullmatch(sheet.name) is not None
        or any(_heading(cell) or str(cell).startswith(ABOVE_OUTCOME) for cell in top)
        or any(_FINDING.fullmatch(str(line[0])) and any(map(_names_action, line)) for line in sheet.lines if line)
    )


def _names_action(cell: object) -> bool:
    return isinstance(cell, str) and action_named(cell) is not None


@cache
def _rule_sheet() -> re.Pattern[str]:
    """The names of the rules' sheets; a long one is cut, the more where it goes on in a further sheet."""
    cut = NAME_LENGTH - len("_99")
    return re.compile("|".join(rf"{re.escape(rule.id[:cut])}[a-z_]{{0,3}}(_[0-9]+)?" for rule in shipped_rules()))


def _heading(cell: object) -> str:
    """The name of a column of the report by its heading, whatever a spreadsheet made of its line break."""
    return _NAMES.get("\n".join(str(cell).split("\r\n")).strip(), "")


def _reported(sheet: _Sheet) -> list[_Row]:
    """The rows of a rule's sheet.

    Raises:
        SourceRejected: its head, or what stands above it, is not as the report wrote it.
    """
    columns = ("finding_id", *FILLED)
    heads = [
        {name: place for place, cell in enumerate(line) if (name := _heading(cell))}
        for line in sheet.lines[:_HEAD_WITHIN]
    ]
    at = max(range(len(heads)), key=lambda line: len(heads[line]), default=0)
    found = heads[at] if heads else {}
    if missing := [_NAMED[name] for name in columns if name not in found]:
        raise SourceRejected(
            f"这张工作表缺少下列各列，未读取 the sheet lacks the columns {', '.join(missing)} and was not read",
            expected="the head as the report wrote it",
            remedy="put the head back, or copy the rows to a new report",
        )
    places = {name: found[name] for name in columns}
    made = _MOMENT.search(_cell(sheet.lines[at - 1][places[FILLED[0]]])) if at else None
    if made is None:
        raise SourceRejected(
            "表头上方没有报告的生成时间，未读取 the sheet does not say when it was made and was not read",
            expected="the moment above the columns to fill in",
            remedy="put back what stood there",
        )
    made_at = datetime.fromisoformat(made.group())
    return [sheet.row(number, places, made_at) for number in range(at + 2, len(sheet.lines) + 1)]


def _unusable(path: Path, what: str) -> SourceRejected:
    return SourceRejected(
        f"the workbook {what}", path.name, f"findings.xlsx of a report, or a sheet {SHEET} as `sitong findings --format"
        " xlsx` writes it",
    )  # fmt: skip


def _cell(value: object) -> str:
    """A cell as text; spreadsheets keep every number as a fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _taken(engine: Engine, actor: Actor, rows: Sequence[_Row], when: tuple[datetime, date]) -> list[RowReport]:
    """Take some rows in one transaction, in their order."""
    try:
        with engine.begin() as connection:
            ids = [row.cells["finding_id"] for row in rows]
            vouchers = [said for row in rows if (said := row.cells["voucher"]) and said.isprintable()]
            batch = Batch(connection, actor, [one for one in ids if _ID.fullmatch(one)], vouchers)
            reports = [_take(batch, actor, row, when) for row in rows]
            batch.write()
    except NotAllowed as refusal:
        return [_report(row, "refused", _why(refusal)) for row in rows]
    return reports


def _take(batch: Batch, actor: Actor, row: _Row, when: tuple[datetime, date]) -> RowReport:
    cells, (at, today) = row.cells, when
    told = [cells["finding_id"], cells.get("version") or str(row.made_at), *(cells[name] for name in FILLED)]
    mark = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode(errors="surrogatepass")).hexdigest()
    deeds = batch.deeds(cells["finding_id"])
    if any(deed.mark == mark for deed in deeds):
        return _report(row, "known")
    version = cells["version"] if row.made_at is None else _seen(deeds, actor, row.made_at)
    try:
        batch.act(_step(row, version, mark), at=at, today=today)
    except (ActionRefused, CaseConflict, NotAllowed, UnknownFinding) as refusal:
        return _report(row, "refused", _why(refusal))
    return _report(row, "taken")


_WHY: Final[Mapping[type[SitongError], str]] = {
    CaseConflict: "案件已由他人先行办理，请重新查看后再定。",
    NotAllowed: "您的角色不能这样办理。",
    UnknownFinding: "您的辖区内没有这个疑点，请核对编号。",
}


def _why(refusal: SitongError) -> str:
    """The reason in Chinese, then in English with its particulars."""
    chinese = REFUSALS[refusal.kind].zh if isinstance(refusal, ActionRefused) else _WHY[type(refusal)]
    return f"{chinese} {refusal}"


def _report(row: _Row, result: Result, message: str = "") -> RowReport:
    return RowReport(row.sheet, row.number, row.cells["finding_id"], result, message)


def _seen(deeds: Sequence[Deed], actor: Actor, made_at: datetime) -> str:
    """The version that a reader of a report goes by: up to the first that somebody else made since."""
    later = (deed.sequence - 1 for deed in deeds if deed.at > made_at and deed.actor != actor.name)
    return str(next(later, deeds[-1].sequence if deeds else 0))


def _step(row: _Row, version: str, mark: str) -> Step:
    cells = row.cells
    if not cells["finding_id"]:
        raise ActionRefused("the row has no id", expected="the id of its finding", kind="no_id")
    if row.formula:
        raise ActionRefused(f"the cell {row.formula} holds a formula without a value", kind="formula")
    action = action_named(cells["action"] or "note")
    if action is None:
        raise ActionRefused("the action cannot come from a workbook", expected=", ".join(FROM_SHEET))
    try:
        amount = Decimal(cells["amount"].replace(",", "")) if cells["amount"] else None
    except InvalidOperation:
        raise ActionRefused("the amount is not a number", expected="yuan in digits", kind="amount") from None
    try:
        seen = int(version)
    except ValueError:
        raise ActionRefused("the version is not a number", expected="digits", kind="version") from None
    return Step(
        cells["finding_id"],
        action,
        seen,
        text=cells["note"] or None,
        reason_code=reason_named(action, cells["reason_code"]) or None,
        amount=amount,
        voucher=cells["voucher"] or None,
        mark=mark,
    )
