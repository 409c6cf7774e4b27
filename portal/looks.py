"""Who looked at whose records, and what happened around accounts: for the security officer, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, ColumnElement, Connection, Select, Text, cast, null, or_, select, union_all
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.store.tables import look
from portal.desk import CITY_TIME, AtDesk
from portal.pages import page
from portal.tables import event
from portal.texts_security import SECURITY, WHAT
from portal.words import moment

PATH: Final = "/looks"
ROWS: Final = 100

router = APIRouter()


@dataclass(frozen=True)
class Line:
    """One thing that somebody did; `finding` and `subject` are ids, `account` whose account it was about."""

    at: datetime
    who: str
    what: str
    finding: str | None
    subject: str | None
    account: str | None

    @property
    def when(self) -> str:
        """The moment in the city."""
        return moment(self.at)


class Asked(BaseModel):
    """The filter as the address says it; days are of the city, both included, empty for no limit."""

    model_config = ConfigDict(frozen=True)

    who: str = Field("", max_length=40, pattern=r"^[a-z0-9._?-]*$")
    of: str = Field("", max_length=41, pattern=r"^[0-9A-Za-z._-]*$")
    since: str = Field("", pattern=r"^(20[0-9]{2}-[0-9]{2}-[0-9]{2})?$")
    until: str = Field("", pattern=r"^(20[0-9]{2}-[0-9]{2}-[0-9]{2})?$")
    page: int = Field(1, ge=1, le=1000)

    def at_page(self, number: int) -> str:
        """The address of another page of the same filter."""
        return f"{PATH}?{urlencode(self.model_dump(exclude={'page'}) | {'page': number})}"


@router.get(PATH)
def looks(request: Request, desk: AtDesk, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """A page of looks and security events."""
    with desk.open() as connection:
        found = lines(connection, asked)
    return page(
        request,
        "looks.html.j2",
        SECURITY,
        lines=found[:ROWS],
        asked=asked,
        before=asked.at_page(asked.page - 1) if asked.page > 1 else None,
        after=asked.at_page(asked.page + 1) if len(found) > ROWS else None,
        what={name: words.say(desk.language) for name, words in WHAT.items()},
    )


def lines(connection: Connection, asked: Asked) -> tuple[Line, ...]:
    """The lines of a page and one more where there are further ones.

    Raises:
        HTTPException: 400 for a day that is none.
    """
    none, offset = cast(null(), Text), (asked.page - 1) * ROWS
    last = offset + ROWS + 1  # each side is cut by its index before both are brought together
    ids = (look.c.finding_id, look.c.subject_id)
    seen = select(
        look.c.look.label("number"), look.c.at, look.c.actor.label("who"), look.c.what, *ids, none.label("account")
    ).where(*_limits(asked, look.c.at, look.c.actor, ids))
    done = select(
        event.c.event.label("number"), event.c.at, event.c.by.label("who"), event.c.what,
        *(none.label(column.name) for column in ids), event.c.account,
    ).where(*_limits(asked, event.c.at, event.c.by, (event.c.account,)))  # fmt: skip
    both = union_all(_newest(seen, last), _newest(done, last)).subquery()
    order = (both.c.at.desc(), both.c.account.nulls_first(), both.c.number.desc())
    query = select(both).order_by(*order).offset(offset).limit(ROWS + 1)
    return tuple(Line(*row[1:]) for row in connection.execute(query))


def _newest(query: Select[Any], last: int) -> Select[Any]:
    columns = query.selected_columns
    return select(query.order_by(columns["at"].desc(), columns["number"].desc()).limit(last).subquery())


def _limits(
    asked: Asked, at: Column[Any], who: Column[Any], ids: tuple[Column[Any], ...]
) -> Iterator[ColumnElement[bool]]:
    if asked.who:
        yield who == asked.who
    if asked.of:
        yield or_(*(column == asked.of for column in ids))
    if asked.since:
        yield at >= _midnight(asked.since)
    if asked.until:
        yield at < _midnight(asked.until) + timedelta(days=1)


def _midnight(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), CITY_TIME)
    except ValueError:
        raise HTTPException(400) from None
