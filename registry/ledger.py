"""What the next publication starts from: the ledger of ids and the crosswalk of the version in force.

The ledger in the database holds every id ever given; the file of a version holds those that were given up to it. After
a rollback the two differ by the ids of the versions that were withdrawn. Those are never given to anybody else: they
stand retired at their anchors, and come back only with these.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from registry.identities import LEDGER, Past
from registry.naming import LEDGER_TABLE, SCHEMAS, folder_name, products
from registry.policy import Entity
from registry.sql import quoted
from registry.versions import Standing
from storage.zones import Zones

LEDGER_FILE = "master_ids.parquet"

_CROSSWALK = pa.schema([(name, pa.string()) for name in ("master_id", "source", "dataset", "record_id")])


def past(connection: Connection, zones: Zones, entity: Entity, before: Standing, work: Path) -> Past | None:
    """The last version's ledger and crosswalk, ids of withdrawn versions included; None before the first.

    Args:
        connection: to the database of which the caller holds the publication lock.
        zones: where the version's files lie.
        entity: person or enterprise.
        before: what is in force.
        work: folder for a completed ledger.
    """
    ledger, crosswalk = _files(zones, entity, before)
    known = pq.read_table(ledger, schema=LEDGER) if ledger and _is_behind(connection, entity, ledger) else None
    if ledger and crosswalk and known is None:
        return Past(ledger, crosswalk)
    given = _given_since(connection, entity, last_sequence(ledger) if ledger else -1)
    if not ledger and not len(given):
        return None
    completed, nothing = work / f"{entity}-ledger.parquet", work / f"{entity}-crosswalk.parquet"
    pq.write_table(pa.concat_tables([known, given]) if known else given, completed)
    if crosswalk is None:
        pq.write_table(_CROSSWALK.empty_table(), nothing)
    return Past(completed, crosswalk or nothing)


def last_sequence(ledger: Path) -> int:
    """The highest number that a ledger's file knows; −1 where it is empty."""
    metadata = pq.read_metadata(ledger)
    if not metadata.num_rows:
        return -1
    return int(pq.read_table(ledger, columns=["sequence"]).column(0)[-1].as_py())  # sorted by it


def _files(zones: Zones, entity: Entity, before: Standing) -> tuple[Path, Path] | tuple[None, None]:
    if entity not in before.products:
        return None, None
    version = folder_name(before.products[entity][0])
    golden, crosswalk = (zones.published(product, version) for product in products(entity))
    return golden / LEDGER_FILE, crosswalk / "data.parquet"


def _is_behind(connection: Connection, entity: Entity, ledger: Path) -> bool:
    with connection.begin():
        highest = connection.execute(
            text(f"SELECT coalesce(max(sequence), -1) FROM {quoted(SCHEMAS[entity])}.{LEDGER_TABLE}")
        ).scalar_one()
    return int(highest) > last_sequence(ledger)


def _given_since(connection: Connection, entity: Entity, sequence: int) -> pa.Table:
    columns = ", ".join(LEDGER.names)
    with connection.begin():
        rows = connection.execute(
            text(
                f"SELECT {columns} FROM {quoted(SCHEMAS[entity])}.{LEDGER_TABLE} WHERE sequence > :sequence"
                " ORDER BY sequence"
            ),
            {"sequence": sequence},
        ).all()
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(LEDGER.names)}, schema=LEDGER)
