"""Records of one dataset under construction: columns, whom they are of, and what was made wrong in each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from simulation import numbers
from simulation.randomness import Floats, Ints
from simulation.values import Coded

Column: TypeAlias = Coded | pa.Array
NO_DAY = -100_000  # a day that is none


@dataclass
class Records:
    """One entry a record; `subject` is the index of its true person or enterprise.

    Of a fact about a person and an enterprise, `subject` is the person and `other` the enterprise.
    """

    dataset: str
    subject: Ints
    columns: dict[str, Column] = field(default_factory=dict)
    wrong: list[tuple[Ints, str]] = field(default_factory=list)
    other: Ints | None = None

    @property
    def count(self) -> int:
        """Number of records."""
        return len(self.subject)

    def coded(self, column: str) -> Coded:
        """A column that can be edited."""
        found = self.columns[column]
        if not isinstance(found, Coded):
            raise TypeError(f"column {column} of {self.dataset} is finished and cannot be edited")
        return found

    def note(self, rows: Ints, kind: str) -> None:
        """Write into the truth that these records have an error of this kind."""
        if len(rows):
            self.wrong.append((rows, kind))

    def spoil(self, column: str, rows: Ints, kind: str, change: Callable[[str], str | None]) -> None:
        """Edit values and note those that became wrong."""
        self.note(self.coded(column).edit(rows, change), kind)

    def blank(self, column: str, rows: Ints, kind: str) -> None:
        """Make values null and note them."""
        values = self.coded(column)
        rows = rows[values.codes[rows] >= 0]
        values.clear(rows)
        self.forget(rows, kind.rsplit("_", 1)[0] + "_")
        self.note(rows, kind)

    def forget(self, rows: Ints, prefix: str) -> None:
        """Take errors back that are no longer to be seen, because the value is gone."""
        self.wrong = [
            (noted[~np.isin(noted, rows)] if kind.startswith(prefix) else noted, kind) for noted, kind in self.wrong
        ]

    def table(self, order: Mapping[str, pa.DataType]) -> pa.Table:
        """The finished table with the columns of `order`, those that there are."""
        arrays = {
            name: value.array() if isinstance(value := self.columns[name], Coded) else value
            for name in order
            if name in self.columns
        }
        return pa.table({name: array.cast(order[name]) for name, array in arrays.items()})

    def errors(self) -> pa.ListArray:
        """Kinds of error by record, in alphabetical order, empty where the record is right."""
        if not self.wrong:
            return pa.ListArray.from_arrays(pa.array(np.zeros(self.count + 1, np.int32)), pa.array([], pa.string()))
        kinds = sorted({kind for _, kind in self.wrong})
        rows = np.concatenate([rows for rows, _ in self.wrong])
        codes = np.concatenate([np.full(len(rows), kinds.index(kind)) for rows, kind in self.wrong])
        both = np.unique(rows.astype(np.int64) * len(kinds) + codes)
        offsets = np.concatenate([[0], np.cumsum(np.bincount(both // len(kinds), minlength=self.count))])
        values = pa.array(kinds, pa.string()).take(pa.array(both % len(kinds)))
        return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values)


def record_ids(rng: np.random.Generator, prefix: str, count: int) -> pa.StringArray:
    """Unique ids in an order that says nothing of the subject: a prefix and nine digits."""
    serial = rng.permutation(count).astype(np.int64) * 7 + 100_003
    lead = np.tile(np.frombuffer(prefix.encode(), dtype=np.uint8), (count, 1))
    return numbers.texts(np.hstack([lead, numbers.digits(serial, 9)]))


def moments(rng: np.random.Generator, count: int, today: int, years: float = 6.0) -> pa.Array:
    """Times of the last change, in seconds, more of them recent than old."""
    days = today - 1 - (rng.random(count) ** 2 * years * 365).astype(np.int64)
    return pa.array(days * 86_400 + rng.integers(8 * 3600, 18 * 3600, count), pa.timestamp("s"))


def date_column(days: Ints) -> pa.Array:
    """Days since 1970-01-01 as dates; negative numbers below -50,000 are null."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=days < NO_DAY + 1).cast(pa.date32())


def money(yuan: Floats) -> pa.Array:
    """Yuan to the cent as decimals."""
    return pa.array(np.round(yuan.astype(np.float64), 2)).cast(pa.decimal128(18, 2))
