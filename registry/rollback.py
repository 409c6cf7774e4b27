"""Rollback: an older version is put in force again, in one transaction, and what comes next continues from it.

A rollback is a version of its own: nothing is rewritten, version numbers only rise, and readers, feeds and copies that
follow the versions see it as they see any other. Its products are those of the version gone back to; the versions
between are marked withdrawn, and kept until the next publication. **No id is given twice**: ids that the withdrawn
versions gave stay in the ledger, retired at their anchors. Where the tables of the version gone back to have gone on to
a later one (`registry.in_place`), they are first loaded from its files, beside what readers see.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import URL, Connection, Engine, text

from registry.checks import ROLLED_BACK
from registry.failures import named_failures
from registry.layers import FIRST, as_one
from registry.ledger import LEDGER_FILE, last_sequence
from registry.loading import Files, decided_attributes, load
from registry.naming import LEDGER_TABLE, RELATIONS, SCHEMAS, folder_name, partition, products, stored
from registry.policy import ENTITIES, Entity, policy
from registry.relations.serving import Served, load_whole, place_of, relation_partitions, take_over
from registry.repair import repair_held
from registry.sql import quoted
from registry.versions import attach, attached_partitions, publication_lock, standing
from storage.commit import staging
from storage.engine import bulk_load
from storage.errors import BadSpecification, ContractBroken, PublicationHeld
from storage.manifest import Manifest, is_whole
from storage.zones import Zones


@dataclass(frozen=True)
class Kept:
    """A version that can be put in force again.

    `products`: entity → the version that its files carry. `stored`: entity → the partition that holds their rows, where
    there is one. `masters`: entity → persons or enterprises. `relations`: the version that their files carry.
    """

    version: int
    status: str
    committed_at: datetime
    as_of: date
    products: Mapping[Entity, int]
    stored: Mapping[Entity, int]
    masters: Mapping[str, int]
    relations: str | None = None

    def is_as(self, other: "Kept") -> bool:
        """Whether both hold the same data."""
        return (self.products, self.relations) == (other.products, other.relations)


@dataclass(frozen=True)
class _Loaded:
    """What had no tables any more and was loaded for the rollback."""

    bases: Mapping[Entity, Files] = field(default_factory=dict)
    relations: Served | None = None


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did: the new version, the one whose data it serves, and those that were withdrawn by it."""

    version: int
    to: Kept
    withdrawn: tuple[int, ...]


def kept(engine: Engine, zones: Zones) -> tuple[Kept, ...]:
    """The versions whose files are all there, newest first; the first is in force."""
    with engine.connect() as connection:
        return _kept(connection, zones)


def roll_back(
    engine: Engine,
    zones: Zones,
    to: int | None,
    at: datetime,
    *,
    patience: float = 60.0,
    on_step: Callable[[str], None] = lambda _: None,
) -> RolledBack:
    """Put a kept version in force again.

    Args:
        engine: connects as the owner of the base databases.
        zones: the home folder, whose lock the caller holds.
        to: the version; None is the last one published whose data differ from those in force.
        at: the moment that is written down.
        patience: how long to wait for a publication, in seconds.
        on_step: told the name of each step when it is done.

    Raises:
        BadSpecification: there is no such version any more, or it is in force.
        Busy: a publication is under way.
    """
    with named_failures("rollback"), publication_lock(engine, patience) as connection:
        repair_held(engine, connection, zones)
        target = _target(_kept(connection, zones), to)
        loaded = _loaded(engine.url, connection, zones, target)
        on_step("loaded")
        done = _commit(connection, zones, target, at, "", loaded)
        on_step("committed")
        repair_held(engine, connection, zones)
        on_step("pointed")
        return done


def put_back(engine: Engine, zones: Zones, at: datetime) -> RolledBack | None:
    """After a restore: put the newest version in force that has its files.

    Nobody doubts the versions that this withdraws: the next publication may be of the same records. None where the pair
    is whole.

    Raises:
        ContractBroken: no version has them.
    """
    with named_failures("restore"), publication_lock(engine, patience=60.0) as connection:
        in_force, found, done = standing(connection), _kept(connection, zones), None
        if in_force.version and not found:
            raise ContractBroken("no version has its files", str(zones.home), remedy="restore an earlier backup")
        if found and found[0].version != in_force.version:
            loaded = _loaded(engine.url, connection, zones, found[0])
            done = _commit(connection, zones, found[0], at, "restore", loaded)
        repair_held(engine, connection, zones)
        return done


