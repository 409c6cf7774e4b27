"""A workbook that auditors filled in, taken as steps of its cases: each row by itself, and each row accounted for.

Taken are a list of findings (`sitong findings --format xlsx`) and the report (`findings.xlsx`), whose rows say instead
of a version when the report was made: nobody else may have acted since. A row that says nothing is left alone. One that
cannot be taken is refused with its reason and changes nothing, and the others are taken all the same. The same row
again is known by its content and changes nothing.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, Literal

import python_calamine as calamine
from sqlalchemy import Engine

from mismatches.cases.access import Actor
from mismatches.cases.actions import Deed, Step
from mismatches.cases.batch import Batch
from mismatches.cases.errors import ActionRefused, CaseConflict, NotAllowed, UnknownFinding
from mismatches.cases.outcome_columns import FILLED, FROM_SHEET, HEADINGS
from mismatches.cases.sheet import SHEET
from mismatches.workbook import FINDING_ID, both
from storage.errors import SourceRejected
from storage.sheets import too_large

MOST_ROWS: Final = 200_000
"""Rows of a workbook that say something; a city has fewer findings."""

ROWS_AT_ONCE: Final = 5_000
"""Rows of a transaction: what a portal's auditor, who acts on one of these cases, waits for."""

_ID: Final = re.compile(r"F[0-9A-Z]{1,40}")

Result = Literal["taken", "known", "nothing", "refused"]
_NEEDED = ("finding_id", "version", *FILLED)
_NAMES = {both(heading): name for name, heading in {"finding_id": FINDING_ID, **HEADINGS}.items()}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\S+$")


@dataclass(frozen=True)
class RowReport:
    """What became of a row; `row` as the spreadsheet numbers it. `known`: it had been taken before."""

    sheet: str
    row: int
    finding_id: str
    result: Result
    message: str = ""


def read_back(engine: Engine, actor: Actor, path: Path, *, at: datetime, today: date) -> tuple[RowReport, ...]:
    """Take what a workbook says, `ROWS_AT_ONCE` rows a transaction; as many reports as the sheets have rows.

    Raises:
        SourceRejected: the file is no workbook of findings, or more than `MOST_ROWS` of its rows say something; nothing
            of it was taken.
    """
    rows = _rows(path)
    reports = {place: _report(row, "nothing") for place, row in enumerate(rows)}
    filled = [(place, row) for place, row in enumerate(rows) if any(row.cells[name] for name in FILLED)]
    if len(filled) > MOST_ROWS:
        raise _unusable(path, f"has {len(filled):,} rows that are filled in, more than {MOST_ROWS:,}: split it")
    for start in range(0, len(filled), ROWS_AT_ONCE):
        part = filled[start : start + ROWS_AT_ONCE]
        taken = _taken(engine, actor, [row for _, row in part], (at, today))
        reports |= zip((place for place, _ in part), taken, strict=True)
    return tuple(reports.values())


@dataclass(frozen=True)
class _Row:
    """A row of a workbook: its place and what its cells say by the columns' names; `made_at`: of a report."""

    sheet: str
    number: int
    cells: Mapping[str, str]
    made_at: datetime | None = None


def _rows(path: Path) -> list[_Row]:
    try:
        if too_large(path):
            raise _unusable(path, "has a cell far to the right or far below, which makes a sheet too large to be read")
        book = calamine.CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (calamine.CalamineError, zipfile.BadZipFile, zlib.error, NotImplementedError, OSError) as error:
        raise _unusable(path, f"cannot be read ({type(error).__name__})") from None
    if SHEET in sheets:
        return list(_listed(path, sheets[SHEET]))
    of_report = {name: lines for name, lines in sheets.items() if _is_of_report(lines)}
    if not of_report:
        raise _unusable(path, f"has no sheet {SHEET} and none of a rule of the report")
    return [row for name, lines in of_report.items() for row in _reported(path, name, lines)]


Lines = Sequence[Sequence[object]]


def _listed(path: Path, lines: Lines) -> Iterator[_Row]:
    head = [str(cell).strip() for cell in lines[0]] if lines else []
    if missing := [name for name in _NEEDED if name not in head]:
        raise _unusable(path, f"lacks the columns {', '.join(missing)}")
    places = {name: head.index(name) for name in _NEEDED}
    for number, line in enumerate(lines[1:], 2):
        yield _Row(SHEET, number, {name: _cell(line[place]) for name, place in places.items()})


def _is_of_report(lines: Lines) -> bool:
    return len(lines) > 1 and bool(lines[1]) and _heading(lines[1][0]) == "finding_id"


def _heading(cell: object) -> str:
    """The name of a column of the report by its heading, whatever a spreadsheet made of its line break."""
    return _NAMES.get("\n".join(str(cell).split("\r\n")).strip(), "")


def _reported(path: Path, sheet: str, lines: Lines) -> Iterator[_Row]:
    places = {_heading(cell): place for place, cell in enumerate(lines[1])}
    if missing := [name for name in FILLED if name not in places]:
        raise _unusable(path, f"lacks in sheet {sheet} the columns {', '.join(missing)}")
    found = _MOMENT.search(_cell(lines[0][places[FILLED[0]]]))
    if found is None:
        raise _unusable(path, f"does not say in sheet {sheet} above the columns to fill in when it was made")
    made_at = datetime.fromisoformat(found.group())
    for number, line in enumerate(lines[2:], 3):
        yield _Row(sheet, number, {name: _cell(line[places[name]]) for name in ("finding_id", *FILLED)}, made_at)


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
        return [_report(row, "refused", str(refusal)) for row in rows]
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
        batch.act(_step(cells, version, mark), at=at, today=today)
    except (ActionRefused, CaseConflict, NotAllowed, UnknownFinding) as refusal:
        return _report(row, "refused", str(refusal))
    return _report(row, "taken")


def _report(row: _Row, result: Result, message: str = "") -> RowReport:
    return RowReport(row.sheet, row.number, row.cells["finding_id"], result, message)


def _seen(deeds: Sequence[Deed], actor: Actor, made_at: datetime) -> str:
    """The version that a reader of a report goes by: up to the first that somebody else made since."""
    later = (deed.sequence - 1 for deed in deeds if deed.at > made_at and deed.actor != actor.name)
    return str(next(later, deeds[-1].sequence if deeds else 0))


def _step(cells: Mapping[str, str], version: str, mark: str) -> Step:
    action = cells["action"] or "note"
    if action not in FROM_SHEET:
        raise ActionRefused("the action cannot come from a workbook", expected=", ".join(FROM_SHEET))
    try:
        amount = Decimal(cells["amount"].replace(",", "")) if cells["amount"] else None
        seen = int(version)
    except (InvalidOperation, ValueError):
        raise ActionRefused("the amount or the version is not a number", expected="digits", kind="amount") from None
    return Step(
        cells["finding_id"],
        action,
        seen,
        text=cells["note"] or None,
        reason_code=cells["reason_code"] or None,
        amount=amount,
        voucher=cells["voucher"] or None,
        mark=mark,
    )
