"""Record ids that stand more than once in a batch: which row counts."""

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.text import Mask


def repeated(record_ids: pa.ChunkedArray, cursor: pa.ChunkedArray | None, eligible: Mask) -> Mask:
    """Rows that must give way to another row with their record id.

    The row with the latest cursor counts, of equal ones the first; a null cursor is the earliest. Rows that are not
    `eligible`, being refused already, neither count nor give way.
    """
    gone = np.zeros(len(eligible), bool)
    if len(eligible) < 2 or (eligible.all() and is_ascending(record_ids)):
        return gone
    codes = _codes(record_ids)
    occurrences = np.bincount(codes[eligible], minlength=1)
    rows = np.flatnonzero(eligible & (occurrences[np.where(eligible, codes, 0)] > 1))
    if len(rows) == 0:
        return gone
    order = np.lexsort((rows, -_ranks(cursor, rows), codes[rows]))
    ordered = codes[rows][order]
    gone[rows[order[1:]]] = ordered[1:] == ordered[:-1]
    return gone


def is_ascending(record_ids: pa.ChunkedArray) -> bool:
    """Whether every id is greater than the one before: then none is repeated, and no table of them is needed."""
    pieces = [chunk for chunk in record_ids.chunks if len(chunk)]
    if record_ids.null_count or any(pc.all(pc.less(piece[:-1], piece[1:])).as_py() is False for piece in pieces):
        return False
    ends = [(piece[0].as_py(), piece[-1].as_py()) for piece in pieces]
    return all(before[1].encode() < after[0].encode() for before, after in itertools.pairwise(ends))


def _codes(record_ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    encoded = record_ids.dictionary_encode()
    places = [pc.fill_null(chunk.indices, 0).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return np.concatenate([np.zeros(0, np.int64), *places]).astype(np.int64)


def _ranks(cursor: pa.ChunkedArray | None, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Order of the cursor values of some rows, 0 for null; of any type that Arrow can sort."""
    if cursor is None:
        return np.zeros(len(rows), np.int64)
    values = cursor.take(pa.array(rows)).combine_chunks()
    ordered = pc.drop_null(pc.unique(values)).sort()
    places: npt.NDArray[np.int64] = pc.fill_null(pc.index_in(values, ordered), -1).to_numpy(zero_copy_only=False)
    return places.astype(np.int64) + 1