def refuse_return(
    connection: Connection, inputs: Mapping[str, str], in_force: Manifest | None, waived: AbstractSet[str]
) -> None:
    """Hold a publication of the very accepted states that were rolled back, until a person says that they are right.

    Args:
        connection: holds the publication lock.
        inputs: dataset → version of its accepted state, of what is to be published.
        in_force: manifest of the version in force.
        waived: checks that are waived.

    Raises:
        PublicationHeld: with the version that was made of them.
    """
    if ROLLED_BACK in waived or not inputs or in_force is None or in_force.facts.get("reason"):
        return
    with connection.begin():
        withdrawn = connection.execute(
            text("SELECT version, manifest FROM registry.version WHERE status = 'withdrawn' ORDER BY version DESC")
        ).all()
    for entity in ENTITIES:
        now = _of(entity, inputs)
        for version, manifest in withdrawn if now and now != _of(entity, in_force.inputs) else ():
            if _of(entity, manifest["inputs"]) == now:
                raise PublicationHeld(
                    f"the accepted {entity} records are those of version {version}, which was rolled back",
                    f"publication of {entity}",
                    "corrected records",
                    f"what is in force stays; have the department correct its batch, or, where the records are right, "
                    f"run again with --accept {ROLLED_BACK}",
                )


def _of(entity: Entity, inputs: Mapping[str, str]) -> dict[str, str]:
    return {name: version for name, version in inputs.items() if name in policy(entity).datasets}


def _kept(connection: Connection, zones: Zones) -> tuple[Kept, ...]:
    tables = {entity: attached_partitions(connection, entity) for entity in ENTITIES}
    with connection.begin():
        rows = connection.execute(
            text(
                "SELECT v.version, v.status, v.committed_at, v.as_of, v.manifest->'facts'->'masters' AS masters,"
                " v.manifest->'facts'->'relations'->>'version' AS relations,"
                " jsonb_object_agg(p.product, p.product_version) AS products,"
                " jsonb_object_agg(p.product, p.stored) AS stored FROM registry.version v"
                " JOIN registry.version_product p USING (version) GROUP BY v.version"
                " ORDER BY v.status = 'published' DESC, v.version DESC"
            )
        ).all()
    found = [
        Kept(row.version, row.status, row.committed_at, row.as_of, row.products, there, row.masters, row.relations)
        for row, there in ((row, _there(row.stored, tables)) for row in rows)
    ]
    return tuple(one for one in found if _has_files(one, zones))


def _there(places: Mapping[Entity, int | None], tables: Mapping[Entity, Sequence[str]]) -> dict[Entity, int]:
    """The partitions that are there, by entity."""
    return {
        entity: place
        for entity, place in places.items()
        if place is not None and all(partition(table, place) in tables[entity] for table in stored(entity))
    }


def _has_files(version: Kept, zones: Zones) -> bool:
    return all(
        is_whole(zones.published(product, folder_name(built)))
        for entity, built in version.products.items()
        for product in products(entity)
    )


def _loaded(url: URL, connection: Connection, zones: Zones, target: Kept) -> _Loaded:
    """Load what has no tables any more from its files, under the number of the version that the rollback will be."""
    version, found = standing(connection).version + 1, {}
    for entity in target.products.keys() - target.stored.keys():
        golden, crosswalk = (
            zones.published(product, folder_name(target.products[entity])) for product in products(entity)
        )
        files = Files(golden / "data.parquet", golden / FIRST, crosswalk / "data.parquet", None)
        with staging(zones) as work:
            provenance = as_one(files.provenance, files.records, work / FIRST, work)
            load(url, entity, version, replace(files, provenance=provenance))
        found[entity] = files
    return _Loaded(found, _loaded_relations(url, connection, zones, (target.version, version)))


def _loaded_relations(url: URL, connection: Connection, zones: Zones, versions: tuple[int, int]) -> Served | None:
    """Those of the first version, loaded for the second; None where they have their partition, or no files."""
    target, version = versions
    with connection.begin():
        place = place_of(connection, target)
        there = relation_partitions(connection, attached=True)
    if place is None or (place[1] and partition(RELATIONS, place[1]) in there):
        return None
    folder = zones.published(RELATIONS, folder_name(place[0]))
    return load_whole(url, version, folder / "data.parquet", place[0]) if is_whole(folder) else None


