"""One step for several findings of a list: each is judged by itself, and the page tells what became of each."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.cases.actions import act
from mismatches.cases.declaration import Action, case_rules
from mismatches.cases.errors import ActionRefused, CaseConflict, NotAllowed, UnknownFinding
from mismatches.cases.refusal_texts import REFUSALS
from portal.desk import AtDesk, Desk
from portal.filters import ROWS, ListQuery
from portal.forms import Form
from portal.history import action_title
from portal.owners import check_owner
from portal.pages import page
from portal.steps import Typed
from portal.texts_bulk import BULK, NOT_YOURS
from portal.words import moment

ACTIONS: Final = ("take", "assign", "notify", "set_due", "note")
"""Steps that say the same of every finding; a verdict or an amount is given to one at a time."""

_PICKED: Final = re.compile(r"(F[0-9A-Z]{1,40}):([0-9]{1,9})")

router = APIRouter()


@dataclass(frozen=True)
class Done:
    """What became of one finding: taken, refused, or lost to somebody who was first; `why` in words."""

    finding_id: str
    result: Literal["taken", "refused", "lost"]
    why: str


def offered(desk: Desk) -> tuple[Action, ...]:
    """The steps that the reader's role may give to several."""
    known = case_rules().actions
    return tuple(known[name] for name in ACTIONS if desk.actor.has(known[name].right))


@router.post("/findings/steps")
def steps(request: Request, desk: AtDesk, form: Form) -> HTMLResponse:
    """Take a step for each finding picked, each in a transaction of its own."""
    typed = Typed.read(form)
    picked = [_PICKED.fullmatch(str(one)) for one in form.getlist("pick")]
    if typed.action not in ACTIONS or len(picked) > ROWS or None in picked:
        raise HTTPException(400)
    done = [_take(desk, typed, one[1], int(one[2])) for one in picked if one]
    counts = {result: sum(one.result == result for one in done) for result in ("taken", "refused", "lost")}
    return page(
        request,
        "bulk.html.j2",
        BULK,
        desk=desk,
        done=done,
        counts=counts,
        action=action_title(typed.action, desk.language),
        back=_back(form),
    )


def _take(desk: Desk, typed: Typed, finding_id: str, seen: int) -> Done:
    try:
        step = Typed(typed.action, seen, typed.values).step(finding_id)
        with desk.open() as connection:
            act(connection, desk.actor, step, at=desk.at, today=desk.today)
            check_owner(connection, finding_id, step.owner)
    except ActionRefused as refused:
        return Done(finding_id, "refused", REFUSALS[refused.kind].say(desk.language))
    except (UnknownFinding, NotAllowed):
        return Done(finding_id, "refused", NOT_YOURS.say(desk.language))
    except CaseConflict as lost:
        told = (lost.actor, action_title(lost.action, desk.language), moment(lost.at))
        return Done(finding_id, "lost", " · ".join(told))
    return Done(finding_id, "taken", "")


def _back(form: FormData) -> str:
    """The list that the reader came from."""
    said: list[tuple[str, str | UploadFile]] = [*parse_qsl(str(form.get("back", "")))]
    try:
        return ListQuery.read(FormData(said)).address("/findings")
    except ValidationError:
        return "/findings"
