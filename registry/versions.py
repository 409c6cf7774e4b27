"""Versions in the database: which is in force, the one transaction that commits a new one, and what others left behind.

That transaction changes rows in place as soon as it is known which, while files are still being written, and ends when
these are there. Invariant: a partition is attached only by the transaction that inserts its version's row; whatever
lies beside is debris of a publication that did not come to its end, and nobody sees it.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from registry.history.recording import take_up
from registry.in_place import change_in_place
from registry.naming import LEDGER_TABLE, RELATIONS, SCHEMAS, VERSIONS, gone_table, partition, segments, stored
from registry.policy import ENTITIES, Entity, policy
from registry.relations.serving import Served, kept_places, put_in_force, relation_partitions
from registry.sql import quoted
from storage.errors import Busy, Internal
from storage.manifest import Json, Manifest

_log = logging.getLogger(__name__)

_LOCK = 0x51_70_75_62  # any number that nobody else takes: "Qpub"
_POLL_SECONDS = 0.2
_DETACH_SECONDS = 10  # a reader that takes longer keeps the old partition until the next publication


@dataclass(frozen=True)
class Standing:
    """What is in force.

    `version` is 0 before the first publication. `products`: entity → version and fingerprint of its inputs. `stored`:
    entity → the partition that holds the rows of that version.
    """

    installation: str
    id_key: bytes
    version: int
    manifest: Manifest | None
    products: Mapping[Entity, tuple[int, str]]
    counts: Mapping[str, Mapping[str, Json]]
    stored: Mapping[Entity, int]


@dataclass(frozen=True)
class NewVersion:
    """What is written down of a version.

    `built`: entities that this version has anew, with the fingerprint of their inputs. `in_place`: those of them whose
    rows are changed in an older partition, and which one; the others have partitions of their own. `relations`: what
    was loaded of them; None keeps those in force.
    """

    version: int
    as_of: date
    committed_at: datetime
    built: Mapping[Entity, str]
    inputs_hash: str
    counts: Mapping[str, Json]
    manifest: Manifest
    in_place: Mapping[Entity, int] = field(default_factory=dict)
    relations: Served | None = None


@contextmanager
def publication_lock(engine: Engine, patience: float) -> Iterator[Connection]:
    """Hold the right to publish; the session that holds it is the one that commits, so that a lost session cannot.

    Raises:
        Busy: another publication holds it for longer than `patience` seconds.
    """
    with engine.connect() as connection:
        connection.detach()  # the lock ends with the session, which therefore does not go back into the pool
        connection.execute(text("SET client_connection_check_interval = '1s'"))
        deadline = time.monotonic() + patience
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar_one():
            if time.monotonic() >= deadline:
                raise Busy(
                    "another publication is under way on this database", remedy="wait until it has ended and run again"
                )
            time.sleep(_POLL_SECONDS)
        connection.commit()
        yield connection


def standing(connection: Connection) -> Standing:
    """Read what is in force."""
    with connection.begin():
        place = connection.execute(text("SELECT id::text, id_key FROM registry.installation")).one()
        row = connection.execute(
            text(
                "SELECT version, manifest, counts FROM registry.version WHERE status = 'published'"
                " ORDER BY version DESC LIMIT 1"
            )
        ).one_or_none()
        products = connection.execute(
            text("SELECT product, product_version, inputs_hash, stored FROM registry.current_product")
        ).all()
    return Standing(
        installation=place.id,
        id_key=bytes(place.id_key),
        version=row.version if row else 0,
        manifest=Manifest.from_json(json.dumps(row.manifest)) if row else None,
        products={item.product: (item.product_version, item.inputs_hash) for item in products},
        counts=row.counts if row else {},
        stored={item.product: item.stored for item in products},
    )


@contextmanager
def version_transaction(connection: Connection) -> Iterator[None]:
    """The transaction that puts a version in force. It may begin long before its end and wait for files in between."""
    with connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield


def change_base(connection: Connection, entity: Entity, version: int, place: int) -> None:
    """Put the loaded changes of a base into the rows of a partition; belongs into the version's transaction."""
    _merge_ledger(connection, SCHEMAS[entity], version)
    change_in_place(connection, entity, version, place)


