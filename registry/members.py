"""The source records of an entity, side by side with the master id that they belong to, in batches of whole masters.

Owns the join of a crosswalk with the accepted tables. What each table says is laid down once, column by column, and
mapped; a batch takes its rows out of it in the order of the crosswalk. So memory holds the crosswalk (40 bytes a
record) and a batch. Invariant: the batches hold every row of the crosswalk once, in the order of master id, dataset,
record id.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.choice import Integers
from registry.increment.splicing import Keys, as_keys
from registry.judgements.overriding import JudgedValues
from registry.policy import Attribute, Policy, Speaker
from registry.sql import connect, quoted
from schemas.contract import ValueType
from schemas.rendering.arrow import ARROW_TYPES
from schemas.text import whole
from storage.errors import BadSpecification, ContractBroken

MASTERS_PER_BATCH = 200_000  # half a million records: 0.3 GB with all that is computed on them; three are in flight

PREFER_SUFFIX = "__prefer"
"""Ends the name of the column that holds an attribute's `prefer_by`."""

_SQL_TYPES: Mapping[ValueType, str] = {
    ValueType.STRING: "VARCHAR",
    ValueType.INTEGER: "BIGINT",
    ValueType.MONEY: "DECIMAL(18, 2)",
    ValueType.NUMBER: "DOUBLE",
    ValueType.DATE: "DATE",
    ValueType.TIMESTAMP: "TIMESTAMP",
}

_FEW = 0.5  # share of a table's records up to which only those asked for are laid down


@dataclass(frozen=True)
class Sources:
    """What golden records are made from.

    `crosswalk`: a Parquet file with the columns of the product `<entity>_crosswalk`. `tables`: accepted tables by
    dataset. `judged`: values that hold whatever the records say.
    """

    crosswalk: Path
    tables: Mapping[str, Path]
    judged: JudgedValues = field(default_factory=dict)


def ordered_datasets(policy: Policy) -> tuple[str, ...]:
    """The datasets of an entity in the order of source and dataset, in which records of one master stand."""
    return tuple(sorted(policy.datasets, key=lambda name: name.split(".")))


def member_batches(policy: Policy, sources: Sources, folder: Path, size: int = MASTERS_PER_BATCH) -> Iterator[pa.Table]:
    """Source records with their master, in batches.

    Yields:
        One row per crosswalk row: master_id, `_dataset` (position in `ordered_datasets`), record_id, updated_at, _flags
        and every attribute of the policy (null where the dataset has nothing to say), sorted by master_id, dataset,
        record_id; a master's rows are never cut apart.

    Raises:
        ContractBroken: crosswalk and tables do not belong together.
        BadSpecification: the crosswalk names a dataset that is not of this entity or has no table.
    """
    members = _members(policy, sources.crosswalk)
    with connect(folder) as connection:
        connection.execute("SET arrow_large_buffer_size = true")  # a city's addresses are no list of Arrow's usual size
        told = [
            _laid_down(connection, policy, sources, (members, position), folder)
            for position in np.unique(members.datasets).tolist()
        ]
    kinds = {column.name: column.kind for column in _columns(policy)}
    for first in range(0, len(members.masters), size):
        yield _batch(members, told, kinds, (first, min(first + size, len(members.masters))))


@dataclass(frozen=True)
class _Members:
    """The rows of a crosswalk in order: the masters, the first row of each (and the end), dataset and id by row."""

    masters: pa.Array
    starts: Integers
    datasets: np.ndarray[tuple[int], np.dtype[np.uint8]]
    record_ids: pa.ChunkedArray


