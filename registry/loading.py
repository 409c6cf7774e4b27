"""Bulk load of one version of an entity into PostgreSQL, beside what readers see.

Owns the way from published files to partitions. Each table is one transaction: made, rows copied, indexes built after
the rows, statistics taken. The partitions are not attached: no reader sees them until `registry.versions` commits the
version.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import URL

from registry.binary_rows import packed
from registry.choice import DECISIONS, NONE
from registry.naming import (
    LEDGER_TABLE,
    READERS,
    RELATIONS,
    RELATIONS_GONE,
    SCHEMAS,
    VERSIONS,
    gone_table,
    partition,
    segments,
    stored,
)
from registry.policy import ENTITIES, Entity
from registry.sql import quoted
from storage.errors import Internal

CHOICE_WIDTH = 5
"""Numbers an attribute has in `choices`: record, policy, candidates, conflicts, runner-up; -1 where there is none."""

LARGEST_MASTER = 32_767
"""Records that one master may have: `choices` and `member` are smallint."""

LOADING = "sitong-loading"
"""The application name of sessions that load tables of a version, by which a publication breaks them off."""

_Cursor: TypeAlias = "adbc.Cursor | psycopg.Cursor[tuple[str]]"

_GROWING = {LEDGER_TABLE, *(name for entity in ENTITIES for name in segments(entity))}  # grow by rows, not partitions
_GONE = {gone_table(entity) for entity in ENTITIES}
_FILL = 90  # percent of a page: a changed row finds room beside the old one, and its indexes stay as they are
_ROWS_AT_ONCE = 100_000
_CHOICES = "master_id, choices"
_AT_ONCE = 2  # a table is bound by one core of the server


@dataclass(frozen=True)
class Files:
    """The Parquet files of one version of an entity.

    Golden records, provenance, crosswalk in the order of the provenance, and the rows of the ledger of ids that are new
    or changed; None where the ledger is changed otherwise.
    """

    records: Path
    provenance: Path
    crosswalk: Path
    changes: Path | None


def load(url: URL, entity: Entity, version: int, files: Files) -> None:
    """Copy one version of an entity into partitions of its own and index them, two tables at a time."""
    golden, crosswalk, provenance = stored(entity)
    tables = (
        _Table(crosswalk, lambda: _crosswalk(files), unique="record_id, dataset, source", indexes=("master_id",)),
        _Table(golden, lambda: _records(files.records), unique="master_id"),
        _Table(provenance, lambda: _choices(files.provenance), unique="master_id", packed=_CHOICES),
    )
    _load(url, entity, version, (*tables, *_ledger(files)))


def load_changes(url: URL, entity: Entity, version: int, files: Files, gone: Path, place: int) -> None:
    """Copy the rows of a version's touched masters into tables of their own, which nobody reads.

    Args:
        url: of the database.
        entity: person or enterprise.
        version: names the tables.
        files: rows of touched masters alone.
        gone: file of what is no more: a master_id, the rest being null, or a record under the master that it had.
        place: the partition that the rows will go to.
    """
    golden, crosswalk, provenance = stored(entity)
    tables = (
        _Table(crosswalk, lambda: _crosswalk(files), place=place),
        _Table(golden, lambda: _records(files.records), place=place),
        _Table(provenance, lambda: _choices(files.provenance), place=place, packed=_CHOICES),
        _Table(gone_table(entity), lambda: _records(gone)),
    )
    _load(url, entity, version, (*tables, *_ledger(files)))


def load_relations(url: URL, version: int, file: Path) -> None:
    """Copy relations into a partition to be, found by either end."""
    indexes = ("from_master_id", "to_id")
    _load_table(url, VERSIONS, version, _Table(RELATIONS, lambda: _records(file), indexes=indexes))


def load_relation_changes(url: URL, version: int, came: Path, went: Path, place: int) -> None:
    """Copy relations that a version brings and lets go into tables of their own, which nobody reads.

    `place`: the partition that the rows will go to.
    """
    _load_table(url, VERSIONS, version, _Table(RELATIONS, lambda: _records(came), place=place))
    _load_table(url, VERSIONS, version, _Table(RELATIONS_GONE, lambda: _records(went), place=place, like=RELATIONS))


def _ledger(files: Files) -> "tuple[_Table, ...]":
    path = files.changes
    return () if path is None else (_Table(LEDGER_TABLE, lambda: _records(path)),)


def _load(url: URL, entity: Entity, version: int, tables: "Sequence[_Table]") -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(_load_table, url, SCHEMAS[entity], version, table) for table in tables]:
            done.result()


def load_segments(url: URL, entity: Entity, version: int, files: Mapping[str, Path]) -> None:
    """Copy what a version adds to the tables of the past (table → file) into tables of its own."""
    for name, path in files.items():
        _load_table(url, SCHEMAS[entity], version, _Table(name, lambda path=path: _records(path)))


@dataclass(frozen=True)
class _Table:
    """One table of a version: where its rows come from, and the columns of its indexes.

    `place`: the partition that its rows will go to; None where the table becomes a partition. `like`: the table whose
    columns it has, where that is another. `packed`: the columns of which `read` gives a binary COPY.
    """

    name: str
    read: "Callable[[], pa.RecordBatchReader] | Callable[[], Iterator[bytes]]"
    unique: str | None = None
    indexes: tuple[str, ...] = ()
    place: int | None = None
    like: str | None = None
    packed: str | None = None


def _load_table(url: URL, schema: str, version: int, table: _Table) -> None:
    name = partition(table.name, version)
    place = f"{quoted(schema)}.{quoted(name)}"
    opened = psycopg.connect if table.packed else adbc.connect
    with closing(opened(connection_string(url))) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SET LOCAL client_connection_check_interval = '1s'")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        _create(cursor, schema, table, version)
        _close(cursor, place)
        if isinstance(cursor, psycopg.Cursor):
            with cursor.copy(f"COPY {place} ({table.packed}) FROM STDIN (FORMAT binary)") as copy:
                for part in table.read():
                    copy.write(part)
        else:
            cursor.adbc_ingest(name, table.read(), mode="append", db_schema_name=schema)
        if table.unique:
            cursor.execute(f"CREATE UNIQUE INDEX ON {place} ({table.unique})")
        for columns in table.indexes:
            cursor.execute(f"CREATE INDEX ON {place} ({columns})")
        cursor.execute(f"ANALYZE {place}")
        connection.commit()


def connection_string(url: URL) -> str:
    """An engine's address as libpq takes it; its sessions bear the name LOADING."""
    named = url.set(drivername="postgresql").update_query_dict({"application_name": LOADING})
    return named.render_as_string(hide_password=False)