def put_version_in_force(connection: Connection, before: Standing, new: NewVersion) -> None:
    """Show a loaded version: ledger, partitions and the version's row; belongs into the version's transaction.

    The bases that are changed in place are changed already (`change_base`), and so are relations.
    """
    _insert_version(connection, new)
    for entity in new.built.keys() - new.in_place.keys():
        _merge_ledger(connection, SCHEMAS[entity], new.version)
        attach(connection, entity, new.version, [item.name for item in policy(entity).attributes])
    for entity in new.built:
        take_up(connection, entity, new.version, new.version, begins=entity not in before.products)
    in_force = dict(before.products) | {entity: (new.version, found) for entity, found in new.built.items()}
    places = dict(before.stored) | dict.fromkeys(new.built, new.version) | dict(new.in_place)
    _insert_products(connection, new, in_force, places)
    put_in_force(connection, new.version, new.relations)


def _merge_ledger(connection: Connection, schema: str, version: int) -> None:
    ledger, changes = f"{quoted(schema)}.{LEDGER_TABLE}", f"{quoted(schema)}.{quoted(partition(LEDGER_TABLE, version))}"
    strangers = connection.execute(
        text(
            f"SELECT count(*) FROM {changes} c JOIN {ledger} l ON l.sequence = c.sequence"
            " WHERE l.master_id <> c.master_id"
        )
    ).scalar_one()
    if strangers:
        raise Internal(f"{strangers} numbers stand for other master ids in the database than in the files", ledger)
    if connection.execute(text(f"SELECT NOT EXISTS (SELECT FROM {ledger})")).scalar_one():
        _fill_ledger(connection, ledger, changes)
    else:
        connection.execute(
            text(
                f"INSERT INTO {ledger} SELECT * FROM {changes} ON CONFLICT (sequence) DO UPDATE SET"
                " state = excluded.state, target = excluded.target, source = excluded.source,"
                " dataset = excluded.dataset, record_id = excluded.record_id"
            )
        )
    connection.execute(text(f"DROP TABLE {changes}"))


def _fill_ledger(connection: Connection, ledger: str, rows: str) -> None:
    """Fill an empty ledger, in which nobody has anything to read: its indexes are made of all rows at once."""
    keys = connection.execute(
        text(
            "SELECT conname, pg_get_constraintdef(oid) AS told FROM pg_constraint"
            " WHERE conrelid = CAST(:ledger AS regclass) AND contype IN ('p', 'u')"
        ),
        {"ledger": ledger},
    ).all()
    for key in keys:
        connection.execute(text(f"ALTER TABLE {ledger} DROP CONSTRAINT {quoted(key.conname)}"))
    connection.execute(text(f"INSERT INTO {ledger} SELECT * FROM {rows}"))
    for key in keys:
        connection.execute(text(f"ALTER TABLE {ledger} ADD CONSTRAINT {quoted(key.conname)} {key.told}"))


def attach(connection: Connection, entity: Entity, version: int, attributes: Sequence[str]) -> None:
    """Make loaded tables partitions; belongs into the transaction that puts them in force.

    Args:
        connection: in that transaction, in which the version's row is already written.
        entity: person or enterprise.
        version: that of the tables.
        attributes: those of the provenance, in the order of its `choices`.
    """
    schema = quoted(SCHEMAS[entity])
    for table in stored(entity):
        parent, child = f"{schema}.{quoted(table + '_versions')}", f"{schema}.{quoted(partition(table, version))}"
        connection.execute(text(f"ALTER TABLE {parent} ATTACH PARTITION {child} FOR VALUES IN ({version:d})"))
    connection.execute(
        text("INSERT INTO registry.provenance_attribute VALUES (:version, :entity, :position, :attribute)"),
        [
            {"version": version, "entity": entity, "position": position, "attribute": attribute}
            for position, attribute in enumerate(attributes)
        ],
    )


def _insert_version(connection: Connection, new: NewVersion) -> None:
    connection.execute(
        text(
            "INSERT INTO registry.version (version, status, committed_at, as_of, inputs_hash, counts, manifest)"
            " VALUES (:version, 'published', :committed_at, :as_of, :inputs_hash, CAST(:counts AS jsonb),"
            " CAST(:manifest AS jsonb))"
        ),
        {
            "version": new.version,
            "committed_at": new.committed_at,
            "as_of": new.as_of,
            "inputs_hash": new.inputs_hash,
            "counts": json.dumps(new.counts),
            "manifest": new.manifest.to_json(),
        },
    )


def _insert_products(
    connection: Connection,
    new: NewVersion,
    in_force: Mapping[Entity, tuple[int, str]],
    places: Mapping[Entity, int],
) -> None:
    rows = [
        {"version": new.version, "product": product, "built": built, "found": found, "stored": places[product]}
        for product, (built, found) in in_force.items()
    ]
    connection.execute(
        text("INSERT INTO registry.version_product VALUES (:version, :product, :built, :found, :stored)"), rows
    )


