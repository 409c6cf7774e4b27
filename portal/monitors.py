"""Key taxpayers and large projects, as the newest report saw them.

Sums over the city are for every reader; enterprises and projects are shown to readers of their district alone.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.cases.access import require
from mismatches.cases.queries.looks import log_masters
from mismatches.monitors.keeping import FILE, Kept, read
from mismatches.monitors.watching import LARGEST, Move, Project, Quarter
from mismatches.wording import money, share
from portal import words
from portal.desk import AtDesk, Desk
from portal.pages import page
from portal.texts_monitors import MONITORS
from storage.zones import Zones

ROWS: Final = 50  # of a page
WIDTH: Final = 1000  # of a picture, in its own units

router = APIRouter()
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1000)]


@dataclass(frozen=True)
class QuarterLine:
    """A quarter; `width`: of the bar of its carriers; yuan as told, null shown as unknown."""

    quarter: Quarter
    tax: str
    unassigned: str
    largest: str
    width: int


@dataclass(frozen=True)
class MoveLine:
    """An enterprise that came or went in the latest quarter."""

    move: Move
    district: str
    paid: str
    paid_before: str


@dataclass(frozen=True)
class ProjectLine:
    """A project; places of its picture run from 0 to `WIDTH`, null where the work done is not known.

    `less`: less was paid than the lower rate would bring.
    """

    project: Project
    district: str
    total: str
    completed: str
    paid: str
    low: str
    high: str
    span: tuple[int, int] | None
    point: int
    less: bool


@router.get("/key-taxpayers")
def key_taxpayers(request: Request, desk: AtDesk, number: PageNumber = 1) -> HTMLResponse:
    """Who carries the tax, quarter by quarter, and who came and went in the latest one."""
    require(desk.actor, "read")
    _looked(desk, "key taxpayers")
    kept = newest(desk.workplace.zones)
    moves = [] if kept is None else [one for one in kept.watched.moves if _theirs(desk, kept, one.master_id)]
    most = max((one.carriers for one in kept.watched.quarters), default=0) if kept else 0
    return page(
        request,
        "key_taxpayers.html.j2",
        MONITORS,
        kept=kept,
        share=f"{kept.watched.settings.get('key_share', 0):.0%}" if kept else "",
        largest=LARGEST,
        quarters=[_quarter(one, most) for one in reversed(kept.watched.quarters)] if kept else [],
        moves=[_move(one, kept, desk) for one in moves[_rows(number)]] if kept else [],
        turn=_turn("/key-taxpayers", number, len(moves), ""),
        absent=_absent(kept, "key_taxpayer_share", desk),
    )


def _looked(desk: Desk, what: str) -> None:
    """Write the look down: unlike the lists of findings these name enterprises."""
    with desk.open() as connection:
        log_masters(connection, desk.actor, [None], what, at=desk.at)


@router.get("/projects")
def projects(request: Request, desk: AtDesk, less: bool = False, number: PageNumber = 1) -> HTMLResponse:
    """Large projects beside the tax that their parties paid; with `less` those alone that paid less than expected."""
    require(desk.actor, "read")
    _looked(desk, "projects")
    kept = newest(desk.workplace.zones)
    own = [] if kept is None else [one for one in kept.watched.projects if _theirs(desk, kept, one.master_id)]
    found = [one for one in own if not less or paid_less(one)]
    shown = found[_rows(number)]
    farthest = max((max(one.paid, one.high_tax or Decimal(0)) for one in shown), default=Decimal(0))
    return page(
        request,
        "projects.html.j2",
        MONITORS,
        kept=kept,
        least=money(kept.watched.settings.get("least_investment")) if kept else "",
        lines=[_project(one, farthest, kept, desk) for one in shown] if kept else [],
        total=len(found),
        less=less,
        turn=_turn("/projects", number, len(found), "less=1" if less else ""),
        absent=_absent(kept, "large_projects", desk),
    )


def newest(zones: Zones) -> Kept | None:
    """What the monitors of the newest report saw; null where no report kept any."""
    parent = zones.reports(date.min).parent
    for folder in sorted(parent.iterdir(), reverse=True) if parent.is_dir() else ():
        if not folder.name.startswith(".") and (kept := _kept(folder.resolve())):
            return kept
    return None


def _kept(folder: Path) -> Kept | None:
    try:
        made = (folder / FILE).stat().st_mtime_ns
    except FileNotFoundError:  # of an older release
        return None
    return _read(folder, made)


@lru_cache(maxsize=4)
def _read(folder: Path, made: int) -> Kept | None:  # noqa: ARG001 - a file made anew is read anew
    return read(folder)


def paid_less(project: Project) -> bool:
    """Whether less was paid than the lower rate would bring; never where a party is unknown, as tax may be missing."""
    return project.low_tax is not None and not project.unknown_parties and project.paid < project.low_tax


def _theirs(desk: Desk, kept: Kept, master_id: str | None) -> bool:
    """Whether an enterprise lies in the reader's districts; without a district of its own, in the whole city's."""
    if desk.actor.districts is None:
        return True
    return kept.divisions.get(master_id or "", "-").startswith(tuple(desk.actor.districts))


def _quarter(one: Quarter, most: int) -> QuarterLine:
    width = one.carriers * WIDTH // most if most else 0
    return QuarterLine(one, money(one.tax), money(one.unassigned), share(one.largest_share), width)


def _move(one: Move, kept: Kept, desk: Desk) -> MoveLine:
    district = words.district_title(kept.divisions.get(one.master_id), desk.language)
    return MoveLine(one, district, money(one.paid), money(one.paid_before))


def _project(one: Project, farthest: Decimal, kept: Kept, desk: Desk) -> ProjectLine:
    def place(value: Decimal) -> int:
        return int(max(value, Decimal(0)) * WIDTH / farthest) if farthest > 0 else 0

    span = None if one.low_tax is None or one.high_tax is None else (place(one.low_tax), place(one.high_tax))
    return ProjectLine(
        project=one,
        district=words.district_title(kept.divisions.get(one.master_id or ""), desk.language),
        total=money(one.total),
        completed=money(one.completed),
        paid=money(one.paid),
        low=money(one.low_tax),
        high=money(one.high_tax),
        span=span,
        point=place(one.paid),
        less=paid_less(one),
    )


def _absent(kept: Kept | None, monitor: str, desk: Desk) -> list[str]:
    return [reason.say(desk.language) for reason in kept.watched.absent.get(monitor, ())] if kept else []


def _rows(number: int) -> slice:
    return slice((number - 1) * ROWS, number * ROWS)


def _turn(path: str, number: int, count: int, said: str) -> dict[str, str | int | None]:
    last = max(-(-count // ROWS), 1)

    def address(to: int) -> str:
        return f"{path}?{'&'.join(part for part in (said, f'page={to}') if part)}"

    before, after = (
        address(min(number - 1, last)) if number > 1 else None,
        address(number + 1) if number < last else None,
    )
    return {"number": number, "last": last, "before": before, "after": after}