def _members(policy: Policy, path: Path) -> _Members:
    names = ["source", "dataset"]
    rows = pq.read_table(path, columns=["master_id", *names, "record_id"], partitioning=None, read_dictionary=names)
    datasets = _places(policy, rows)
    masters = as_keys(rows.column("master_id"))
    if not _is_sorted(masters, datasets, rows.column("record_id")):
        rows = rows.append_column("_dataset", pa.array(datasets))
        keys = [(name, "ascending") for name in ("master_id", "_dataset", "record_id")]
        order = pc.sort_indices(rows, keys)
        rows, datasets, masters = rows.take(order), datasets[order.to_numpy()], masters[order.to_numpy()]
    opens = np.flatnonzero(np.append(True, masters[1:] != masters[:-1])) if len(masters) else np.zeros(0, np.int64)
    ids = rows.column("master_id").cast(pa.string()).take(pa.array(opens))
    return _Members(whole(ids), np.append(opens, len(masters)), datasets, rows.column("record_id").cast(pa.string()))


def _places(policy: Policy, rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The position of each row's dataset in `ordered_datasets`."""
    (sources, places), (datasets, others) = (_coded(rows.column(name)) for name in ("source", "dataset"))
    order = {name: position for position, name in enumerate(ordered_datasets(policy))}
    position = np.full((len(sources), len(datasets)), len(order), np.uint8)
    for one, source in enumerate(sources):
        for other, dataset in enumerate(datasets):
            position[one, other] = order.get(f"{source}.{dataset}", len(order))
    found = position[places, others] if len(places) else np.zeros(0, np.uint8)
    strange = np.flatnonzero(found == len(order))
    if len(strange):
        pairs = np.unique(np.stack([places[strange], others[strange]]), axis=1).T.tolist()
        named = sorted(f"{sources[one]}.{datasets[other]}" for one, other in pairs)
        raise BadSpecification(
            "the crosswalk names datasets of another entity", ", ".join(named), ", ".join(policy.datasets)
        )
    return found


def _coded(column: pa.ChunkedArray) -> tuple[list[str | None], Integers]:
    encoded = whole(column.unify_dictionaries())
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)


def _is_sorted(masters: Keys, datasets: np.ndarray[tuple[int], np.dtype[np.uint8]], ids: pa.ChunkedArray) -> bool:
    one, same = masters[1:] > masters[:-1], masters[1:] == masters[:-1]
    if not (one | (same & (datasets[1:] >= datasets[:-1]))).all():
        return False
    rows = np.flatnonzero(same & (datasets[1:] == datasets[:-1]))
    before, after = ids.take(pa.array(rows)), ids.take(pa.array(rows + 1))
    return bool(pc.all(pc.less(before, after), min_count=0).as_py())


@dataclass(frozen=True)
class _Column:
    """A column of the batches: what a table `t` says of it, as SQL; null where it says nothing."""

    name: str
    kind: pa.DataType
    told: str | None = None


def _columns(policy: Policy, dataset: str = "", available: Sequence[str] = ()) -> Iterator[_Column]:
    """All columns of the batches but those of the crosswalk, as a dataset's table with some columns states them."""
    yield _Column("updated_at", pa.timestamp("us"), _plain("updated_at", available, "TIMESTAMP"))
    yield _Column("_flags", pa.string(), _plain("_flags", available, "VARCHAR"))
    for attribute in policy.attributes:
        speaks = any(_speaks(one, dataset, available) for one in attribute.speakers)
        told = spoken(attribute, dataset, available) if speaks else None
        yield _Column(attribute.name, ARROW_TYPES[attribute.column.type], told)
        if attribute.prefer_by:
            preferred = _plain(attribute.prefer_by, available, "VARCHAR") if speaks else None
            yield _Column(attribute.name + PREFER_SUFFIX, pa.string(), preferred)


@dataclass(frozen=True)
class _Told:
    """What a table says: its rows of the crosswalk, where each stands in the columns, and these, mapped."""

    rows: Integers
    places: Integers
    columns: Mapping[str, pa.Array]


