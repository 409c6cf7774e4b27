"""Steps of a case in the portal: taken, refused with what was typed kept, or lost to somebody who was first."""

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mismatches.cases.actions import act
from mismatches.cases.attachments import Place, attach, attachment
from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import ActionRefused, CaseConflict
from mismatches.cases.queries.looks import log_look
from mismatches.cases.refusal_texts import REFUSALS
from portal.desk import AtDesk, Desk
from portal.finding import FindingId, look, render
from portal.forms import Form, form_within
from portal.history import action_title, told
from portal.owners import check_owner, owners
from portal.pages import page
from portal.step_forms import step_forms
from portal.steps import PARTS, Typed
from portal.texts_finding import FINDING
from portal.words import moment, state_title

_FILE: Final = "attach"

router = APIRouter()
FormWithFile = Annotated[FormData, Depends(form_within(case_rules().attachments.largest_bytes))]


@router.post("/findings/{finding_id}/steps")
def step(request: Request, desk: AtDesk, finding_id: FindingId, form: Form) -> Response:
    """Take a step that needs no file."""
    return _take(request, desk, finding_id, Typed.read(form))


@router.post("/findings/{finding_id}/files")
def keep(request: Request, desk: AtDesk, finding_id: FindingId, form: FormWithFile) -> Response:
    """Attach a file."""
    return _take(request, desk, finding_id, Typed.read(form))


@router.get("/findings/{finding_id}/files/{sha256}")
def hand_out(desk: AtDesk, finding_id: FindingId, sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Response:
    """A file of a case, to be saved and not shown: it is what somebody else sent."""
    with desk.open() as connection:
        found = attachment(connection, desk.actor, finding_id, sha256, desk.workplace.zones)
        log_look(connection, desk.actor, finding_id, "attachment", at=desk.at)
    named = f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"
    headers = {"Content-Disposition": named, "Cache-Control": "no-store"}
    return Response(found.path.read_bytes(), media_type=found.media_type, headers=headers)


def _take(request: Request, desk: Desk, finding_id: str, typed: Typed) -> Response:
    try:
        wanted = typed.step(finding_id)
        with desk.open() as connection:
            if typed.action == _FILE and typed.upload:
                place = Place(desk.workplace.zones, desk.at, desk.today)
                attach(connection, desk.actor, wanted, typed.upload, place)
            else:
                act(connection, desk.actor, wanted, at=desk.at, today=desk.today)
                check_owner(connection, finding_id, wanted.owner)
    except ActionRefused as refused:
        found = look(desk, finding_id)
        return render(request, desk, found, typed=typed, refusal=REFUSALS[refused.kind])
    except CaseConflict as lost:
        return _lost(request, desk, finding_id, typed, lost)
    return RedirectResponse(f"/findings/{finding_id}#case", 303)


def _lost(request: Request, desk: Desk, finding_id: str, typed: Typed, lost: CaseConflict) -> HTMLResponse:
    """Who was first and what they did; what was typed stands in its form again where the step is still possible."""
    found = look(desk, finding_id)
    events = [event for event in found.events if event.sequence > typed.seen]
    forms = [form for form in step_forms(found.row, desk, typed) if form.open]
    return page(
        request,
        "conflict.html.j2",
        FINDING,
        status=409,
        desk=desk,
        row=found.row,
        who=lost.actor,
        what=action_title(lost.action, desk.language),
        when=moment(lost.at),
        state=state_title(found.row.state, desk.language),
        history=told(events, desk.language),
        wanted=action_title(typed.action, desk.language) if typed.action in case_rules().actions else "",
        typed=[(name, typed.values[name]) for name in PARTS if name in typed.values],
        had_file=typed.upload is not None,
        forms=forms,
        owners=owners(desk),
        seen=found.row.version,
    )
