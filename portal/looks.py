"""Who looked at whose records, and what happened around accounts: for the security officer, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from sqlalchemy import literal, select, union_all
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.store.tables import look
from portal.desk import AtDesk
from portal.pages import page
from portal.tables import event
from portal.texts_security import SECURITY
from portal.words import moment

ROWS: Final = 100

router = APIRouter()


@dataclass(frozen=True)
class Line:
    """One thing that somebody did; `subject`: a finding's id or an account."""

    at: datetime
    who: str
    what: str
    subject: str

    @property
    def when(self) -> str:
        """The moment in the city."""
        return moment(self.at)


@router.get("/looks")
def looks(
    request: Request,
    desk: AtDesk,
    who: Annotated[str, Query(max_length=40, pattern=r"^[a-z0-9._-]*$")] = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=1000)] = 1,
) -> HTMLResponse:
    """A page of looks and security events, of everybody or of one account."""
    seen = select(look.c.at, look.c.actor.label("who"), look.c.what, look.c.finding_id.label("subject"))
    done = select(event.c.at, event.c.by.label("who"), event.c.what, event.c.account.label("subject"))
    both = union_all(seen, done).subquery()
    query = select(both).where(both.c.who == who if who else literal(True)).order_by(both.c.at.desc(), both.c.subject)
    with desk.open() as connection:
        rows = connection.execute(query.offset((page_number - 1) * ROWS).limit(ROWS + 1)).all()
    lines = [Line(row.at, row.who, row.what, row.subject) for row in rows[:ROWS]]
    return page(
        request, "looks.html.j2", SECURITY, lines=lines, who=who, number=page_number, further=len(rows) > ROWS
    )  # fmt: skip