def kept_versions(connection: Connection, entity: Entity, keep: int) -> frozenset[int]:
    """Versions of an entity's files that the newest `keep` publications put in force."""
    return frozenset(version for version, _ in _kept(connection, entity, keep))


def _kept(connection: Connection, entity: Entity, keep: int) -> Sequence[tuple[int, int | None]]:
    """Versions and partitions that the newest `keep` publications put in force."""
    with connection.begin():
        found = connection.execute(
            text(
                "SELECT DISTINCT product_version, stored FROM registry.version_product WHERE product = :entity"
                " AND version IN (SELECT version FROM registry.version WHERE status = 'published'"
                " ORDER BY version DESC LIMIT :keep)"
            ),
            {"entity": entity, "keep": keep},
        )
        return [(row.product_version, row.stored) for row in found]


def drop_debris(connection: Connection) -> int:
    """Drop tables that belong to no committed version; returns how many."""
    dropped = 0
    for entity in ENTITIES:
        for name in _tables(connection, entity, attached=False):
            with connection.begin():
                connection.execute(text(f"DROP TABLE IF EXISTS {quoted(SCHEMAS[entity])}.{quoted(name)}"))
            dropped += 1
    with connection.begin():
        names = relation_partitions(connection, attached=False)
        for name in names:
            connection.execute(text(f"DROP TABLE IF EXISTS {VERSIONS}.{quoted(name)}"))
    return dropped + len(names)


def attached_partitions(connection: Connection, entity: Entity) -> Sequence[str]:
    """The tables of single versions that readers of an entity can be shown."""
    return _tables(connection, entity, attached=True)


def prune_partitions(engine: Engine, connection: Connection, keep: int) -> None:
    """Take away the partitions of older versions; one that is still being read stays for the next time."""
    for entity in ENTITIES:
        places = {place for _, place in _kept(connection, entity, keep) if place is not None}
        wanted = {partition(table, place) for table in stored(entity) for place in places}
        for name in _tables(connection, entity, attached=True):
            if name not in wanted:
                _detach(engine, SCHEMAS[entity], name)
    with connection.begin():
        kept = {partition(RELATIONS, place) for place in kept_places(connection, keep)}
        there = relation_partitions(connection, attached=True)
    for name in sorted(set(there) - kept):
        _detach(engine, VERSIONS, name)


def finish_detaching(engine: Engine, connection: Connection) -> None:
    """End detachments that were interrupted."""
    with connection.begin():
        pending = connection.execute(
            text(
                "SELECT n.nspname, p.relname AS parent, c.relname AS child FROM pg_inherits i"
                " JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent"
                " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.inhdetachpending AND n.nspname = ANY(:schemas)"
            ),
            {"schemas": [VERSIONS, *SCHEMAS.values()]},
        ).all()
    for row in pending:
        parent, child = (f"{quoted(row.nspname)}.{quoted(name)}" for name in (row.parent, row.child))
        _patiently(engine, f"ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE")


def _detach(engine: Engine, schema: str, name: str) -> None:
    parent = name.rpartition("_v")[0] + "_versions"
    child = f"{quoted(schema)}.{quoted(name)}"
    if _patiently(engine, f"ALTER TABLE {quoted(schema)}.{quoted(parent)} DETACH PARTITION {child} CONCURRENTLY"):
        _patiently(engine, f"DROP TABLE {child}")


def _patiently(engine: Engine, statement: str) -> bool:
    """Run a statement that waits for readers, for a while; False where they were not done by then."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SET statement_timeout = '{_DETACH_SECONDS}s'"))
        try:
            connection.execute(text(statement))
        except OperationalError:
            _log.info("an old version is still being read and stays until the next publication")
            return False
        else:
            return True
        finally:
            connection.execute(text("RESET statement_timeout"))


def _tables(connection: Connection, entity: Entity, *, attached: bool) -> Sequence[str]:
    """Tables of single versions in an entity's schema: partitions, or what is not (yet, or any more) one."""
    names = "|".join((*stored(entity), *segments(entity), gone_table(entity), LEDGER_TABLE))
    with connection.begin():
        found = connection.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
                " WHERE n.nspname = :schema AND c.relkind = 'r' AND c.relispartition = :attached"
                " AND c.relname ~ :pattern AND i.inhdetachpending IS NOT TRUE ORDER BY c.relname"
            ),
            {"schema": SCHEMAS[entity], "attached": attached, "pattern": f"^({names})_v[0-9]+$"},
        )
        return tuple(found.scalars())
