"""The page that leads from the records of a finding to the rows of the files that departments sent."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.cases.queries.looks import log_look
from mismatches.cases.queries.pages import finding_page
from portal.desk import AtDesk
from portal.finding import FindingId
from portal.origin import origins
from portal.pages import page
from portal.records import MOST
from portal.texts_finding import FINDING
from portal.words import moment
from schemas.contract import source_contract

PATH: Final = "/findings/{finding_id}/origin"

router = APIRouter()


@router.get(PATH)
def origin(request: Request, desk: AtDesk, finding_id: FindingId) -> HTMLResponse:
    """Each cited record with its landed file and row; a page of its own, as it reads the files."""
    with desk.open() as connection:
        found = finding_page(connection, desk.actor, finding_id, at=desk.at)
        log_look(connection, desk.actor, finding_id, "origin", at=desk.at)
    evidence = found.evidence[:MOST]
    known = origins(evidence, desk.workplace.zones)
    rows = []
    for record in evidence:
        contract = source_contract(f"{record.source}.{record.dataset}")
        title = contract.title_zh if desk.language == "zh" else contract.title_en
        rows.append((title, contract.name, record.record_id, known.get((contract.name, record.record_id))))
    return page(
        request,
        "origin.html.j2",
        FINDING,
        desk=desk,
        row=found.row,
        rows=rows,
        moment=moment,
        cut=len(found.evidence) > MOST,
    )
