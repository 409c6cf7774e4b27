"""The log of looks: who looked when at whose record, and what was exported. Ids only, no value of a person.

Rows are added in the transaction that reads what is shown, and never changed.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select

from mismatches.cases.access import Actor, readable, require
from mismatches.cases.actions import unknown
from mismatches.store.tables import finding, look


def log_look(connection: Connection, actor: Actor, finding_id: str, what: str, *, at: datetime) -> None:
    """Write down that somebody looked at personal values of a finding.

    Raises:
        NotAllowed: the role may not reveal any.
        UnknownFinding: there is none of that id for the actor.
    """
    require(actor, "reveal")
    there = connection.execute(
        select(finding.c.subject_id).where(and_(readable(actor), finding.c.finding_id == finding_id))
    ).one_or_none()
    if there is None:
        raise unknown(finding_id)
    _write(connection, actor, what, at, finding_id=finding_id, subject_id=there.subject_id)


def log_subject(connection: Connection, actor: Actor, master_id: str, what: str, *, at: datetime) -> None:
    """Write down that somebody asked for everything on a subject, whether there was anything or not.

    Raises:
        NotAllowed: the role reads no findings.
    """
    require(actor, "read")
    _write(connection, actor, what, at, subject_id=master_id)


def log_masters(
    connection: Connection, actor: Actor, master_ids: Iterable[str | None], what: str, *, at: datetime
) -> None:
    """Write down that somebody looked at records outside of findings; the page has let the actor in already.

    One row a master, once each; null for a record that no base in force holds.
    """
    for master_id in dict.fromkeys(master_ids):
        _write(connection, actor, what, at, subject_id=master_id)


def log_export(connection: Connection, actor: Actor, what: str, *, at: datetime) -> None:
    """Write down that somebody took a list away; `what` says how much of what.

    Raises:
        NotAllowed: the role reads no findings.
    """
    require(actor, "read")
    _write(connection, actor, what, at)


def _write(connection: Connection, actor: Actor, what: str, at: datetime, **ids: str | None) -> None:
    connection.execute(insert(look).values(at=at, actor=actor.name, role=actor.role, what=what, **ids))
