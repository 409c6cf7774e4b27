"""Sessions: an opaque token in the browser, its hash in the database, an end after idleness and after a day.

A stolen table opens no session: tokens have 256 random bits and only their SHA-256 is kept.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from mismatches.cases.access import Actor
from portal.desk import Caller
from portal.tables import account, session

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
_OF_ACCOUNT: Final = ("name", "role", "districts", "recipient")
_NOTED_AFTER: Final = timedelta(minutes=1)
"""A look at a page moves the end of a session at most so often: most pages then write nothing."""


@dataclass(frozen=True)
class Opened:
    """A new session; `token` is for the browser alone."""

    token: str
    caller: Caller


def opened(connection: Connection, actor: Actor, *, at: datetime) -> Opened:
    """Open a session; those that have ended are removed."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    connection.execute(delete(session).where(_over(at)))
    values = {"token_hash": _hash(token), "account": actor.name, "csrf": csrf, "made_at": at, "seen_at": at}
    connection.execute(insert(session).values(values))
    return Opened(token, Caller(actor, csrf))


def caller_of(connection: Connection, token: str, *, at: datetime) -> Caller | None:
    """Who holds a token; None where the session has ended or the account is disabled."""
    row = connection.execute(
        select(
            session.c.csrf, session.c.seen_at, account.c.name, account.c.role, account.c.districts, account.c.recipient
        )
        .join(account, account.c.name == session.c.account)
        .where(session.c.token_hash == _hash(token), ~_over(at), ~account.c.disabled)
    ).one_or_none()
    if row is None:
        return None
    if at - row.seen_at > _NOTED_AFTER:
        connection.execute(update(session).values(seen_at=at).where(session.c.token_hash == _hash(token)))
    districts = None if row.districts is None else frozenset(row.districts)
    return Caller(Actor(row.name, row.role, districts), row.csrf, row.recipient)


def end(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(session).where(session.c.token_hash == _hash(token)))


def _over(at: datetime) -> ColumnElement[bool]:
    return or_(session.c.seen_at < at - IDLE, session.c.made_at < at - LONGEST)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
