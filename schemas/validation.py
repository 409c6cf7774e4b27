"""A batch as received, made into accepted rows and quarantine.

Owns which row is refused and what an accepted row looks like. Bad rows never raise: accepted + quarantined = received.
A missing or unreadable column raises before any row is judged. Personal values appear in no message.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa

from schemas import column_checks, field_agreement
from schemas.column_checks import Checked
from schemas.contract import Column, Contract, Mode, ValueType
from schemas.flags import counts, joined_names
from schemas.quarantine import quarantine_rows
from schemas.received import OPERATION, Received, received
from schemas.rendering.arrow import ARROW_TYPES, BATCH_COLUMN, FLAGS_COLUMN, RAW_SUFFIX, accepted_schema
from schemas.repeats import repeated
from schemas.text import Mask, present, whole
from schemas.threads import mapped

SLICE: Final = 1 << 18
"""Rows judged at a time by a thread, which bounds the working memory."""

DELETE: Final = "D"
UPSERT: Final = "U"
_OPERATIONS: Final = Column(OPERATION, "操作", "operation", ValueType.STRING)


@dataclass(frozen=True)
class Validated:
    """The outcome of a batch.

    `accepted`: one row per accepted record, columns as `rendering.arrow.accepted_schema` says.
    `quarantined`: received columns as text, `_row` (1-based), `_rules`. `rule_counts` and `flag_counts`:
    `column:rule` → quarantined or accepted rows. `extra_columns` were received and not loaded; `absent_columns` are
    optional and were not received.
    """

    accepted: pa.Table
    quarantined: pa.Table
    received: int
    rule_counts: Mapping[str, int]
    flag_counts: Mapping[str, int]
    extra_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Task:
    """What every slice of a batch is judged by; `wanted`: columns of the accepted table."""

    found: Received
    contract: Contract
    batch: str
    as_of: date
    wanted: frozenset[str]

    def keeps(self, column: Column) -> bool:
        """Whether values or raw texts of the column are needed once its rows are judged."""
        names = {column.name, column.name + RAW_SUFFIX}
        return not self.wanted.isdisjoint(names) or column.name in ("record_id", self.contract.cursor)


@dataclass(frozen=True)
class _Judged:
    """A slice of the batch before repeated record ids are known."""

    source: pa.Table
    rows: pa.Table  # accepted columns without `_flags`, all rows; more than are wanted
    flags: Mapping[str, Mask]
    refusals: Mapping[str, Mask]

    @property
    def refused(self) -> Mask:
        return _any(self.refusals, len(self.source))


def validate(
    table: pa.Table,
    contract: Contract,
    *,
    batch: str,
    mode: Mode,
    as_of: date,
    columns: Collection[str] | None = None,
) -> Validated:
    """Judge every row of a received table.

    A row that deletes (`op` D of a delta) needs a record id only. Text of nothing but blanks is null everywhere. Of
    rows that share a record id the latest stays; a row refused for another reason does not compete.

    `columns` are those of the accepted table that are wanted besides `record_id` (and `op`), all where it is None.
    Rows are refused by all columns in any case; flags are looked for only where `_flags` is wanted.

    Raises:
        ContractBroken: a required column is missing, stands twice, or cannot be read as text.
    """
    found = received(table, contract, mode)
    wanted = _wanted(contract, mode, columns)
    task = _Task(found, contract, batch, as_of, frozenset(wanted.names))
    judged = mapped(lambda piece: _judge(piece, task), _slices(found.table))
    gone = _repeated_rows(judged, contract)
    accepted, quarantined = [], []
    rule_counts: dict[str, int] = {}
    flag_counts: dict[str, int] = {}
    start = 0
    for part in judged:
        size = len(part.source)
        refusals = {**part.refusals, "record_id:repeated": gone[start : start + size]}
        kept = ~_any(refusals, size)
        flags = {name: rows if kept.all() else rows[kept] for name, rows in part.flags.items()}
        accepted.append(_accepted(part, kept, flags, wanted))
        quarantined.append(quarantine_rows(part.source, refusals, start))
        _add(rule_counts, counts(refusals))
        _add(flag_counts, counts(flags))
        start += size
    return Validated(
        pa.concat_tables(accepted).unify_dictionaries(),
        pa.concat_tables(quarantined),
        len(table),
        rule_counts,
        flag_counts,
        found.extra,
        found.absent,
    )


def _wanted(contract: Contract, mode: Mode, columns: Collection[str] | None) -> pa.Schema:
    schema = accepted_schema(contract, mode)
    if columns is None:
        return schema
    return pa.schema([field for field in schema if field.name in columns or field.name in ("record_id", OPERATION)])


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, max(len(table), 1), SLICE):
        yield table.slice(start, SLICE)


def _judge(piece: pa.Table, task: _Task) -> _Judged:
    contract, found = task.contract, task.found
    checked = {column.name: _checked(column, piece, task) for column in contract.columns}
    flags: dict[str, Mask] = {}
    if FLAGS_COLUMN in task.wanted:
        flags = {f"{name}:{rule}": rows for name, one in checked.items() for rule, rows in sorted(one.flags.items())}
        flags.update(field_agreement.disagreements(contract, checked))
    refusals = {f"{name}:{rule}": rows for name, column in checked.items() for rule, rows in column.refusals.items()}
    arrays = _columns(checked, task)
    if found.operation is not None:
        operation, deletes = _operations(piece.column(found.operation), contract, task.as_of)
        arrays[OPERATION] = operation
        refusals = {name: rows & ~deletes | (rows & (name == "record_id:empty")) for name, rows in refusals.items()}
        flags = {name: rows & ~deletes for name, rows in flags.items()}
        refusals["op:unknown"] = ~present(operation)
    return _Judged(piece, pa.table(arrays), {name: rows for name, rows in flags.items() if rows.any()}, refusals)


def _checked(column: Column, piece: pa.Table, task: _Task) -> Checked:
    if column.name not in task.found.columns:
        return column_checks.absent(column, len(piece))
    array = whole(piece.column(task.found.columns[column.name]))
    if task.keeps(column) or column_checks.may_refuse(column):
        return column_checks.check(column, array, as_of=task.as_of, where=task.contract.name)
    return column_checks.look_at(column, array, where=task.contract.name)


def _columns(checked: Mapping[str, Checked], task: _Task) -> dict[str, pa.Array]:
    arrays = {}
    for column in task.contract.columns:
        if not task.keeps(column):
            continue
        arrays[column.name] = checked[column.name].values
        if column.keeps_raw:
            arrays[column.name + RAW_SUFFIX] = checked[column.name].raw
    arrays[BATCH_COLUMN] = pa.repeat(pa.scalar(task.batch, pa.string()), len(arrays["record_id"]))
    return arrays


def _operations(column: pa.ChunkedArray, contract: Contract, as_of: date) -> tuple[pa.StringArray, Mask]:
    """U, D, or null where the word is unknown, and the rows that delete; nothing written means U."""
    text = column_checks.check(_OPERATIONS, whole(column), as_of=as_of, where=contract.name).values
    encoded = text.fill_null(UPSERT).dictionary_encode()
    words = [word.upper() if word.upper() in (UPSERT, DELETE) else None for word in encoded.dictionary.to_pylist()]
    operation = pa.array(words, pa.string()).take(encoded.indices)
    deletes = np.array([word == DELETE for word in words], bool)[encoded.indices.to_numpy(zero_copy_only=False)]
    return operation, deletes


def _repeated_rows(judged: list[_Judged], contract: Contract) -> Mask:
    eligible = np.concatenate([~part.refused for part in judged])
    record_ids = pa.chunked_array([part.rows.column("record_id").combine_chunks() for part in judged], pa.string())
    cursor = None
    if contract.cursor is not None:
        kind = ARROW_TYPES[contract.column(contract.cursor).type]
        cursor = pa.chunked_array([part.rows.column(contract.cursor).combine_chunks() for part in judged], kind)
    return repeated(record_ids, cursor, eligible)


def _accepted(part: _Judged, kept: Mask, flags: Mapping[str, Mask], schema: pa.Schema) -> pa.Table:
    rows = part.rows.select([name for name in part.rows.column_names if name in schema.names])
    rows = rows if kept.all() else rows.filter(pa.array(kept))
    if FLAGS_COLUMN in schema.names:
        rows = rows.append_column(FLAGS_COLUMN, joined_names(flags, len(rows)))
    if OPERATION in schema.names and OPERATION not in rows.column_names:
        rows = rows.append_column(OPERATION, pa.repeat(pa.scalar(UPSERT, pa.string()), len(rows)))
    return rows.select(schema.names).cast(schema)


def _any(masks: Mapping[str, Mask], rows: int) -> Mask:
    held = np.zeros(rows, bool)
    for mask in masks.values():
        held |= mask
    return held


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
