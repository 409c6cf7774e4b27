"""Saved views: a user's own filters by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from mismatches.cases.access import Actor, require
from mismatches.store.tables import saved_view
from storage.errors import BadSpecification

MOST_VIEWS = 50  # of a user
_LONGEST = 100  # characters of a name


@dataclass(frozen=True)
class SavedView:
    """A user's filter. `query`: what the page put in its address bar, name → value or values."""

    name: str
    query: Mapping[str, Any]
    saved_at: datetime


def saved_views(connection: Connection, actor: Actor) -> tuple[SavedView, ...]:
    """The actor's own views by name.

    Raises:
        NotAllowed: the role reads no findings.
    """
    require(actor, "read")
    columns = (saved_view.c.name, saved_view.c.query, saved_view.c.saved_at)
    rows = connection.execute(select(*columns).where(saved_view.c.owner == actor.name).order_by(saved_view.c.name))
    return tuple(SavedView(*row) for row in rows)


def save_view(connection: Connection, actor: Actor, name: str, query: Mapping[str, Any], *, at: datetime) -> None:
    """Keep a view, replacing the actor's own of the same name.

    Raises:
        NotAllowed: the role reads no findings.
        BadSpecification: the name cannot be used, or there are too many views.
    """
    require(actor, "read")
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise BadSpecification("the view cannot have this name", "saved views", f"1 to {_LONGEST} printable characters")
    others = connection.execute(
        select(func.count()).where(saved_view.c.owner == actor.name, saved_view.c.name != name)
    ).scalar_one()
    if others >= MOST_VIEWS:
        raise BadSpecification("there are too many views", "saved views", f"at most {MOST_VIEWS}", "remove one")
    values = {"query": dict(query), "saved_at": at}
    connection.execute(
        insert(saved_view)
        .values(owner=actor.name, name=name, **values)
        .on_conflict_do_update(index_elements=["owner", "name"], set_=values)
    )


def remove_view(connection: Connection, actor: Actor, name: str) -> bool:
    """Remove one of the actor's own views; False where there was none.

    Raises:
        NotAllowed: the role reads no findings.
    """
    require(actor, "read")
    done = connection.execute(delete(saved_view).where(saved_view.c.owner == actor.name, saved_view.c.name == name))
    return done.rowcount == 1