def _create(cursor: "_Cursor", schema: str, table: _Table, version: int) -> None:
    """Make a table; the check of a partition to be lets PostgreSQL attach it without reading it."""
    place = f"{quoted(schema)}.{quoted(partition(table.name, version))}"
    if table.name in _GONE:
        columns = ", ".join(f'{name} text COLLATE "C"' for name in ("master_id", "source", "dataset", "record_id"))
        cursor.execute(f"CREATE TABLE {place} ({columns})")
        return
    if table.name in _GROWING:
        cursor.execute(f"CREATE TABLE {place} (LIKE {quoted(schema)}.{quoted(table.name)})")
        return
    parent, number = f"{quoted(schema)}.{quoted((table.like or table.name) + '_versions')}", table.place or version
    like = f"LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
    cursor.execute(f"CREATE TABLE {place} ({like}, CHECK (version = {number:d})) WITH (fillfactor = {_FILL})")
    cursor.execute(f"ALTER TABLE {place} ALTER COLUMN version SET DEFAULT {number:d}")


def _close(cursor: "_Cursor", place: str) -> None:
    """Take back what the database grants by default: readers go through the views."""
    cursor.execute("SELECT rolname FROM pg_roles")
    for role in {name for (name,) in cursor.fetchall()}.intersection(READERS):
        cursor.execute(f"REVOKE ALL ON {place} FROM {quoted(role)}")


