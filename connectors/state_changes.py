"""What differs between two accepted states of a dataset, whatever batches lie between them.

States are sorted by record id, one row each, so they are compared column by column and memory holds one column of
each. The batch that brought a row is no difference: a snapshot brings every row anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.batches import KEY

_NO_DIFFERENCE = frozenset({KEY, "_batch"})


@dataclass(frozen=True)
class StateChanges:
    """Record ids: `changed` are new or other than they were, in order; `removed` are no more."""

    changed: pa.StringArray
    removed: pa.StringArray


def state_changes(before: Path | None, after: Path | None) -> StateChanges:
    """Compare two accepted tables; None stands for a state that is not there."""
    nothing = pa.array([], pa.string())
    if before is None or after is None:
        return StateChanges(_keys(after) if after else nothing, _keys(before) if before else nothing)
    old, new = _keys(before), _keys(after)
    place = pc.index_in(new, value_set=old)
    known = place.is_valid().to_numpy(zero_copy_only=False)
    found = place.drop_null()
    differs = np.zeros(len(found), bool)
    aligned = len(found) == len(old) == len(new)
    for one, other in _columns(before, after):
        differs |= _differs(one if aligned else one.take(found), other if aligned else other.filter(pa.array(known)))
    changed = ~known
    changed[known] = differs
    gone = np.ones(len(old), bool)
    gone[found.to_numpy()] = False
    return StateChanges(new.filter(pa.array(changed)), old.filter(pa.array(gone)))


def rows_of(table: Path, record_ids: pa.StringArray, columns: frozenset[str]) -> pa.Table:
    """Some rows of an accepted table, in its order: those of the columns that it has."""
    names = [name for name in pq.read_schema(table).names if name in columns]
    chosen = pc.is_in(_keys(table), value_set=record_ids)
    if not len(record_ids):
        return pq.read_schema(table).empty_table().select(names)
    return pa.table({name: _read(table, name).filter(chosen) for name in names})


def _columns(before: Path, after: Path) -> Iterator[tuple[pa.ChunkedArray, pa.ChunkedArray]]:
    """Each column of both; one that only one state has is null in the other."""
    old, new = (set(pq.read_schema(path).names) - _NO_DIFFERENCE for path in (before, after))
    for name in sorted(old | new):
        one = _read(before, name) if name in old else None
        other = _read(after, name) if name in new else None
        sizes = [pq.read_metadata(path).num_rows for path in (before, after)]
        yield (
            one if one is not None else pa.chunked_array([pa.nulls(sizes[0], _plain(other))]),
            other if other is not None else pa.chunked_array([pa.nulls(sizes[1], _plain(one))]),
        )


def _differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Where values differ; null equals null."""
    if one.type != other.type:
        one, other = one.cast(_plain(one)), other.cast(_plain(other))
    unequal = pc.fill_null(pc.not_equal(one, other), False)
    return np.asarray(_flags(unequal) | (_flags(one.is_null()) != _flags(other.is_null())))


def _flags(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[Any] = values.to_numpy()
    return np.asarray(flags, bool)


def _keys(table: Path) -> pa.StringArray:
    keys = _read(table, KEY).cast(pa.string())
    return pa.concat_arrays(keys.chunks) if keys.num_chunks else pa.array([], pa.string())


def _read(table: Path, name: str) -> pa.ChunkedArray:
    column = pq.read_table(table, columns=[name], partitioning=None).column(name)
    return column.cast(_plain(column))


def _plain(column: pa.ChunkedArray | None) -> pa.DataType:
    if column is None:
        return pa.null()
    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type
