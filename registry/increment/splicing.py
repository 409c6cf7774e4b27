"""A sorted Parquet file with some rows replaced: everything else is copied as it stands.

Row group by row group: one is read while the one before is written, and memory holds the two. Texts that repeat stay
the numbers that they are in the file. Invariant: the result is what sorting all its rows would give.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROW_GROUP = 200_000

_REPEATS = 2.5  # bytes a value up to which a column is one of numbers that stand for few values
_LAST = "~"  # sorts behind every master id, as null does

Keys: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Replacement:
    """Rows in the stead of others, in a file that is sorted first by a column of text or of integers.

    `rows`: file with the new rows, sorted as the file is. Which rows go is said in one of two ways: `touched`: values
    of that column of which all go; or `places`: the positions in the file of those that go, ascending, where other rows
    of a value may stay: then `order` are the columns by which the file is sorted.
    """

    key: str
    rows: Path
    touched: pa.Array | pa.ChunkedArray | None = None
    places: Rows | None = None
    order: tuple[str, ...] = ()


def as_keys(column: pa.Array | pa.ChunkedArray) -> Keys:
    """A column of text or of integers as an array that sorts as it does: texts as UTF-8, null behind all of them."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_integer(array.type):
        return np.asarray(array)
    array = pc.fill_null(array.cast(pa.string()), _LAST)
    if not len(array):
        return np.array([], "S1")
    _, places, characters = array.buffers()
    ends = np.frombuffer(places, np.int32)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(characters, np.uint8)[ends[0] : ends[-1]] if characters else np.array([], np.uint8)
    sizes = np.diff(ends)
    width = max(int(sizes.max()), 1)
    if int(sizes.min()) == width:
        return text.view(f"S{width}")
    padded = np.zeros(len(sizes) * width, np.uint8)
    begins = np.arange(len(sizes)) * width - (ends[:-1] - ends[0])
    padded[np.arange(len(text)) + np.repeat(begins, sizes)] = text
    return padded.view(f"S{width}")


def splice(before: Path, change: Replacement, out: Path, gone: Path | None = None) -> None:
    """Write a file with some rows replaced; `gone` takes the rows that went."""
    with pq.ParquetFile(before) as file:
        plain, repeating = file.schema_arrow, _repeating(file.metadata)
    numbered = [name for name in plain.names if name in repeating and pa.types.is_string(plain.field(name).type)]
    new = pq.read_table(change.rows)
    plain = _common(plain, new)
    new = new.select(plain.names).cast(plain)
    schema = pa.schema([_numbered(one) if one.name in numbered else one for one in plain], plain.metadata)
    touched = None if change.touched is None else np.unique(as_keys(change.touched))
    removed, done = [plain.empty_table()], 0
    with (
        pq.ParquetFile(before, read_dictionary=numbered) as file,
        pq.ParquetWriter(
            out, schema, compression="zstd", use_dictionary=repeating or False, write_statistics=[change.key],
            store_schema=not numbered,
        ) as writer,
        ThreadPoolExecutor(1) as background,
    ):  # fmt: skip
        writing: list[Future[None]] = []
        for rows, coming in _groups(file, change.key, new):
            goes = _going(rows, done, change, touched)
            merged = _taken(rows, coming, _merged(rows, coming, goes, change), schema)
            done += rows.num_rows
            if gone and goes.any():
                removed.append(rows.filter(pa.array(goes)).cast(plain))
            for one in writing:  # the group before, so that memory holds two
                one.result()
            writing = [background.submit(_write, writer, merged)]
        for one in writing:
            one.result()
    if gone:
        pq.write_table(pa.concat_tables(removed), gone)