def _laid_down(
    connection: duckdb.DuckDBPyConnection, policy: Policy, sources: Sources, of: tuple[_Members, int], folder: Path
) -> _Told:
    members, position = of
    name = ordered_datasets(policy)[position]
    if name not in sources.tables:
        raise BadSpecification("the crosswalk names a dataset that has no table", name, "its accepted table")
    path = sources.tables[name]
    asked = members.record_ids.filter(pa.array(members.datasets == position))
    columns = [one for one in _columns(policy, name, pq.read_schema(path).names) if one.told]
    told = ", ".join(f"{one.told} AS {quoted(one.name)}" for one in columns)
    query = f"SELECT t.record_id::VARCHAR AS record_id, {told} FROM read_parquet($path) t"
    if len(asked) < _FEW * pq.read_metadata(path).num_rows:
        connection.register("asked", pa.table({"record_id": asked}))
        query += " SEMI JOIN asked USING (record_id)"
    stated = connection.sql(query, params={"path": str(path)}).to_arrow_table()
    ids = stated.column("record_id")
    places = pc.index_in(asked.cast(ids.type), value_set=ids)
    if places.null_count:
        raise ContractBroken(
            f"the crosswalk has {len(asked)} records, of which the table gives {len(asked) - places.null_count}",
            name,
            "the table that was matched",
            "run the matching again on the accepted tables of now",
        )
    return _Told(
        np.flatnonzero(members.datasets == position),
        places.to_numpy().astype(np.int64),
        _mapped(stated, folder / name),
    )


def _mapped(table: pa.Table, folder: Path) -> Mapping[str, pa.Array]:
    """The columns of a table in files of their own, mapped."""
    folder.mkdir(mode=0o700)
    found = {}
    for number, name in enumerate(table.column_names):
        path, column = folder / f"{number}.arrow", whole(table.column(name))
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, pa.schema([(name, column.type)])) as writer:
            writer.write_batch(pa.record_batch([column], [name]))
        found[name] = whole(pa.ipc.open_file(pa.memory_map(str(path))).read_all().column(0))
    return found


def _batch(
    members: _Members, told: list[_Told], kinds: Mapping[str, pa.DataType], masters: tuple[int, int]
) -> pa.Table:
    """The rows of some masters: taken out of each table, then put into the order of the crosswalk."""
    start, stop = (int(members.starts[at]) for at in masters)
    order, parts, count = np.zeros(stop - start, np.int64), [], 0
    for one in told:
        here = slice(*np.searchsorted(one.rows, [start, stop]).tolist())
        places = one.places[here]
        order[one.rows[here] - start] = count + np.arange(len(places))
        parts.append((one.columns, pa.array(places)))
        count += len(places)
    sizes = np.diff(members.starts[masters[0] : masters[1] + 1])
    columns = {
        "master_id": members.masters.take(pa.array(np.repeat(np.arange(*masters), sizes))),
        "_dataset": pa.array(members.datasets[start:stop]),
        "record_id": members.record_ids.slice(start, stop - start),
    }
    for name, kind in kinds.items():
        taken = [
            stated[name].take(places).cast(kind) if name in stated else pa.nulls(len(places), kind)
            for stated, places in parts
        ]
        columns[name] = pa.concat_arrays(taken).take(pa.array(order))
    return pa.table(columns)


def _plain(column: str, available: Sequence[str], kind: str) -> str | None:
    return f"t.{quoted(column)}::{kind}" if column in available else None


def _speaks(speaker: Speaker, dataset: str, available: Sequence[str]) -> bool:
    return speaker.dataset == dataset and speaker.column in available


def spoken(attribute: Attribute, dataset: str, available: Sequence[str]) -> str:
    """What a row `t` of a dataset's table says of an attribute, as SQL; `available`: the columns of the table."""
    kind = _SQL_TYPES[attribute.column.type]
    speakers = [one for one in attribute.speakers if _speaks(one, dataset, available)]
    values = [f"CAST({_part(speaker)} AS {kind})" for speaker in speakers]
    return f"coalesce({', '.join(values)})" if values else f"CAST(NULL AS {kind})"


def _part(speaker: Speaker) -> str:
    text = f"t.{quoted(speaker.column)}"
    if speaker.start is not None and speaker.stop is not None:
        text = f"substr({text}, {speaker.start + 1:d}, {speaker.stop - speaker.start:d})"
    if speaker.length is not None:
        text = f"CASE WHEN length(t.{quoted(speaker.column)}) = {speaker.length:d} THEN {text} END"
    return text
