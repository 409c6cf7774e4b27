"""The drill of a restore: into scratch, as if the home were lost, with proof that what came back is right.

Three checks: every file has the hash that was written down, every table and file as many rows as promised, and the
golden records of a sample of persons and enterprises, worked out again from the accepted records, are those that are
served. RPO: what would be lost if the home were lost now. RTO: how long it takes until the base databases are served.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text

from registry.judgements.ledger import overrides_numbered
from registry.judgements.overriding import OVERRIDES
from registry.ledger import LEDGER_FILE
from registry.naming import LEDGER_TABLE, SCHEMAS, products
from registry.policy import ENTITIES, Entity
from registry.survivorship import golden_records
from schemas.contract import source_contract
from sitong.backup import LEDGERS, facts_of
from sitong.restore import Restored, restore
from storage.engine import Database, open_database
from storage.manifest import Json, Manifest, is_whole, read_manifest
from storage.zones import Zones

SAMPLE = 200  # masters of each entity
RPO_TARGET_SECONDS = 900


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what is wrong with it; empty where nothing is."""

    name: str
    looked_at: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drill:
    """What a drill found. `rpo_seconds` 0: everything that the server wrote is in the archive."""

    backup: str
    version: int
    put_back: int | None
    checks: tuple[Check, ...]
    rpo_seconds: float
    rpo_target_seconds: int
    rto_seconds: float
    recovered_until: datetime

    @property
    def passed(self) -> bool:
        """Whether all checks found nothing."""
        return not any(check.faults for check in self.checks)

    def to_json(self) -> dict[str, Json]:
        """Plain JSON values."""
        values: dict[str, Json] = asdict(self)
        return values | {"passed": self.passed, "recovered_until": self.recovered_until.isoformat()}


def drill(backup: Path, scratch: Path | None, at: datetime) -> Drill:
    """Restore a backup into a scratch folder, look at it, and remove it again.

    Args:
        backup: the folder of one.
        scratch: an empty folder with room for a home; the system's temporary folder where it is not given.
        at: now.
    """
    work = Path(tempfile.mkdtemp(prefix=".sitong-drill-", dir=scratch))
    try:
        zones = Zones(work / "home")
        restored = restore(backup, zones.home, None, at)
        with open_database(zones) as database:
            checks = [
                Check("hashes of the backup's files", len(restored.backup.files)),
                _counts(database, zones, restored),
                *(_sample(database, zones, entity) for entity in ENTITIES if is_whole(zones.current(entity))),
            ]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    lost = 0.0 if restored.complete else max((at - restored.until).total_seconds(), 0.0)
    return Drill(
        restored.backup.version, restored.version, restored.put_back, tuple(checks), round(lost, 1),
        RPO_TARGET_SECONDS, restored.seconds, restored.until,
    )  # fmt: skip


def _counts(database: Database, zones: Zones, restored: Restored) -> Check:
    """Rows in the database, in the files, and as they were counted when the backup was made."""
    promised = facts_of(restored.backup) if restored.version == restored.backup.facts["version"] else {}
    faults, looked_at = [], 0
    for entity, schema in SCHEMAS.items():
        for table in (*products(entity), LEDGER_TABLE):
            looked_at += 1
            found, name = _rows(database, f'"{schema}"."{table}"'), f"{schema}.{table}"
            if name in promised and promised[name] != found:
                faults.append(f"{name}: {found} rows, {promised[name]} when the backup was made")
            current = zones.current(table) if table != LEDGER_TABLE else None
            if current and is_whole(current):
                in_file = pq.read_metadata(current / "data.parquet").num_rows
                if not found == in_file == read_manifest(current).rows:
                    faults.append(f"{name}: {found} rows in the database, {in_file} in the file")
    for name in LEDGERS:
        looked_at += 1
        found = _rows(database, name)
        if name in promised and promised[name] != found:
            faults.append(f"{name}: {found} rows, {promised[name]} when the backup was made")
    return Check("rows of tables and files", looked_at, tuple(faults))


def _rows(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _sample(database: Database, zones: Zones, entity: Entity) -> Check:
    """Golden records of some masters, worked out again, beside those in the file and in the database."""
    manifest = read_manifest(zones.current(entity))
    with tempfile.TemporaryDirectory(dir=zones.home) as folder:
        masters, crosswalk, tables = _part(zones, entity, manifest, Path(folder))
        as_of = date.fromisoformat(str(manifest.facts["as_of"]))
        with database.engine.connect() as connection:
            overrides = overrides_numbered(connection, manifest.facts.get(OVERRIDES))
        judged = overrides.values(zones.current(entity) / LEDGER_FILE)
        made = golden_records(entity, crosswalk, tables, as_of, judged).records.sort_by("master_id")
    served = _served(zones.current(entity) / "data.parquet", masters)
    faults = [f"{column} differs from the file" for column in served.column_names
              if not made.column(column).equals(served.column(column))]  # fmt: skip
    if served.to_pylist() != _in_database(database, entity, masters, served.column_names):
        faults.append("the database differs from the file")
    return Check(f"golden records of {entity}s worked out again", len(masters), tuple(faults))


def _part(zones: Zones, entity: Entity, manifest: Manifest, out: Path) -> tuple[list[str], Path, dict[str, Path]]:
    """Some masters, evenly drawn, with their part of crosswalk and accepted tables."""
    crosswalk, tables = out / "crosswalk.parquet", {}
    golden = zones.current(entity) / "data.parquet"
    seed = hashlib.sha256(manifest.version.encode()).hexdigest()
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(out)}) as connection:
        connection.read_parquet(str(golden)).create_view("golden")
        connection.read_parquet(str(zones.current(products(entity)[1]) / "data.parquet")).create_view("crosswalk")
        found = connection.execute(
            "SELECT master_id FROM golden ORDER BY hash(master_id || ?) LIMIT ?", [seed, SAMPLE]
        ).fetchall()
        masters = sorted(row[0] for row in found)
        connection.register("chosen", pa.table({"master_id": pa.array(masters, pa.string())}))
        connection.sql("SELECT c.* FROM crosswalk c SEMI JOIN chosen USING (master_id) ORDER BY ALL").write_parquet(
            str(crosswalk)
        )
        for dataset, version in _inputs(manifest):
            contract = source_contract(dataset)
            source = zones.accepted(contract.department, contract.dataset, version) / "data.parquet"
            tables[dataset] = out / f"{dataset}.parquet"
            part = connection.read_parquet(str(source))
            part.create_view("part", replace=True)
            connection.sql(
                "SELECT p.* FROM part p SEMI JOIN (FROM read_parquet($crosswalk)"
                " WHERE source || '.' || dataset = $name) c ON c.record_id = p.record_id",
                params={"crosswalk": str(crosswalk), "name": dataset},
            ).write_parquet(str(tables[dataset]))
    return masters, crosswalk, tables


def _inputs(manifest: Manifest) -> Iterator[tuple[str, str]]:
    return ((dataset, version) for dataset, version in manifest.inputs.items() if version)


def _served(file: Path, masters: list[str]) -> pa.Table:
    return pq.read_table(file, filters=[("master_id", "in", masters)]).sort_by("master_id")


def _in_database(database: Database, entity: Entity, masters: list[str], columns: list[str]) -> list[dict[str, object]]:
    listed = ", ".join(f'"{name}"' for name in columns)
    query = text(
        f'SELECT {listed} FROM "{SCHEMAS[entity]}"."{entity}" WHERE master_id = ANY(:masters) ORDER BY master_id'
    )
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query, {"masters": masters}).mappings()]