def _records(path: Path) -> pa.RecordBatchReader:
    file = pq.ParquetFile(path)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(_ROWS_AT_ONCE))


def decided_attributes(provenance: Path) -> list[str]:
    """The attributes of a file of provenance, in the order in which the policy of its version decided them."""
    return [name for name in pq.read_schema(provenance).names if name not in ("master_id", "records")]


def _choices(path: Path) -> Iterator[bytes]:
    """One row per master: master_id and the numbers of every attribute, in the order of the policy."""
    names = decided_attributes(path)
    batches = pq.ParquetFile(path).iter_batches(_ROWS_AT_ONCE, columns=["master_id", *names])
    return packed(
        (
            batch.column("master_id"),
            np.stack([column for name in names for column in _numbers(batch.column(name))], axis=1),
        )
        for batch in batches
    )


def _numbers(origin: pa.StructArray) -> Iterator[npt.NDArray[np.int16]]:
    policy = origin.field("policy")
    policy = policy if pa.types.is_dictionary(policy.type) else policy.dictionary_encode()
    codes = pc.index_in(policy.dictionary.cast(pa.string()), pa.array(DECISIONS)).take(policy.indices)
    for values in (
        origin.field("record"),
        codes,
        origin.field("candidates"),
        origin.field("conflicts"),
        origin.field("runner_up"),
    ):
        yield pc.fill_null(values.cast(pa.int32()), NONE).to_numpy(zero_copy_only=False).astype(np.int16)


def _crosswalk(files: Files) -> pa.RecordBatchReader:
    """The crosswalk with each record's place among its master's, and its time, both from the provenance."""
    pairs = [("master_id", pa.string()), ("source", pa.string()), ("dataset", pa.string()), ("record_id", pa.string())]
    schema = pa.schema(
        [*pairs, ("match_probability", pa.float64()), ("member", pa.int16()), ("updated_at", pa.timestamp("us"))]
    )

    def batches() -> Iterator[pa.RecordBatch]:
        rows = Rows(files.crosswalk, [*(name for name, _ in pairs), "match_probability"])
        for batch in pq.ParquetFile(files.provenance).iter_batches(_ROWS_AT_ONCE, columns=["records"]):
            lists = batch.column("records")
            records = lists.flatten()
            part = rows.take(len(records))
            if not part.column("record_id").equals(pa.chunked_array([records.field("record_id")])):
                raise Internal("crosswalk and provenance are not in the same order", str(files.crosswalk))
            sizes = lists.value_lengths().to_numpy()
            member = np.arange(len(records)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            whole = part.append_column("member", pa.array(member.astype(np.int16))).append_column(
                "updated_at", records.field("updated_at")
            )
            yield from whole.cast(schema).combine_chunks().to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


class Rows:
    """The rows of a file, some columns of them, as many at a time as are asked for."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        columns = list(columns)
        self._batches = pq.ParquetFile(path).iter_batches(_ROWS_AT_ONCE, columns=columns)
        self._schema = pq.read_schema(path)
        self._rest = pa.table({name: pa.array([], self._schema.field(name).type) for name in columns})

    def take(self, rows: int) -> pa.Table:
        """The next rows; fewer at the end."""
        parts, held = [self._rest], self._rest.num_rows
        while held < rows and (batch := next(self._batches, None)) is not None:
            parts.append(pa.Table.from_batches([batch]).select(self._rest.column_names))
            held += batch.num_rows
        whole = pa.concat_tables(part.cast(self._rest.schema) for part in parts)
        self._rest = whole.slice(rows)
        return whole.slice(0, rows)
