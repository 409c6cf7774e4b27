"""What the ledger says of pairs of records, asked for by itself: a queue must not read the whole ledger.

A judgement stands until it is withdrawn; one that newer ones overrule stands too, as those decide the pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, text

from registry.judgements.judgement import RecordKey, Statement
from registry.naming import SCHEMAS, products
from registry.policy import Entity
from registry.sql import quoted

Pair = tuple[RecordKey, RecordKey]

_STANDS: Final = "NOT EXISTS (SELECT FROM registry.judgement AS later WHERE later.withdraws = one.judgement)"
_PAIR: Final = "source, dataset, record_id, other_source, other_dataset, other_record_id"


@dataclass(frozen=True)
class Decided:
    """What was last decided of a pair, by whom, when (UTC) and why; `together`: the two are one's."""

    number: int
    together: bool
    author: str
    at: datetime
    reason: str


def decided_pairs(connection: Connection, entity: Entity) -> list[Pair]:
    """All pairs of one base of which a link or a not-link stands, each in order."""
    rows = connection.execute(
        text(
            f"SELECT DISTINCT {_PAIR} FROM registry.judgement AS one"
            f" WHERE kind IN ('link', 'not_link') AND entity = :entity AND {_STANDS}"
        ),
        {"entity": entity},
    )
    return [(RecordKey(*row[:3]), RecordKey(*row[3:])) for row in rows]


def left_out(connection: Connection, entity: Entity) -> list[RecordKey]:
    """The records of one base that are suppressed."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT source, dataset, record_id FROM registry.judgement AS one"
            f" WHERE kind = 'suppress' AND entity = :entity AND {_STANDS}"
        ),
        {"entity": entity},
    )
    return [RecordKey(*row) for row in rows]


def last_decided(connection: Connection, said: Statement) -> Decided | None:
    """What was last decided of the pair of which a statement speaks; None where nothing stands."""
    one, other = said.record, said.other
    if one is None or other is None:
        return None
    row = connection.execute(
        text(
            "SELECT judgement, kind, author, at, reason FROM registry.judgement AS one"
            f" WHERE kind IN ('link', 'not_link') AND ({_PAIR}) = (:a, :b, :c, :d, :e, :f) AND {_STANDS}"
            " ORDER BY judgement DESC LIMIT 1"
        ),
        {"a": one.source, "b": one.dataset, "c": one.record_id,
         "d": other.source, "e": other.dataset, "f": other.record_id},
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    return Decided(row.judgement, row.kind == "link", row.author, row.at.astimezone(UTC), row.reason)


def masters_of(connection: Connection, records: Sequence[RecordKey]) -> list[str | None]:
    """The master of each record in the base in force; null where it holds no such record."""
    return [_master(connection, record) for record in records]


def _master(connection: Connection, record: RecordKey) -> str | None:
    entity = record.entity()
    place = f"{quoted(SCHEMAS[entity])}.{quoted(products(entity)[1])}"
    found: str | None = connection.execute(
        text(f"SELECT master_id FROM {place} WHERE (source, dataset, record_id) = (:source, :dataset, :record_id)"),
        {"source": record.source, "dataset": record.dataset, "record_id": record.record_id},
    ).scalar()
    return found
