"""The page of the clusters of a pair of the queue: which records are already one, and by which links."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from matching.explaining.finished import Address
from matching.explaining.kept import kept_graph
from mismatches.cases.queries.looks import log_masters
from portal.desk import AtDesk
from portal.link_graph import HEIGHT, WIDTH, graph_picture
from portal.pages import page
from portal.queue import folder_of, model_of, run_named, waiting_at
from portal.texts_links import LINKS
from registry.judgements import pairs
from registry.policy import Entity
from storage.errors import BadSpecification

PATH: Final = "/links/{entity}/{run}/{place}"

router = APIRouter()


@router.get(PATH)
def clusters(
    request: Request,
    desk: AtDesk,
    entity: Entity,
    run: Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")],
    place: Annotated[int, Path(ge=0, le=1_000_000)],
    back: Annotated[int, Query(alias="from", ge=0, le=1_000_000)] = 0,
) -> HTMLResponse:
    """The graph of both clusters by the match that left the pair open; record ids and bits, no values."""
    zones = desk.workplace.zones
    known = run_named(zones, entity, run)
    waiting = waiting_at(zones, known, place) if known else None
    if known is None or waiting is None:
        raise HTTPException(404)
    pair = [Address(key.table, key.record_id) for key in (waiting.left, waiting.right)]
    try:
        graph = kept_graph(folder_of(zones, known), model_of(zones, known)[0], pair)
    except BadSpecification:  # of another release, or cleared away: another match makes it again
        raise HTTPException(404) from None
    with desk.open() as connection:
        masters = pairs.masters_of(connection, (waiting.left, waiting.right))
        log_masters(connection, desk.actor, masters, "waiting link clusters", at=desk.at)
    return page(
        request,
        "link_cluster.html.j2",
        LINKS,
        picture=graph_picture(graph, pair, desk.language),
        width=WIDTH,
        height=HEIGHT,
        back=f"/links?entity={entity}&from={back}",
    )
