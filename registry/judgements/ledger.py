"""The ledger in the database: rows are added and read, and never anything else.

Two who add at once follow one another, so that numbers are in the order in which rows become visible and every prefix
of the ledger was once all of it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, text

from registry.judgements.judgement import Author, Judgement, RecordKey, Statement, withdraw
from registry.judgements.overriding import Overrides
from registry.judgements.replay import Live, replay
from registry.naming import SCHEMAS, products
from registry.policy import ENTITIES, Entity
from registry.sql import quoted
from storage.errors import BadSpecification
from storage.manifest import Json

_LOCK = 0x4A_75_64_67  # any number that nobody else takes: "Judg"

_COLUMNS = (
    "at", "author", "author_kind", "reason", "entity", "kind", "source", "dataset", "record_id", "other_source",
    "other_dataset", "other_record_id", "master_id", "attribute", "value", "withdraws",
)  # fmt: skip


def add(connection: Connection, author: Author, said: Sequence[Statement], at: datetime) -> list[Judgement]:
    """Add judgements, all or none, in the caller's transaction.

    Args:
        connection: of the owner or the writer; the caller commits.
        author: who judges and why.
        said: what they say, in order.
        at: the moment.

    Raises:
        BadSpecification: a master id that was never given, a judgement that is withdrawn already, or an author or a
            reason that cannot be kept.
    """
    author.refuse_unreadable()
    hold(connection)
    return [_added(connection, author, one, at) for one in said]


def hold(connection: Connection) -> None:
    """Let nobody else add until the caller's transaction ends: what was read after this is still so when adding."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def take_back(connection: Connection, author: Author, numbers: Sequence[int], at: datetime) -> list[Judgement]:
    """Withdraw judgements by their numbers.

    Raises:
        BadSpecification: there is no such judgement, it is a withdrawal, or it is withdrawn already.
    """
    found = {one.number: one for one in read(connection)}
    if missing := [number for number in numbers if number not in found]:
        raise BadSpecification(
            "there is no such judgement", f"judgement {missing[0]}", "a number of `sitong judge list`"
        )
    return add(connection, author, [withdraw(found[number]) for number in numbers], at)


def read(connection: Connection, up_to: int | None = None) -> list[Judgement]:
    """The rows of the ledger in order; up to a number, where one is given."""
    rows = connection.execute(
        text(
            f"SELECT judgement, {', '.join(_COLUMNS)} FROM registry.judgement"
            " WHERE CAST(:up_to AS bigint) IS NULL OR judgement <= :up_to ORDER BY judgement"
        ),
        {"up_to": up_to},
    )
    return [_judgement(row) for row in rows.mappings()]


def live(connection: Connection) -> Live:
    """What holds now."""
    return replay(read(connection))


def overrides_in_force(connection: Connection) -> Mapping[Entity, Overrides]:
    """Judged values by entity; begins and ends a transaction."""
    with connection.begin():
        holds = live(connection)
    return {entity: Overrides(tuple(holds.of(entity).values.values())) for entity in ENTITIES}


def overrides_numbered(connection: Connection, facts: Json) -> Overrides:
    """The judged values of a version, by what its manifest says."""
    numbers = {int(str(one[0])) for one in facts if isinstance(one, list)} if isinstance(facts, list) else set()
    return Overrides(tuple(one for one in read(connection) if one.number in numbers))


def _added(connection: Connection, author: Author, said: Statement, at: datetime) -> Judgement:
    _refuse(connection, said)
    one, other = said.record, said.other
    values = (
        at, author.name, author.kind, author.reason, said.entity, said.kind,
        *((one.source, one.dataset, one.record_id) if one else (None,) * 3),
        *((other.source, other.dataset, other.record_id) if other else (None,) * 3),
        said.master_id, said.attribute, said.value, said.withdraws,
    )  # fmt: skip
    number = connection.execute(
        text(
            f"INSERT INTO registry.judgement ({', '.join(_COLUMNS)}) VALUES"
            f" ({', '.join(f':{name}' for name in _COLUMNS)}) RETURNING judgement"
        ),
        dict(zip(_COLUMNS, values, strict=True)),
    ).scalar_one()
    return Judgement(int(number), at, author, said)


def _refuse(connection: Connection, said: Statement) -> None:
    if said.withdraws is not None:
        query, given = "SELECT judgement FROM registry.judgement WHERE withdraws = :number", {"number": said.withdraws}
        if (by := connection.execute(text(query), given).scalar()) is not None:
            raise BadSpecification(
                f"the judgement is withdrawn already, by {by}", f"judgement {said.withdraws}", "one that holds"
            )
    if said.master_id is not None:
        schema, product = quoted(SCHEMAS[said.entity]), quoted(products(said.entity)[0])
        known = connection.execute(
            text(
                f"SELECT EXISTS (SELECT FROM {schema}.{product} WHERE master_id = :id)"
                f" OR EXISTS (SELECT FROM {schema}.redirect WHERE master_id = :id)"
            ),
            {"id": said.master_id},
        ).scalar_one()
        if not known:
            raise BadSpecification("the base has no such master id", said.master_id, f"an id of the {said.entity} base")


def _judgement(row: RowMapping) -> Judgement:
    keys = [
        RecordKey(*parts) if parts[0] is not None else None
        for prefix in ("", "other_")
        if (parts := [row[f"{prefix}{name}"] for name in ("source", "dataset", "record_id")])
    ]
    said = Statement(
        row["entity"], row["kind"], keys[0], keys[1], row["master_id"], row["attribute"], row["value"], row["withdraws"]
    )
    return Judgement(
        row["judgement"], row["at"].astimezone(UTC), Author(row["author"], row["reason"], row["author_kind"]), said
    )
