"""The list of findings: filters in the address, order, pages, and the files of what is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, Final, Literal

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from mismatches.cases.queries.listing import Listing, SortKey, every, find
from mismatches.cases.queries.looks import log_export
from mismatches.cases.sheet import write_csv, write_workbook
from mismatches.wording import money
from portal.bulk import offered
from portal.choices import groups
from portal.desk import AtDesk, Desk
from portal.filters import MOST_PAGES, ROWS, Asked, ListQuery
from portal.lines import lines
from portal.owners import owners
from portal.pages import page
from portal.texts_findings import FINDINGS
from portal.views import views
from storage.errors import BadSpecification

PATH: Final = "/findings"
MOST_LINES: Final = {"csv": 100_000, "xlsx": 20_000}
"""Lines of a file: what is written in a few seconds."""

_IN_MEMORY: Final = 4 << 20  # bytes of a file before it goes to disk
_PART: Final = 1 << 16  # bytes sent at once
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_COLUMNS: Final[tuple[tuple[str, SortKey | None], ...]] = (
    ("severity", "severity"), ("rule", "rule"), ("subject", None), ("period", None), ("estimate", "estimate"),
    ("link", "link"), ("district", "district"), ("month", "month"), ("state", "state"), ("owner", None),
    ("due", "due"),
)  # fmt: skip
_FALLING: Final = frozenset({"estimate", "link", "month"})  # what a reader wants largest first

router = APIRouter()


@dataclass(frozen=True)
class Head:
    """A head of a column. `address`: the list sorted by it, null where it cannot be; `sorted`: as ARIA names it."""

    name: str
    address: str | None
    sorted: Literal["ascending", "descending"] | None


@dataclass(frozen=True)
class Turn:
    """Where the pages of a list go; null where there is none."""

    number: int
    last: int
    first_row: int
    last_row: int
    before: str | None
    after: str | None
    cut: bool


@router.get(PATH)
def findings(request: Request, desk: AtDesk, query: Asked) -> HTMLResponse:
    """A page of the list."""
    with desk.open() as connection:
        found = find(connection, desk.actor, query.wanted(), query.shown(), today=desk.today)
        filters = groups(connection, desk, query)
        own = views(connection, desk)
    return page(
        request,
        "findings.html.j2",
        FINDINGS,
        query=query,
        groups=filters,
        views=own,
        desk=desk,
        heads=_heads(query),
        lines=lines(found.rows, desk.language, desk.today),
        total=found.total,
        sums={name: money(getattr(found, name)) for name in ("estimate_low", "estimate_likely", "estimate_high")},
        turn=_turn(query, found),
        owners=owners(desk),
        picked=request.query_params.get("pick") == "all",
        actions=[(action.name, action.title.say(desk.language)) for action in offered(desk)],
        back=query.address("", page=query.page).removeprefix("?"),
        files={kind: query.address(f"{PATH}.{kind}") for kind, most in MOST_LINES.items() if found.total <= most},
    )


@router.get(PATH + ".csv")
def as_csv(request: Request, desk: AtDesk, query: Asked) -> Response:
    """Everything that the filter lets through, as CSV: UTF-8 with a mark, so that spreadsheets read it."""
    return _file(request, desk, query, "csv")


@router.get(PATH + ".xlsx")
def as_workbook(request: Request, desk: AtDesk, query: Asked) -> Response:
    """Everything that the filter lets through, as the workbook that auditors fill in."""
    return _file(request, desk, query, "xlsx")


def _file(request: Request, desk: Desk, query: ListQuery, kind: Literal["csv", "xlsx"]) -> Response:
    store: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        with desk.open() as connection:
            most, shown = MOST_LINES[kind], query.shown()
            log_export(connection, desk.actor, f"exported {kind}", at=desk.at)
            rows = every(connection, desk.actor, query.wanted(), shown, today=desk.today, most=most)
            if kind == "xlsx":
                write_workbook(rows, store)
            else:
                text = TextIOWrapper(store, encoding="utf-8-sig", newline="")
                write_csv(rows, text)
                text.detach()
    except BadSpecification:
        store.close()
        return page(request, "too_many.html.j2", FINDINGS, status=400, most=MOST_LINES[kind], list=query.address(PATH))
    store.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="{_name(desk.today, kind)}"', "Cache-Control": "no-store"}
    return StreamingResponse(
        _parts(store), media_type=_MEDIA[kind], headers=headers, background=BackgroundTask(store.close)
    )


def _parts(store: IO[bytes]) -> Iterator[bytes]:
    while part := store.read(_PART):
        yield part


def _name(today: date, kind: str) -> str:
    return f"findings-{today}.{kind}"


def _heads(query: ListQuery) -> tuple[Head, ...]:
    return tuple(_head(query, name, key) for name, key in _COLUMNS)


def _head(query: ListQuery, name: str, key: SortKey | None) -> Head:
    if key is None:
        return Head(name, None, None)
    if query.sort != key:
        return Head(name, query.address(PATH, sort=key, down=key in _FALLING), None)
    return Head(name, query.address(PATH, down=not query.down), "descending" if query.down else "ascending")


def _turn(query: ListQuery, found: Listing) -> Turn:
    pages = max(-(-found.total // ROWS), 1)
    last = min(pages, MOST_PAGES)
    before = query.address(PATH, page=min(query.page - 1, last)) if query.page > 1 else None
    after = query.address(PATH, page=query.page + 1) if query.page < last else None
    first_row = (query.page - 1) * ROWS + 1 if found.rows else 0
    last_row = (query.page - 1) * ROWS + len(found.rows)
    return Turn(query.page, last, first_row, last_row, before, after, pages > MOST_PAGES)
