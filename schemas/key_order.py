"""The order of record ids, as bytes: fast where what tells them apart fits into eight bytes, as it mostly does."""

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.characters import Bytes, Integers, lengths
from schemas.text import offsets

Places = npt.NDArray[np.intp]

_WORD: Final = 8
"""Bytes of the integer that stands for a key."""


def is_ascending(keys: pa.ChunkedArray) -> bool:
    """Whether every key is greater than the one before: then none is repeated, and nothing is to be sorted."""
    pieces = [chunk for chunk in keys.chunks if len(chunk)]
    if keys.null_count or any(pc.all(pc.less(piece[:-1], piece[1:])).as_py() is False for piece in pieces):
        return False
    ends = [(piece[0].as_py(), piece[-1].as_py()) for piece in pieces]
    return all(before[1].encode() < after[0].encode() for before, after in itertools.pairwise(ends))


def sorted_places(keys: pa.StringArray) -> Places:
    """The places of the keys in ascending order, nulls last; equal keys in any order. Keys hold no NUL character."""
    words = _words(keys)
    if words is None:
        return np.asarray(pc.array_sort_indices(keys).to_numpy(zero_copy_only=False)).astype(np.intp)
    return np.argsort(words)


def _words(keys: pa.StringArray) -> npt.NDArray[np.uint64] | None:
    """Integers in the order of the keys: the bytes behind what all keys begin with; None where these do not fit."""
    if len(keys) == 0 or keys.null_count:
        return None
    ends = pc.min_max(keys).as_py()
    alike = [one == other for one, other in zip(ends["min"].encode(), ends["max"].encode(), strict=False)]
    common = [*alike, False].index(False)
    widths = lengths(keys) - common
    if widths.max() > _WORD:
        return None
    return _spelled(keys, common, widths).view(">u8").reshape(-1).astype(np.uint64)


def _spelled(keys: pa.StringArray, common: int, widths: Integers) -> Bytes:
    """The bytes of each key behind its first `common` ones, of which there are `widths`; zeros fill the row."""
    content = np.frombuffer(keys.buffers()[2] or b"", np.uint8)
    starts = offsets(keys)[:-1]
    spelled = np.zeros((len(keys), _WORD), np.uint8)
    least, most = int(widths.min()), int(widths.max())
    if least == most:
        rows = content[starts[0] :][: len(keys) * (common + most)].reshape(len(keys), common + most)
        spelled[:, :most] = rows[:, common:]
        return spelled
    for place in range(most):
        long = np.flatnonzero(widths > place)
        spelled[long, place] = content[starts[long] + common + place]
    return spelled
