"""A column of values as codes into distinct values, and the edits that make it wrong.

Most records repeat what is true of their person; so a column is the persons' values and, for each record, an index. An
edit appends the few new values and points the edited records at them. Code -1 is null.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulation.randomness import Ints, Strings


class Coded:
    """A text column: `values` (distinct or not) and one `codes` entry per record."""

    def __init__(self, values: pa.StringArray, codes: Ints) -> None:
        self.values = values
        self.codes: NDArray[np.int32] = codes.astype(np.int32)

    @classmethod
    def of(cls, texts: Strings | Sequence[str | None] | pa.Array) -> "Coded":
        """A column that holds `texts` in their order; None and null become null."""
        array = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
        codes = np.arange(len(array), dtype=np.int64)
        if array.null_count:
            codes[np.asarray(pc.is_null(array))] = -1
        return cls(array, codes)

    def taken(self, rows: Ints) -> "Coded":
        """The column of the given rows, in their order; it shares the values."""
        return Coded(self.values, self.codes[rows].astype(np.int64))

    def texts(self, rows: Ints) -> list[str | None]:
        """The values of a few rows."""
        codes = self.codes[rows]
        if not len(self.values):
            return [None] * len(codes)
        found: list[str | None] = self.values.take(pa.array(np.maximum(codes, 0))).to_pylist()
        return [None if code < 0 else text for code, text in zip(codes, found, strict=True)]

    def put(self, rows: Ints, texts: Sequence[str | None]) -> None:
        """Replace the values of a few rows."""
        if not len(rows):
            return
        start = len(self.values)
        added = pa.array(texts, pa.string())
        self.values = pa.concat_arrays([self.values, added])
        self.codes[rows] = np.where(np.asarray(pc.is_null(added)), -1, start + np.arange(len(rows)))

    def edit(self, rows: Ints, change: Callable[[str], str | None]) -> Ints:
        """Apply `change` to the non-null values of a few rows; return the rows whose value became another one."""
        before = self.texts(rows)
        after = [None if text is None else change(text) for text in before]
        differs = np.array([a != b for a, b in zip(before, after, strict=True)], dtype=bool)
        self.put(rows[differs], [text for text, new in zip(after, differs, strict=True) if new])
        changed: Ints = rows[differs]
        return changed

    def clear(self, rows: Ints) -> None:
        """Make a few rows null."""
        self.codes[rows] = -1

    def array(self) -> pa.StringArray:
        """The plain Arrow column."""
        codes = pa.array(self.codes, mask=self.codes < 0)
        return self.values.take(codes)


def joined(*parts: pa.Array | str) -> pa.StringArray:
    """Concatenate columns and constants row by row; null in any part gives null."""
    return pc.binary_join_element_wise(*parts, "")
