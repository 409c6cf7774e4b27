"""The page that says why the records of a finding are one person's or enterprise's: the links of the newest match."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from matching.explaining.finished import Address
from matching.explaining.kept import kept_graph
from mismatches.cases.queries.looks import log_look
from mismatches.cases.queries.pages import EvidenceRecord, finding_page
from portal.desk import AtDesk, Desk
from portal.finding import FindingId
from portal.link_graph import HEIGHT, WIDTH, Picture, graph_picture
from portal.pages import page
from portal.queue import folder_of, model_of, newest_run
from portal.texts_finding import FINDING
from portal.texts_links import IDENTITY
from portal.words import moment
from registry.policy import ENTITIES, Entity, policy
from storage.errors import BadSpecification

PATH: Final = "/findings/{finding_id}/identity"

_MOST_MASTERS: Final = 6  # pictures of a page, in the order of the evidence: the subject first
_MOST_CITED: Final = 100  # records of one master that are looked for

router = APIRouter()


@router.get(PATH)
def identity(request: Request, desk: AtDesk, finding_id: FindingId) -> HTMLResponse:
    """The clusters of the cited records, master by master; record ids and bits, no values."""
    with desk.open() as connection:
        found = finding_page(connection, desk.actor, finding_id, at=desk.at)
        log_look(connection, desk.actor, finding_id, "identity", at=desk.at)
    grouped = list(_by_master(found.evidence).items())[:_MOST_MASTERS]
    return page(
        request,
        "identity.html.j2",
        {**FINDING, **IDENTITY},
        row=found.row,
        groups=[(master_id, *_picture(desk, entity, cited)) for (entity, master_id), cited in grouped],
        width=WIDTH,
        height=HEIGHT,
    )


def _by_master(evidence: Iterable[EvidenceRecord]) -> dict[tuple[Entity, str], list[Address]]:
    """The cited records that a match holds, by base and master."""
    grouped: dict[tuple[Entity, str], list[Address]] = {}
    for record in evidence:
        address = Address(f"{record.source}.{record.dataset}", record.record_id)
        entity = next((name for name in ENTITIES if address.table in policy(name).datasets), None)
        if entity and record.master_id:
            grouped.setdefault((entity, record.master_id), []).append(address)
    return grouped


def _picture(desk: Desk, entity: Entity, cited: list[Address]) -> tuple[Picture | None, str]:
    """The picture, and the moment of its match; none where no match holds them."""
    zones = desk.workplace.zones
    run = newest_run(zones, entity)
    if run is None:
        return None, moment(None)
    asked = list(dict.fromkeys(cited))[:_MOST_CITED]
    try:
        graph = kept_graph(folder_of(zones, run), model_of(zones, run)[0], asked)
    except BadSpecification:  # a record that came or went since, or a state of another release
        return None, moment(run.created_at)
    return graph_picture(graph, asked, desk.language), moment(run.created_at)
