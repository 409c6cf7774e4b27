"""Golden records: the one agreed record of each person or enterprise, and where each of its values comes from.

A pure function of the source records, the crosswalk, the policy and the as-of day: the same in, byte for byte the same
out, in whatever order the rows lie. It refuses a crosswalk that does not belong to the tables. Invariant: every value
that is not counted stands in the record that its provenance names.

Provenance has one row per master and not one per attribute (a city has a hundred million of those): `records` lists the
master's source records once, and each attribute has a struct of small numbers that point into the list.
`registry.provenance` unfolds it.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.choice import DECISIONS, NONE, Choice, Integers, choose
from registry.criteria import Batch, Values, allowed, ranked
from registry.judgements.overriding import JudgedValues, with_judged
from registry.members import MASTERS_PER_BATCH, Sources, member_batches, ordered_datasets
from registry.policy import Entity, Policy, policy
from schemas.contract import product_contract
from schemas.rendering.arrow import ARROW_TYPES
from schemas.text import whole

_AT_ONCE = 2  # NumPy and Arrow leave the interpreter while they work

_NAMES = pa.dictionary(pa.int8(), pa.string())

RECORD = pa.struct(
    [("source", _NAMES), ("dataset", _NAMES), ("record_id", pa.string()), ("updated_at", pa.timestamp("us"))]
)
"""One source record of a master."""

ORIGIN = pa.struct(
    [
        ("record", pa.int32()),
        ("policy", _NAMES),
        ("candidates", pa.int32()),
        ("conflicts", pa.int32()),
        ("runner_up", pa.int32()),
    ]
)
"""Where a value comes from. `record`, `runner_up`: positions in `records`, from 0; null where there is none. `policy`:
`sole`, `agreed`, `judgement` (see `registry.judgements.overriding`), or the criterion that preferred the record to the
runner-up. `candidates`: records that state a value; `conflicts`: those that state another."""


@dataclass(frozen=True)
class Golden:
    """Golden records and their provenance.

    `records`: one row per master, the columns of the product's contract, sorted by master_id. `provenance`: the same
    masters in the same order; master_id, `records` (list of RECORD, sorted by source, dataset, record_id) and one
    ORIGIN for each attribute of the policy.
    """

    records: pa.Table
    provenance: pa.Table


def golden_records(
    entity: Entity, crosswalk: Path, tables: Mapping[str, Path], as_of: date, judged: JudgedValues | None = None
) -> Golden:
    """Golden records of all masters of a crosswalk, in memory (a city: 4 GB; `write_golden` streams).

    Args:
        entity: whose policy is applied.
        crosswalk: Parquet with master_id, source, dataset, record_id.
        tables: accepted tables by dataset; those of other entities are disregarded.
        as_of: the day on which "today" is judged; later days and times are implausible.
        judged: values that hold whatever the records say.

    Raises:
        ContractBroken: the crosswalk names records that the tables do not hold.
        BadSpecification: the crosswalk names a dataset of another entity, or one without a table.
    """
    with tempfile.TemporaryDirectory() as folder:
        parts = list(golden_batches(policy(entity), Sources(crosswalk, tables, judged or {}), as_of, Path(folder)))
    return Golden(pa.concat_tables(p.records for p in parts), pa.concat_tables(p.provenance for p in parts))


def write_golden(entity: Entity, sources: Sources, as_of: date, out: Path, work: Path) -> int:
    """Write `data.parquet` and `provenance.parquet` into a folder, batch by batch; returns the number of masters."""
    records, provenance = golden_schemas(policy(entity))
    masters = 0
    with (
        pq.ParquetWriter(out / "data.parquet", records, compression="zstd") as first,
        pq.ParquetWriter(out / "provenance.parquet", provenance, compression="zstd") as second,
    ):
        for part in golden_batches(policy(entity), sources, as_of, work):
            first.write_table(part.records, row_group_size=200_000)
            second.write_table(part.provenance, row_group_size=200_000)
            masters += part.records.num_rows
    return masters


def golden_batches(
    rules: Policy, sources: Sources, as_of: date, work: Path, size: int = MASTERS_PER_BATCH
) -> Iterator[Golden]:
    """Golden records in batches of whole masters; at least one batch, so that an empty crosswalk gives empty tables."""
    records, provenance = golden_schemas(rules)
    yield Golden(records.empty_table(), provenance.empty_table())

    def made(table: pa.Table) -> Golden:
        found = _golden(Batch.of(rules, table, as_of))
        return Golden(*with_judged(found.records, found.provenance, table, sources.judged))

    yield from _in_order(made, member_batches(rules, sources, work, size))


def _in_order(make: Callable[[pa.Table], Golden], tables: Iterator[pa.Table]) -> Iterator[Golden]:
    """Make golden records of several batches at a time, and give them in the order of the batches."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: deque[Future[Golden]] = deque()
        for table in tables:
            waiting.append(pool.submit(make, table))
            if len(waiting) > _AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def golden_schemas(rules: Policy) -> tuple[pa.Schema, pa.Schema]:
    """Of the files of golden records and provenance."""
    columns = product_contract(rules.entity).columns
    records = pa.schema([pa.field(item.name, ARROW_TYPES[item.type], item.nullable) for item in columns])
    head = [pa.field("master_id", pa.string(), nullable=False), pa.field("records", pa.list_(RECORD), nullable=False)]
    return records, pa.schema(head + [pa.field(item.name, ORIGIN, nullable=False) for item in rules.attributes])