def _write(writer: pq.ParquetWriter, rows: pa.Table) -> None:
    """Write rows as a row group, or as several alike where they have become too many for one."""
    if rows.num_rows:
        writer.write_table(rows, row_group_size=-(-rows.num_rows // -(-rows.num_rows // (2 * ROW_GROUP))))


def _repeating(metadata: pq.FileMetaData) -> list[str]:
    """The columns whose values repeat, so that the file has them as numbers."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    group = max(groups, key=lambda one: one.num_rows, default=None)
    columns = [group.column(number) for number in range(group.num_columns)] if group else []
    return [one.path_in_schema for one in columns if one.total_uncompressed_size < _REPEATS * one.num_values]


def _numbered(field: pa.Field) -> pa.Field:
    return field.with_type(pa.dictionary(pa.int32(), field.type))


def _common(old: pa.Schema, new: pa.Table) -> pa.Schema:
    """The columns of the old file; null is allowed too where a new row has one: DuckDB says so where it finds one."""
    fields = [one.with_nullable(one.nullable or new.column(one.name).null_count > 0) for one in old]
    return pa.schema(fields, old.metadata)


def _groups(file: pq.ParquetFile, key: str, new: pa.Table) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Every row group with the new rows that belong there; all rows of a value stand in one."""
    keys, done, rows = as_keys(new.column(key)), 0, file.schema_arrow.empty_table()
    for group in range(file.num_row_groups):
        rows = pa.concat_tables([rows, file.read_row_group(group)])
        if not rows.num_rows:
            continue
        if group == file.num_row_groups - 1:
            break
        held = as_keys(rows.column(key))
        cut, end = (int(np.searchsorted(one, held[-1])) for one in (held, keys))
        yield rows.slice(0, cut), new.slice(done, end - done)
        rows, done = rows.slice(cut), end
    yield rows, new.slice(done)


def _going(rows: pa.Table, done: int, change: Replacement, touched: Keys | None) -> Mask:
    """Which rows go, of those that follow the first `done` of the file."""
    if touched is not None:
        return _runs(as_keys(rows.column(change.key)), touched)
    goes = np.zeros(rows.num_rows, bool)
    if change.places is not None:
        first, last = np.searchsorted(change.places, [done, done + rows.num_rows])
        goes[change.places[first:last] - done] = True
    return goes


def _merged(rows: pa.Table, new: pa.Table, goes: Mask, change: Replacement) -> Rows:
    """The order of the rows that stay and the new ones, which are numbered on from the rows."""
    keys, mixed_keys = as_keys(rows.column(change.key)), as_keys(new.column(change.key))
    mixed, beside = rows.num_rows + np.arange(new.num_rows), np.zeros(rows.num_rows, bool)
    if change.order:  # rows that stay may stand among new ones of the same value
        beside = _runs(keys, np.unique(mixed_keys)) & ~goes
    if beside.any():
        mixed, mixed_keys = _sorted(rows, new, np.concatenate([np.flatnonzero(beside), mixed]), change)
    others = np.flatnonzero(~(goes | beside))
    return np.insert(others, np.searchsorted(keys[others], mixed_keys), mixed)


def _runs(keys: Keys, touched: Keys) -> Mask:
    """Which of sorted keys are among the touched ones, which are sorted and each there once."""
    marks = np.zeros(len(keys) + 1, np.int64)
    if len(keys):
        near = touched[np.searchsorted(touched, keys[0]) : np.searchsorted(touched, keys[-1], "right")]
        np.add.at(marks, np.searchsorted(keys, near), 1)
        np.add.at(marks, np.searchsorted(keys, near, "right"), -1)
    return np.asarray(np.cumsum(marks[:-1]) > 0)


def _sorted(rows: pa.Table, new: pa.Table, mixed: Rows, change: Replacement) -> tuple[Rows, Keys]:
    """Rows of touched values that stay and new ones, in the order of the file."""
    chosen = pa.table({name: _column(rows, new, name).take(pa.array(mixed)) for name in change.order})
    order = pc.sort_indices(chosen, [(name, "ascending", "at_end") for name in change.order]).to_numpy()
    return mixed[order], as_keys(chosen.column(change.key))[order]


def _column(rows: pa.Table, new: pa.Table, name: str) -> pa.Array:
    """A column of both as plain texts or numbers."""
    parts = [table.column(name) for table in (rows, new)]
    kind = new.schema.field(name).type
    return pa.chunked_array([chunk for part in parts for chunk in part.cast(kind).chunks], kind).combine_chunks()


def _taken(rows: pa.Table, new: pa.Table, order: Rows, schema: pa.Schema) -> pa.Table:
    """Rows of both in an order, column by column, so that memory holds one column twice."""
    at, taken = pa.array(order), []
    for field in schema:
        parts = [_as(table.column(field.name), field.type) for table in (rows, new)]
        taken.append(pa.concat_arrays([chunk for part in parts for chunk in part.chunks]).take(at))
    return pa.table(taken, schema=schema)


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.cast(kind)
