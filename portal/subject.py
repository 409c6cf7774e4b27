"""Everything that is open on one person or enterprise. It shows ids and amounts, no value of a person."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.cases.queries.looks import log_subject
from mismatches.cases.queries.subjects import subject_findings
from mismatches.wording import money
from portal import words
from portal.bars import total
from portal.desk import AtDesk
from portal.lines import lines
from portal.pages import page
from portal.texts_subject import SUBJECT

MOST_LINES: Final = 200
"""Lines of the page; the list has the rest."""

router = APIRouter()
MasterId = Annotated[str, Path(pattern=r"^[PE][0-9A-Z]{1,20}$")]


@router.get("/subjects/{master_id}")
def subject(request: Request, desk: AtDesk, master_id: MasterId) -> HTMLResponse:
    """The findings of a subject in the reader's districts; the same page whether there are none or no such subject."""
    with desk.open() as connection:
        rows = subject_findings(connection, desk.actor, master_id)
        log_subject(connection, desk.actor, master_id, "subject", at=desk.at)
    hits = [row for row in rows if row.outcome == "hit"]
    others = [row for row in rows if row.outcome != "hit"]
    names = ("estimate_low", "estimate_likely", "estimate_high", "recovered")
    return page(
        request,
        "subject.html.j2",
        SUBJECT,
        desk=desk,
        master_id=master_id,
        kind=words.KINDS["person" if master_id.startswith("P") else "enterprise"].say(desk.language),
        merged=sorted({row.subject_id for row in rows if row.subject_id and row.subject_id != master_id}),
        sums={name: money(total(getattr(row, name) for row in hits)) for name in names},
        hits=lines(hits[:MOST_LINES], desk.language, desk.today),
        others=lines(others[:MOST_LINES], desk.language, desk.today),
        count=len(hits),
        more=max(len(hits), len(others)) > MOST_LINES,
    )
