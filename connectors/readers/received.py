"""What a reader hands over: the rows as received, and those that are no rows.

Invariant: `rows` = rows of `table` + rows of `malformed`; both keep their position in the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

FIELD_COUNT = "row:field_count"  # the rule of a row with more or fewer fields than the header


@dataclass(frozen=True)
class Received:
    """One batch as received.

    Attributes:
        table: one row per row of the file, columns in its order under the contract's names;
            unknown columns under their own.
        drift: names of the columns that the contract does not know.
        malformed: rows that do not fit the header, in the layout of quarantine: the columns as text,
            `_row`, `_rules`. None where all fit.
        positions: 1-based position in the file of each row of `table`, header not counted; None where row n is at n.
    """

    table: pa.Table
    drift: tuple[str, ...] = ()
    malformed: pa.Table | None = None
    positions: npt.NDArray[np.int64] | None = None

    def without_drift(self) -> "Received":
        """The same batch without the columns that the contract does not know."""
        return replace(
            self, table=self.table.drop_columns([name for name in self.drift if name in self.table.column_names])
        )

    @property
    def rows(self) -> int:
        """Rows of the file, malformed ones included."""
        return int(self.table.num_rows) + (self.malformed.num_rows if self.malformed else 0)


def malformed_rows(names: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], delimiter: str) -> pa.Table | None:
    """Lay out rows with a wrong number of fields: missing fields are null, surplus ones stay joined in the last column.

    Args:
        names: the columns.
        rows: 1-based position in the file, and fields.
        delimiter: what joins the surplus.
    """
    if not rows:
        return None
    width = len(names)
    fitted = [
        [*fields[: width - 1], delimiter.join(fields[width - 1 :])] if len(fields) > width else fields
        for _, fields in rows
    ]
    columns = {
        name: pa.array([fields[at] if at < len(fields) else None for fields in fitted], pa.string())
        for at, name in enumerate(names)
    }
    columns["_row"] = pa.array([position for position, _ in rows], pa.int64())
    columns["_rules"] = pa.array([FIELD_COUNT] * len(rows), pa.string())
    return pa.table(columns)
