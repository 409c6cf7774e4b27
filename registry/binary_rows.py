"""Master ids with lists of small numbers, as PostgreSQL's binary COPY takes them.

A city has seven million lists of eighty numbers: put together one by one they take as long as all else of a load. All
rows are of one length, so a batch of them is one array of bytes. Source of the layout: PostgreSQL's documentation of
COPY, "Binary Format", and `array_send` in its source.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from registry.master_ids import LENGTH
from storage.errors import Internal

SMALLINT: Final = 21
"""The type of the numbers, as `pg_type` knows it."""

_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def packed(batches: Iterable[tuple[pa.StringArray, npt.NDArray[np.int16]]]) -> Iterator[bytes]:
    """A whole COPY of two columns, text and smallint[].

    Args:
        batches: master ids, and a row of numbers for each; as many numbers in all of them.
    """
    yield _BEGIN
    for ids, numbers in batches:
        if not pc.all(pc.equal(pc.binary_length(ids), LENGTH), min_count=0).as_py():
            raise Internal("master ids of another length", "provenance", f"{LENGTH} characters")
        rows = np.zeros(len(ids), _layout(numbers.shape[1]))
        rows["columns"], rows["id_bytes"], rows["list_bytes"] = 2, LENGTH, 20 + 6 * numbers.shape[1]
        _, places, characters = ids.buffers()
        if len(ids):
            start = int(np.frombuffer(places, np.int32)[ids.offset])
            rows["id"] = np.frombuffer(characters, f"S{LENGTH}", len(ids), start)
        rows["dimensions"], rows["type"], rows["size"], rows["first"] = 1, SMALLINT, numbers.shape[1], 1
        rows["numbers"]["bytes"], rows["numbers"]["number"] = 2, numbers
        yield rows.tobytes()
    yield _END


def _layout(size: int) -> np.dtype[np.void]:
    """One row: the number of columns, then each with its length before it."""
    number = np.dtype([("bytes", ">i4"), ("number", ">i2")])
    head = [("columns", ">i2"), ("id_bytes", ">i4"), ("id", f"S{LENGTH}"), ("list_bytes", ">i4")]
    array = [("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("size", ">i4"), ("first", ">i4")]
    return np.dtype([*head, *array, ("numbers", number, (size,))])