def _target(found: Sequence[Kept], to: int | None) -> Kept:
    if not found:
        raise BadSpecification("nothing has been published yet", remedy="publish with `sitong run` first")
    in_force, listed = found[0], ", ".join(str(one.version) for one in sorted(found, key=lambda one: one.version))
    remedy = "`sitong rollback --list` shows what can be gone back to"
    if to is None:
        served = min((one.version for one in found if one.is_as(in_force)), default=in_force.version)
        older = [one for one in found if one.status == "published" and one.version < served]
        if not older:
            raise BadSpecification("no older version is kept", f"version {in_force.version}", remedy=remedy)
        return older[0]
    chosen = next((one for one in found if one.version == to), None)
    if chosen is None:
        raise BadSpecification(f"version {to} is not kept", "--to", f"one of {listed}", remedy)
    if chosen.is_as(in_force):
        raise BadSpecification(f"what version {to} holds is in force", "--to", "another version", remedy)
    return chosen


def _commit(
    connection: Connection, zones: Zones, target: Kept, at: datetime, reason: str, loaded: _Loaded
) -> RolledBack:
    """The one transaction: ledgers, statuses, what was loaded, and the row of the new version."""
    before = standing(connection)
    with connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        for entity in ENTITIES:
            _restore_ledger(connection, zones, entity, target.products.get(entity))
        withdrawn = connection.execute(
            text(
                "UPDATE registry.version SET status = 'withdrawn' WHERE status = 'published' AND version > :to"
                " RETURNING version"
            ),
            {"to": target.version},
        )
        done = RolledBack(before.version + 1, target, tuple(sorted(withdrawn.scalars())))
        _insert(connection, done, at, reason)
        for entity, files in loaded.bases.items():
            attach(connection, entity, done.version, decided_attributes(files.provenance))
            connection.execute(
                text("UPDATE registry.version_product SET stored = :new WHERE version = :new AND product = :entity"),
                {"new": done.version, "entity": entity},
            )
        take_over(connection, done.version, target.version, loaded.relations)
    return done


def _insert(connection: Connection, done: RolledBack, at: datetime, reason: str) -> None:
    row = connection.execute(
        text("SELECT manifest::text FROM registry.version WHERE version = :to"), {"to": done.to.version}
    ).scalar_one()
    then = Manifest.from_json(row)
    facts = {
        "rolled_back_to": folder_name(done.to.version),
        "withdrawn": [folder_name(one) for one in done.withdrawn],
        "reason": reason,
    }
    manifest = replace(then, version=folder_name(done.version), created_at=at, facts={**then.facts, **facts})
    values = {"version": done.version, "to": done.to.version, "at": at, "manifest": manifest.to_json()}
    connection.execute(
        text(
            "INSERT INTO registry.version (version, status, committed_at, as_of, inputs_hash, counts, manifest)"
            " SELECT :version, 'published', :at, as_of, inputs_hash, counts, CAST(:manifest AS jsonb)"
            " FROM registry.version WHERE version = :to"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO registry.version_product SELECT :version, product, product_version, inputs_hash, stored"
            " FROM registry.version_product WHERE version = :to"
        ),
        values,
    )


def _restore_ledger(connection: Connection, zones: Zones, entity: Entity, version: int | None) -> None:
    """Make the ids stand as they stood in a version; those given after it are retired."""
    ledger, highest = f"{quoted(SCHEMAS[entity])}.{LEDGER_TABLE}", -1
    if version is not None:
        file = zones.published(products(entity)[0], folder_name(version)) / LEDGER_FILE
        highest = last_sequence(file)
        _set_states(connection, ledger, file)
    connection.execute(
        text(f"UPDATE {ledger} SET state = 'retired', target = NULL WHERE sequence > :highest AND state <> 'retired'"),
        {"highest": highest},
    )


def _set_states(connection: Connection, ledger: str, file: Path) -> None:
    connection.execute(text(f"CREATE TEMPORARY TABLE ledger_then (LIKE {ledger})"))
    rows = pq.ParquetFile(file)
    bulk_load(
        connection, "pg_temp", "ledger_then", pa.RecordBatchReader.from_batches(rows.schema_arrow, rows.iter_batches())
    )
    connection.execute(
        text(
            f"UPDATE {ledger} l SET state = t.state, target = t.target, source = t.source, dataset = t.dataset,"
            " record_id = t.record_id FROM ledger_then t WHERE t.sequence = l.sequence AND"
            " (l.state, l.target, l.source, l.dataset, l.record_id)"
            " IS DISTINCT FROM (t.state, t.target, t.source, t.dataset, t.record_id)"
        )
    )
    connection.execute(text("DROP TABLE ledger_then"))
