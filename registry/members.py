"""The source records of an entity, side by side with the master id that they belong to, in batches of whole masters.

Owns the join of a crosswalk with the accepted tables. The join runs once, out of core, partitioned by master; a batch
then fits into memory whatever the size of the city. Invariant: the batches hold every row of the crosswalk once, in the
order of master id, dataset, record id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from registry.judgements.overriding import JudgedValues
from registry.policy import Attribute, Policy, Speaker
from registry.sql import connect, count, quoted
from schemas.contract import ValueType
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
    with connect(folder) as connection:
        _number_masters(connection, sources.crosswalk)
        written = [
            folder / name
            for position, name in enumerate(ordered_datasets(policy))
            if _join(connection, policy, sources, (position, name), folder / name, size)
        ]
        _refuse_strangers(connection, policy)
        masters = count(connection, "SELECT count(*) FROM masters")
        for part in range(-(-masters // size)):
            yield _read_part(connection, written, part)


def _number_masters(connection: duckdb.DuckDBPyConnection, crosswalk: Path) -> None:
    connection.read_parquet(str(crosswalk)).create_view("crosswalk")
    connection.execute(
        "CREATE TABLE masters AS SELECT master_id, row_number() OVER (ORDER BY master_id) - 1 AS number"
        " FROM (SELECT DISTINCT master_id FROM crosswalk)"
    )


def _join(
    connection: duckdb.DuckDBPyConnection,
    policy: Policy,
    sources: Sources,
    dataset: tuple[int, str],
    out: Path,
    size: int,
) -> bool:
    """Write the records of one dataset with their master's number, partitioned; False where the crosswalk has none."""
    position, name = dataset
    source, _, short = name.partition(".")
    expected = count(connection, "SELECT count(*) FROM crosswalk WHERE source = ? AND dataset = ?", [source, short])
    if not expected:
        return False
    if name not in sources.tables:
        raise BadSpecification("the crosswalk names a dataset that has no table", name, "its accepted table")
    table = connection.read_parquet(str(sources.tables[name]))
    table.create_view(f"table_{position}")
    columns = ", ".join(_columns(policy, name, table.columns))
    joined = connection.sql(
        f"SELECT m.number, m.number // {size:d} AS part, {position:d}::UTINYINT AS _dataset, m.master_id, t.record_id,"
        f" {columns} FROM crosswalk x JOIN masters m ON m.master_id = x.master_id"
        f" JOIN table_{position:d} t ON t.record_id = x.record_id WHERE x.source = $source AND x.dataset = $dataset",
        params={"source": source, "dataset": short},
    )
    joined.write_parquet(str(out), partition_by=["part"], compression="lz4")
    found = count(connection, "SELECT count(*) FROM read_parquet(?)", [f"{out}/*/*.parquet"])
    if found != expected:
        raise ContractBroken(
            f"the crosswalk has {expected} records, of which the table gives {found}",
            name,
            "the table that was matched",
            "run the matching again on the accepted tables of now",
        )
    return True


def _columns(policy: Policy, dataset: str, available: list[str]) -> Iterator[str]:
    yield f"{_plain('updated_at', available)}::TIMESTAMP AS updated_at"
    yield f"{_plain('_flags', available)}::VARCHAR AS _flags"
    for attribute in policy.attributes:
        yield f"{spoken(attribute, dataset, available)} AS {quoted(attribute.name)}"
        if attribute.prefer_by:
            speaks = any(_speaks(one, dataset, available) for one in attribute.speakers)
            preferred = _plain(attribute.prefer_by, available) if speaks else "NULL"
            yield f"{preferred}::VARCHAR AS {quoted(attribute.name + PREFER_SUFFIX)}"


def _plain(column: str, available: list[str]) -> str:
    return f"t.{quoted(column)}" if column in available else "NULL"


def _speaks(speaker: Speaker, dataset: str, available: list[str]) -> bool:
    return speaker.dataset == dataset and speaker.column in available


def spoken(attribute: Attribute, dataset: str, available: list[str]) -> str:
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


def _refuse_strangers(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    named = connection.execute("SELECT DISTINCT source || '.' || dataset FROM crosswalk ORDER BY 1").fetchall()
    strangers = [name for (name,) in named if name not in policy.datasets]
    if strangers:
        raise BadSpecification(
            "the crosswalk names datasets of another entity", ", ".join(strangers), ", ".join(policy.datasets)
        )


def _read_part(connection: duckdb.DuckDBPyConnection, written: list[Path], part: int) -> pa.Table:
    folders = [folder / f"part={part}" for folder in written]
    files = [f"{folder}/*.parquet" for folder in folders if folder.is_dir()]
    return connection.sql(
        "SELECT * EXCLUDE (number) FROM read_parquet($files, hive_partitioning = false)"
        " ORDER BY number, _dataset, record_id",
        params={"files": files},
    ).to_arrow_table()
