"""Who asks and what their pages work on: the one door between a request and the rooms below.

A route of data takes a `Desk` and nothing else from the application. Refuses everybody until sign-in says who asks;
what lies outside the districts of the actor is left out by the queries of `mismatches.cases`, never by a page.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException
from sqlalchemy import Connection, Engine
from starlette.requests import Request

from mismatches.cases.access import Actor
from portal.language import language_of
from schemas.bilingual import Language
from storage.zones import Zones

CITY_TIME: Final = ZoneInfo("Asia/Shanghai")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Workplace:
    """What the pages of a portal work on: the database as its writer, the files of the home, a clock (UTC).

    `choices`: what `portal.choices` keeps of a run.
    """

    engine: Engine
    zones: Zones
    now: Callable[[], datetime] = _now
    choices: dict[object, object] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Desk:
    """One request of somebody who is signed in. `at`: the moment of it, UTC; `csrf`: what their forms carry."""

    actor: Actor
    workplace: Workplace
    at: datetime
    language: Language
    csrf: str

    @property
    def today(self) -> date:
        """The day in the city."""
        return self.at.astimezone(CITY_TIME).date()

    def open(self) -> AbstractContextManager[Connection]:
        """A transaction that is committed where nothing raises."""
        return self.workplace.engine.begin()


@dataclass(frozen=True)
class Caller:
    """Somebody whose session holds. `recipient`: whose deliveries a department's reader sees."""

    actor: Actor
    csrf: str
    recipient: str | None = None


def signed_in(request: Request) -> Caller:
    """Who asks, as sign-in left it with the request.

    Raises:
        HTTPException: 401 where nobody is signed in.
    """
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise HTTPException(401)
    return caller


def at_desk(request: Request, caller: Annotated[Caller, Depends(signed_in)]) -> Desk:
    """The desk of the caller; the role and the districts come from sign-in alone."""
    workplace: Workplace = request.app.state.workplace
    return Desk(caller.actor, workplace, workplace.now(), language_of(request), caller.csrf)


AtDesk = Annotated[Desk, Depends(at_desk)]
