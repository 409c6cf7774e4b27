"""The files of the version in force, made again from the database, where they were lost: it holds the same rows.

Golden records, provenance, crosswalk, ledger of ids and relations come back row for row. What the database does not
know is the match run that they were made from: the next publication makes the base whole.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import URL, Connection, text

from registry.choice import DECISIONS, NONE, Decision
from registry.identities import LEDGER
from registry.judgements.ledger import read
from registry.judgements.overriding import OVERRIDES, Overrides
from registry.ledger import LEDGER_FILE
from registry.loading import CHOICE_WIDTH, Rows, connection_string
from registry.naming import LEDGER_TABLE, RELATIONS, SCHEMAS, VERSIONS, folder_name, partition, products, stored
from registry.policy import Entity, policy
from registry.relations.publishing import in_force as relations_in_force
from registry.relations.serving import place_in_force
from registry.sql import quoted
from registry.survivorship import ORIGIN, RECORD, golden_schemas
from registry.versions import Standing
from schemas.contract import product_contract
from schemas.rendering.arrow import ARROW_TYPES
from storage.commit import commit, staging
from storage.manifest import Json, Manifest, is_whole
from storage.zones import Zones

_log = logging.getLogger(__name__)

_MASTERS_AT_ONCE = 100_000
_DATA = "data.parquet"


class Home(NamedTuple):
    """Where the rows are, in `connection`'s database at `url`, and where the files belong."""

    url: URL
    connection: Connection
    zones: Zones
    in_force: Standing


def make_bases_again(home: Home, entity: Entity) -> None:
    """Write what is missing of an entity's files of the version in force."""
    version, fingerprint = home.in_force.products[entity]
    folders = [home.zones.published(product, folder_name(version)) for product in products(entity)]
    if all(map(is_whole, folders)):
        return
    _log.warning("files of the version in force are missing and are made again from the database: %s", entity)
    with staging(home.zones) as work:
        made = {product: work / product for product in products(entity)}
        for folder in made.values():
            folder.mkdir(mode=0o700)
        golden, crosswalk = made.values()
        judged = _write_base(home, entity, (golden, crosswalk), work)
        facts: dict[str, Json] = {
            "inputs_hash": fingerprint,
            "since": None,
            OVERRIDES: _honoured(home.connection, entity, judged, golden / LEDGER_FILE),
        }
        for target, (product, folder) in zip(folders, made.items(), strict=True):
            commit(folder, target, _manifest(home, product, version, pq.read_metadata(folder / _DATA).num_rows, facts))


def make_relations_again(home: Home) -> None:
    """Write the relations in force where their file is missing and the database has them."""
    told = relations_in_force(home.in_force.manifest)
    with home.connection.begin():
        place = place_in_force(home.connection)
    if place is None or place[1] is None or folder_name(place[0]) != told.get("version"):
        return
    target = home.zones.published(RELATIONS, folder_name(place[0]))
    if is_whole(target):
        return
    _log.warning("relations in force are missing and are made again from the database")
    columns = product_contract(RELATIONS).columns
    schema = pa.schema([pa.field(one.name, ARROW_TYPES[one.type]) for one in columns])
    with staging(home.zones) as work:
        (folder := work / RELATIONS).mkdir(mode=0o700)
        order = "from_master_id, kind, source, dataset, record_id"
        query = f"{_select(schema)} FROM {VERSIONS}.{RELATIONS} ORDER BY {order}"
        rows = _fetch(home.url, query, schema, folder / _DATA)
        facts: dict[str, Json] = {"inputs_hash": told.get("inputs_hash")}
        commit(folder, target, _manifest(home, RELATIONS, place[0], rows, facts))


def _write_base(home: Home, entity: Entity, folders: tuple[Path, Path], work: Path) -> list[tuple[str, str]]:
    """Write all files; returns the masters and attributes whose value was judged."""
    golden, crosswalk = folders
    records, provenance = golden_schemas(policy(entity))
    schema, place = SCHEMAS[entity], home.in_force.stored[entity]
    base, links, choices = (f"{quoted(schema)}.{quoted(partition(table, place))}" for table in stored(entity))
    _fetch(home.url, f"{_select(records)} FROM {base} ORDER BY master_id", records, golden / _DATA)
    _fetch(home.url, f"{_select(_LINKS)} FROM {links} ORDER BY master_id, member", _LINKS, work / "links.parquet")
    _fetch(home.url, f"{_select(_CHOICES)} FROM {choices} ORDER BY master_id", _CHOICES, work / "choices.parquet")
    ledger = f"{quoted(schema)}.{LEDGER_TABLE}"
    _fetch(home.url, f"{_select(LEDGER)} FROM {ledger} ORDER BY sequence", LEDGER, golden / LEDGER_FILE)
    product = _LINKS.remove(_LINKS.get_field_index("updated_at"))
    with pq.ParquetWriter(crosswalk / _DATA, product, compression="zstd") as out:
        for batch in pq.ParquetFile(work / "links.parquet").iter_batches(_MASTERS_AT_ONCE):
            out.write_table(pa.Table.from_batches([batch]).drop_columns("updated_at"))
    names, judged = _attributes(home.connection, entity, place), []
    with pq.ParquetWriter(golden / "provenance.parquet", provenance, compression="zstd") as out:
        for part, told in _origins(golden / _DATA, work, names):
            out.write_table(part.select(provenance.names).cast(provenance))
            judged += told
    return judged


