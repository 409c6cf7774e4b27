"""A master of a base as of both times, read by index from the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from registry.history.differences import attributes
from registry.history.timeline import Change, Event, Past, State, state_at
from registry.history.times import times
from registry.naming import SCHEMAS, segments
from registry.policy import Entity
from registry.sql import quoted
from storage.errors import BadSpecification, Busy


@dataclass(frozen=True)
class AsOf:
    """What was known of a master, and when.

    `version`: the last version that was published by then; `committed_at`: its moment (UTC). `state`: values as text,
    dates and times in ISO 8601.
    """

    master_id: str
    version: int
    committed_at: datetime
    state: State


def as_of(
    connection: Connection, entity: Entity, master_id: str, *, valid: date | None = None, known: datetime | None = None
) -> AsOf:
    """What was known of a master at a moment about a day; a few milliseconds, by index.

    Args:
        connection: as the owner or a reader of the base databases; several statements are asked, so that it sees one
            version only where its isolation level is REPEATABLE READ.
        entity: of the base.
        master_id: any id ever given; one that was merged by then is told with its target.
        valid: the day on which it was so; None for the newest that was known.
        known: the moment at which it was known, with a zone; None for now.

    Raises:
        BadSpecification: nothing was published by then, or the past that is written begins later.
        Busy: a rollback was cut short, and the past has not been brought up to it.
    """
    version, committed_at = _known(connection, entity, known)
    names = attributes(entity)
    past = _past(connection, entity, master_id)
    return AsOf(master_id, version, committed_at, state_at(past, names, times(entity), version, valid))


def _known(connection: Connection, entity: Entity, known: datetime | None) -> tuple[int, datetime]:
    row = connection.execute(text(_KNOWN), {"entity": entity, "known": known}).one_or_none()
    if row is None or row.since is None:
        raise BadSpecification(f"nothing has been published of the {entity} base", remedy="publish with `sitong run`")
    if row.product_version != row.in_force:
        raise Busy("the past is behind the version in force", remedy="run `sitong run`, which repairs it; ask again")
    if row.version is None or row.version < row.since:
        raise BadSpecification(
            f"of the {entity} base at that moment nothing is known",
            "known",
            f"a moment from {row.begun:%Y-%m-%d %H:%M} UTC on, when version {row.since} was published",
        )
    return row.version, row.committed_at


_KNOWN = """
SELECT h.since, h.product_version, v.version, v.committed_at,
       (SELECT committed_at FROM registry.version WHERE version = h.since) AT TIME ZONE 'UTC' AS begun,
       (SELECT product_version FROM registry.current_product WHERE product = :entity) AS in_force
FROM registry.past h LEFT JOIN LATERAL (
  SELECT version, committed_at FROM registry.version
  WHERE CAST(:known AS timestamptz) IS NULL OR committed_at <= :known ORDER BY version DESC LIMIT 1) v ON true
WHERE h.entity = :entity
"""


def _past(connection: Connection, entity: Entity, master_id: str) -> Past:
    schema = quoted(SCHEMAS[entity])
    history, events = (f"{schema}.{quoted(name)}" for name in segments(entity))
    who: Mapping[str, object] = {"id": master_id, "entity": entity}
    since = "version > (SELECT since FROM registry.past WHERE entity = :entity)"
    changed = connection.execute(
        text(
            f"SELECT version, attribute, before, after, valid_from FROM {history}"
            f" WHERE master_id = :id AND {since} ORDER BY version, attribute"
        ),
        who,
    )
    happened = connection.execute(
        text(
            f"SELECT version, event, valid_on, related FROM {events} WHERE master_id = :id AND {since}"
            " ORDER BY version, event, related"
        ),
        who,
    )
    values = ", ".join(f"{quoted(name)}::text" for name in attributes(entity))
    current = connection.execute(text(f"SELECT {values} FROM {schema}.{quoted(entity)} WHERE master_id = :id"), who)
    row = current.mappings().one_or_none()
    return Past(
        [Change(*row) for row in changed],
        [Event(*row) for row in happened],
        None if row is None else {str(name): value for name, value in row.items()},
    )