def _golden(batch: Batch) -> Golden:
    records, provenance = golden_schemas(batch.policy)
    choices: dict[str, Choice] = {}
    stated: dict[str, Values] = {}
    for attribute in batch.policy.attributes:
        name, leader = attribute.name, attribute.leader
        stated[name] = batch.values(attribute)
        chosen = choices[leader] if leader else None
        may_speak = (
            allowed(batch.groups, chosen, stated[leader]) if attribute.belongs_to and leader and chosen else None
        )
        choices[name] = choose(
            stated[name].codes, may_speak, ranked(batch, attribute, stated[name], chosen), batch.groups
        )
    masters = batch.table.column("master_id").take(pa.array(batch.groups.starts))
    values = {name: _taken(batch.table.column(name), choice.record) for name, choice in choices.items()}
    columns = {"master_id": masters} | values | _counted(batch)
    origins = [_origins(choice, batch.groups.starts) for choice in choices.values()]
    return Golden(
        pa.table([columns[name].cast(records.field(name).type) for name in records.names], schema=records),
        pa.table([masters, _records(batch), *origins], schema=provenance),
    )


def _taken(column: pa.ChunkedArray, record: Integers) -> pa.ChunkedArray:
    return column.take(pa.array(record, mask=record == NONE))


def _counted(batch: Batch) -> dict[str, pa.Array]:
    """The columns that are counted over a master's records."""
    starts = batch.groups.starts
    sets = np.bitwise_or.reduceat(np.left_shift(1, batch.datasets), starts)
    names = ordered_datasets(batch.policy)
    distinct, place = np.unique(sets, return_inverse=True)
    texts = pa.array(
        [";".join(name for bit, name in enumerate(names) if each >> bit & 1) for each in distinct.tolist()], pa.string()
    )
    never = np.iinfo(np.int64).min
    times = pc.fill_null(batch.table.column("updated_at").cast(pa.timestamp("us")).cast(pa.int64()), never).to_numpy()
    newest = np.maximum.reduceat(times, starts)
    return {
        "sources": texts.take(pa.array(place)),
        "record_count": pa.array(_sizes(batch), pa.int64()),
        "updated_at": pa.array(newest, pa.int64(), mask=newest == never).cast(pa.timestamp("us")),
    }


def _sizes(batch: Batch) -> Integers:
    return np.diff(np.append(batch.groups.starts, len(batch.groups.of)))


def _records(batch: Batch) -> pa.Array:
    """The source records of each master as a list."""
    names = [name.split(".") for name in ordered_datasets(batch.policy)]
    code = pa.array(batch.datasets, pa.int8())
    source, dataset = (
        pa.DictionaryArray.from_arrays(code, pa.array([name[part] for name in names], pa.string())) for part in (0, 1)
    )
    rows = pa.StructArray.from_arrays(
        [
            source,
            dataset,
            whole(batch.table.column("record_id")),
            whole(batch.table.column("updated_at")).cast(pa.timestamp("us")),
        ],
        fields=list(RECORD),
    )
    return pa.ListArray.from_arrays(pa.array(np.append(batch.groups.starts, len(rows)), pa.int32()), rows)


def _origins(choice: Choice, starts: Integers) -> pa.Array:
    policy_names = pa.DictionaryArray.from_arrays(
        pa.array(choice.decision.astype(np.int8)), pa.array(DECISIONS, pa.string())
    )
    return pa.StructArray.from_arrays(
        [
            _position(choice.record, starts),
            policy_names,
            pa.array(choice.candidates, pa.int32()),
            pa.array(choice.conflicts, pa.int32()),
            _position(choice.runner_up, starts),
        ],
        fields=list(ORIGIN),
    )


def _position(rows: Integers, starts: Integers) -> pa.Array:
    return pa.array((rows - starts).astype(np.int32), mask=rows == NONE)
