"""The page of one finding: what it rests on, and where its case stands. Every look at it is written down."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.cases.queries.looks import log_look
from mismatches.cases.queries.pages import FindingPage, finding_page
from portal.config import PortalConfig
from portal.desk import AtDesk, Desk
from portal.finding_view import finding_view
from portal.forms import Form
from portal.owners import owners
from portal.pages import page
from portal.step_forms import step_forms
from portal.steps import Typed
from portal.texts_finding import FINDING
from portal.texts_links import GRAPH, WEIGHTS
from schemas.bilingual import Bilingual

FindingId = Annotated[str, Path(pattern=r"^F[0-9A-Z]{1,40}$")]
_LOOKED: Final = "page"
TEXTS: Final = {**GRAPH, **WEIGHTS, **FINDING}

router = APIRouter()


@router.get("/findings/{finding_id}")
def show(
    request: Request, desk: AtDesk, finding_id: FindingId, records: Annotated[str, Query(max_length=10)] = ""
) -> HTMLResponse:
    """A finding with numbers of persons masked; with `records=all` every record that it cites."""
    found = look(desk, finding_id)
    return render(request, desk, found, every=records == "all")


@router.post("/findings/{finding_id}/reveal")
def reveal(request: Request, desk: AtDesk, finding_id: FindingId, form: Form) -> HTMLResponse:  # noqa: ARG001 - its mark was checked
    """The same page with numbers of persons whole; a form and not a link, so that nobody looks by accident."""
    with desk.open() as connection:
        found = finding_page(connection, desk.actor, finding_id, at=desk.at, reveal=True)
    return render(request, desk, found, every=True)


def look(desk: Desk, finding_id: str) -> FindingPage:
    """A finding, masked; that somebody looked is written down.

    Raises:
        NotAllowed: the role may not.
        UnknownFinding: there is none of that id in the districts of the reader.
    """
    with desk.open() as connection:
        found = finding_page(connection, desk.actor, finding_id, at=desk.at)
        log_look(connection, desk.actor, finding_id, _LOOKED, at=desk.at)
    return found


def render(
    request: Request,
    desk: Desk,
    found: FindingPage,
    *,
    every: bool = False,
    typed: Typed | None = None,
    refusal: Bilingual | None = None,
) -> HTMLResponse:
    """The page of a finding; with `refusal` it says why a step was not taken, and keeps what was typed."""
    config: PortalConfig = request.app.state.config
    return page(
        request,
        "finding.html.j2",
        TEXTS,
        status=422 if refusal else 200,
        desk=desk,
        view=finding_view(found, desk, every=every),
        forms=step_forms(found.row, desk, typed),
        owners=owners(desk),
        seen=found.row.version,
        refusal=refusal.say(desk.language) if refusal else None,
        run=run_address(config.scheduler, found.made_by),
    )


def run_address(scheduler: str | None, made_by: str | None) -> str | None:
    """The page of a run in the scheduler's interface, where both are known."""
    dag, _, run = (made_by or "").partition("/")
    if not scheduler or not run:
        return None
    return f"{scheduler.rstrip('/')}/dags/{quote(dag, safe='')}/runs/{quote(run, safe='')}"
