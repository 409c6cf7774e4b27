"""A workbook that auditors filled in, taken as steps of its cases: each row by itself, and each row accounted for.

A row that says nothing is left alone. One that cannot be taken is refused with its reason and changes nothing, and the
others are taken all the same. The same row again is known by its content and changes nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

import python_calamine as calamine
from sqlalchemy import Engine, and_, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.actions import Step, act
from mismatches.cases.errors import ActionRefused, CaseConflict, NotAllowed, UnknownFinding
from mismatches.cases.sheet import FILLED, FROM_SHEET, SHEET
from mismatches.store.tables import case_event, finding
from storage.errors import SourceRejected

Result = Literal["taken", "known", "nothing", "refused"]
_NEEDED = ("finding_id", "version", *FILLED)


@dataclass(frozen=True)
class RowReport:
    """What became of a row; `row` as the spreadsheet numbers it. `known`: it had been taken before."""

    row: int
    finding_id: str
    result: Result
    message: str = ""


def read_back(engine: Engine, actor: Actor, path: Path, *, at: datetime, today: date) -> tuple[RowReport, ...]:
    """Take what a workbook says, one transaction a row; as many reports as the sheet has rows.

    Raises:
        SourceRejected: the file is no workbook of findings; nothing of it was taken.
    """
    return tuple(_taken(engine, actor, number, cells, (at, today)) for number, cells in enumerate(_rows(path), 2))


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        lines = book.get_sheet_by_name(SHEET).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError) as error:
        raise _unusable(path, f"cannot be read ({type(error).__name__})") from None
    head = [str(cell).strip() for cell in lines[0]] if lines else []
    if missing := [name for name in _NEEDED if name not in head]:
        raise _unusable(path, f"lacks the columns {', '.join(missing)}")
    places = {name: head.index(name) for name in _NEEDED}
    return iter([{name: _cell(line[place]) for name, place in places.items()} for line in lines[1:]])


def _unusable(path: Path, what: str) -> SourceRejected:
    return SourceRejected(
        f"the workbook {what}", path.name, f"a sheet {SHEET} as `sitong findings --format xlsx` writes it"
    )


def _cell(value: object) -> str:
    """A cell as text; spreadsheets keep every number as a fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _taken(
    engine: Engine, actor: Actor, number: int, cells: Mapping[str, str], when: tuple[datetime, date]
) -> RowReport:
    finding_id = cells["finding_id"]
    if not any(cells[name] for name in FILLED):
        return RowReport(number, finding_id, "nothing")
    at, today = when
    mark = hashlib.sha256(json.dumps([cells[name] for name in _NEEDED], ensure_ascii=False).encode()).hexdigest()
    try:
        with engine.begin() as connection:
            known = select(case_event.c.sequence).join(finding, finding.c.finding_id == case_event.c.finding_id)
            same = and_(case_event.c.finding_id == finding_id, case_event.c.details["mark"].astext == mark)
            if connection.execute(known.where(readable(actor), same)).first():
                return RowReport(number, finding_id, "known")
            act(connection, actor, _step(cells, mark), at=at, today=today)
    except (ActionRefused, CaseConflict, NotAllowed, UnknownFinding) as refusal:
        return RowReport(number, finding_id, "refused", str(refusal))
    return RowReport(number, finding_id, "taken")


def _step(cells: Mapping[str, str], mark: str) -> Step:
    action = cells["action"] or "note"
    if action not in FROM_SHEET:
        raise ActionRefused("the action cannot come from a workbook", expected=", ".join(FROM_SHEET))
    try:
        amount = Decimal(cells["amount"].replace(",", "")) if cells["amount"] else None
        seen = int(cells["version"])
    except (InvalidOperation, ValueError):
        raise ActionRefused("the amount or the version is not a number", expected="digits") from None
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