_LINKS = pa.schema(
    [
        *((name, pa.string()) for name in ("master_id", "source", "dataset", "record_id")),
        ("match_probability", pa.float64()),
        ("updated_at", pa.timestamp("us")),
    ]
)
_CHOICES = pa.schema([("master_id", pa.string()), ("choices", pa.list_(pa.int16()))])


def _attributes(connection: Connection, entity: Entity, place: int) -> list[str]:
    with connection.begin():
        found = connection.execute(
            text(
                "SELECT attribute FROM registry.provenance_attribute WHERE version = :place AND entity = :entity"
                " ORDER BY position"
            ),
            {"place": place, "entity": entity},
        )
        return list(found.scalars())


def _origins(golden: Path, work: Path, names: list[str]) -> Iterator[tuple[pa.Table, list[tuple[str, str]]]]:
    """Provenance unfolded from numbers, some masters at a time, and what of them was judged."""
    links = Rows(work / "links.parquet", _LINKS.names)
    choices = Rows(work / "choices.parquet", _CHOICES.names)
    for batch in pq.ParquetFile(golden).iter_batches(_MASTERS_AT_ONCE, columns=["master_id", "record_count"]):
        masters, sizes = batch.column("master_id"), batch.column("record_count").to_numpy()
        members = links.take(int(sizes.sum())).combine_chunks()
        rows = pa.StructArray.from_arrays(
            [_typed(members.column(one.name), one.type) for one in RECORD], fields=list(RECORD)
        )
        offsets = pa.array(np.append(0, np.cumsum(sizes)).astype(np.int32))
        lists = choices.take(len(masters)).column("choices").combine_chunks()
        numbers = lists.flatten().to_numpy().reshape(len(masters), len(names), CHOICE_WIDTH)
        columns = {name: _origin(numbers[:, at]) for at, name in enumerate(names)}
        judged = [
            (master, name)
            for at, name in enumerate(names)
            for master in masters.filter(pa.array(numbers[:, at, 1] == Decision.JUDGEMENT)).to_pylist()
        ]
        yield pa.table({"master_id": masters, "records": pa.ListArray.from_arrays(offsets, rows), **columns}), judged


def _origin(numbers: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> pa.StructArray:
    record, decision, candidates, conflicts, runner_up = numbers.T
    policies = pa.DictionaryArray.from_arrays(pa.array(decision.astype(np.int8)), pa.array(DECISIONS, pa.string()))
    places = [pa.array(one.astype(np.int32), mask=one == NONE) for one in (record, runner_up)]
    counts = [pa.array(one.astype(np.int32)) for one in (candidates, conflicts)]
    return pa.StructArray.from_arrays([places[0], policies, *counts, places[1]], fields=list(ORIGIN))


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    whole = column.combine_chunks()
    return whole.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else whole.cast(kind)


def _honoured(connection: Connection, entity: Entity, judged: list[tuple[str, str]], ledger: Path) -> list[Json]:
    """The judgements that the version honours: the last one on each judged value."""
    with connection.begin():
        said = [one for one in read(connection) if one.said.kind == "value" and one.said.entity == entity]
    ids = pq.read_table(ledger, columns=["master_id", "target"]).to_pylist() if said else []
    target = {row["master_id"]: row["target"] for row in ids if row["target"]}
    last = {(target.get(one.said.master_id, one.said.master_id), one.said.attribute): one for one in said}
    return Overrides(tuple(one for key, one in last.items() if key in set(judged))).facts()


def _manifest(home: Home, product: str, version: int, rows: int, facts: dict[str, Json]) -> Manifest:
    with home.connection.begin():
        row = home.connection.execute(
            text("SELECT committed_at, as_of, manifest::text FROM registry.version WHERE version = :version"),
            {"version": version},
        ).one()
    told = Manifest.from_json(row.manifest)
    datasets = {name for entity in SCHEMAS if product in products(entity) for name in policy(entity).datasets}
    return Manifest(
        kind="product",
        name=product,
        version=folder_name(version),
        created_at=row.committed_at,
        rows=rows,
        inputs={name: used for name, used in told.inputs.items() if name in datasets},
        facts={
            "installation": home.in_force.installation,
            "as_of": row.as_of.isoformat(),
            "contract_version": product_contract(product).version,
            **facts,
        },
    )


def _select(schema: pa.Schema) -> str:
    """The columns of a file; amounts come as text, which Arrow reads exactly."""
    parts = (f"{quoted(one.name)}{'::text' if pa.types.is_decimal(one.type) else ''}" for one in schema)
    return f"SELECT {', '.join(parts)}"


def _fetch(url: URL, query: str, schema: pa.Schema, out: Path) -> int:
    """Write what a query gives into a file; returns its rows."""
    rows = 0
    with (
        closing(adbc.connect(connection_string(url))) as connection,
        closing(connection.cursor()) as cursor,
        pq.ParquetWriter(out, schema, compression="zstd") as writer,
    ):
        cursor.execute(query)
        for batch in cursor.fetch_record_batch():
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
            rows += batch.num_rows
    return rows
