"""The steward's queue: the next uncertain link, and what was decided of it. Every look is written down.

A pair is named by its match and its place there; records are named in no address. Who may open it works for the whole
city (`roles.yaml`): the two records may be of any district.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mismatches.cases.queries.looks import log_masters
from portal.desk import AtDesk, Desk
from portal.forms import Form
from portal.link_form import Typed
from portal.link_view import link_view
from portal.pages import page
from portal.queue import Queue, Waiting, newest_run, queue, run_named, waiting_at
from portal.texts_links import BECAUSE, LINKS
from portal.words import moment
from registry.judgements import ledger, pairs
from registry.judgements.judgement import Author, link, not_link
from registry.policy import ENTITIES, Entity

PATH: Final = "/links"
MOST: Final = 1_000_000  # places; a queue has fewer
_LOOKED: Final = "waiting link"
_REVEALED: Final = "waiting link revealed"

router = APIRouter()

Place = Annotated[int, Query(alias="from", ge=0, le=MOST)]


@dataclass(frozen=True)
class _Shown:
    """What a page says besides its pair: why nothing was written, what was typed, whether numbers are whole."""

    entity: Entity
    start: int = 0
    whole: bool = False
    refusal: str | None = None
    typed: Typed | None = None
    status: int = 200


@router.get(PATH)
def show(request: Request, desk: AtDesk, entity: Entity = "person", start: Place = 0) -> HTMLResponse:
    """The next pair of the newest match that nobody has decided, from a place on."""
    return _page(request, desk, _queue(desk, entity, start), _Shown(entity, start))


@router.post(f"{PATH}/reveal")
def reveal(request: Request, desk: AtDesk, form: Form) -> HTMLResponse:
    """The same pair with numbers of persons whole; a form and not a link, so that nobody looks by accident."""
    typed = Typed.read(form)
    found = _named(desk, typed)
    if found is None:
        return _stale(request, desk, typed)
    return _this(request, desk, typed, found, _Shown(typed.entity, typed.place, whole=True, typed=typed))


@router.post(PATH)
def decide(request: Request, desk: AtDesk, form: Form) -> Response:
    """Write a decision into the ledger, unless somebody was first."""
    typed = Typed.read(form)
    if typed.decision is None:
        raise HTTPException(422)
    found = _named(desk, typed)
    if found is None:
        return _stale(request, desk, typed)
    if (reason := typed.reason(desk.language)) is None:
        why = LINKS["no_reason"].say(desk.language)
        return _this(request, desk, typed, found, _Shown(typed.entity, refusal=why, typed=typed, status=422))
    said = (link if typed.decision == "link" else not_link)(found.left, found.right)
    with desk.open() as connection:
        ledger.hold(connection)
        first = pairs.last_decided(connection, said)
        if first is None:
            ledger.add(connection, Author(desk.actor.name, reason), [said], desk.at)
    if first is not None:
        return _lost(request, desk, typed, first)
    return RedirectResponse(typed.address, 303)


def _named(desk: Desk, typed: Typed) -> Waiting | None:
    zones = desk.workplace.zones
    run = run_named(zones, typed.entity, typed.run) if typed.run else None
    return waiting_at(zones, run, typed.place) if run else None


def _queue(desk: Desk, entity: Entity, start: int) -> Queue | None:
    zones = desk.workplace.zones
    run = newest_run(zones, entity)
    if run is None:
        return None
    with desk.open() as connection:
        settled = pairs.decided_pairs(connection, entity), pairs.left_out(connection, entity)
    return queue(zones, run, settled, start)


def _this(request: Request, desk: Desk, typed: Typed, found: Waiting, shown: _Shown) -> HTMLResponse:
    """The page of the pair that a form names."""
    waiting = _queue(desk, typed.entity, typed.place)
    return _page(request, desk, Queue(found, waiting.waiting if waiting else 0), shown)


def _stale(request: Request, desk: Desk, typed: Typed) -> HTMLResponse:
    """The next pair of today's queue, where the one that was meant is gone."""
    shown = _Shown(typed.entity, refusal=LINKS["stale"].say(desk.language), status=409)
    return _page(request, desk, _queue(desk, typed.entity, 0), shown)


def _page(request: Request, desk: Desk, found: Queue | None, shown: _Shown) -> HTMLResponse:
    waiting = found.next if found else None
    masters = _looked(desk, waiting, whole=shown.whole) if waiting else []
    return page(
        request,
        "links.html.j2",
        LINKS,
        status=shown.status,
        desk=desk,
        path=PATH,
        entity=shown.entity,
        entities=ENTITIES,
        start=shown.start,
        queue=found,
        view=link_view(waiting, desk, reveal=shown.whole) if waiting else None,
        masters=masters,
        refusal=shown.refusal,
        typed=shown.typed,
        because=[(name, words.say(desk.language)) for name, words in BECAUSE.items()],
    )


def _looked(desk: Desk, waiting: Waiting, *, whole: bool) -> list[str | None]:
    """Write the look down; the masters of the two records in the base in force."""
    with desk.open() as connection:
        masters = pairs.masters_of(connection, (waiting.left, waiting.right))
        log_masters(connection, desk.actor, masters, _REVEALED if whole else _LOOKED, at=desk.at)
    return masters


def _lost(request: Request, desk: Desk, typed: Typed, first: pairs.Decided) -> HTMLResponse:
    """Who was first, and what they said."""
    return page(
        request,
        "link_conflict.html.j2",
        LINKS,
        status=409,
        first=first,
        when=moment(first.at),
        theirs=LINKS["link" if first.together else "not_link"].say(desk.language),
        yours=LINKS[typed.decision or "later"].say(desk.language),
        after=typed.address,
    )
