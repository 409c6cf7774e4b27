"""What a model knows of single values: how many hold each, and which ones are placeholders.

Owns `values.parquet` beside model.json: a match that is given the model weighs by these frequencies and leaves these
placeholders out, whatever records it sees, so that a pair weighs the same in any part of the data. One row a value and
role: field, value, role (`frequency` | `placeholder`), holders (nodes that held it in training).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.errors import BadSpecification

FILE: Final = "values.parquet"

SCHEMA: Final = pa.schema(
    [("field", pa.string()), ("value", pa.string()), ("role", pa.string()), ("holders", pa.int64())]
)

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Holders:
    """How many nodes hold each value of a field: those seen in training, by value."""

    values: pa.StringArray
    counts: Counts

    @cached_property
    def total(self) -> float:
        """Nodes that hold a value, each as often as it holds one."""
        return float(self.counts.sum())

    @cached_property
    def meetings(self) -> float:
        """Ordered pairs of nodes that hold the same value."""
        return float((self.counts * (self.counts - 1)).sum())

    def held(self) -> "Holders":
        """Those that any node holds."""
        return Holders(self.values.filter(pa.array(self.counts > 0)), self.counts[self.counts > 0])

    def of(self, texts: pa.StringArray) -> Counts:
        """Holders of some values, 0 for one that was not seen."""
        if len(texts) > len(self.values):
            places: npt.NDArray[Any] = pc.index_in(texts, value_set=self.values).fill_null(-1).to_numpy()
            return np.asarray(np.append(self.counts, 0.0)[places])
        out = np.zeros(len(texts))
        places = pc.index_in(self.values, value_set=texts).fill_null(-1).to_numpy()
        found = np.flatnonzero(places >= 0)
        out[places[found]] = self.counts[found]
        return out


NOBODY: Final = Holders(pa.array([], pa.string()), np.zeros(0))
"""Of a field of which training saw no value."""


@dataclass(frozen=True)
class Frozen:
    """What training saw of single values.

    Attributes:
        holders: field with term frequencies → how many hold each value.
        placeholders: field → values that stand for none.
    """

    holders: Mapping[str, Holders] = field(default_factory=dict)
    placeholders: Mapping[str, pa.StringArray] = field(default_factory=dict)


def write(folder: Path, frozen: Frozen) -> None:
    """Write `values.parquet`."""
    parts = [
        _rows(name, one.values, "frequency", pa.array(one.counts.astype(np.int64)))
        for name, one in sorted(frozen.holders.items())
    ]
    parts += [
        _rows(name, values, "placeholder", pa.nulls(len(values), pa.int64()))
        for name, values in sorted(frozen.placeholders.items())
    ]
    path = folder / FILE
    path.touch(mode=0o600)
    path.chmod(0o600)
    table = pa.concat_tables(parts) if parts else SCHEMA.empty_table()
    pq.write_table(table, path, compression="lz4", use_dictionary=["field", "role"], write_statistics=False)


def _rows(name: str, values: pa.StringArray, role: str, holders: pa.Array) -> pa.Table:
    constants = [pa.repeat(pa.scalar(word), len(values)) for word in (name, role)]
    return pa.Table.from_arrays([constants[0], values, constants[1], holders], schema=SCHEMA)


def read(folder: Path) -> Frozen | None:
    """Read what `write` wrote; None where the folder has none.

    Raises:
        BadSpecification: the file is not such a table.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        table = pq.read_table(path, schema=SCHEMA, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadSpecification(
            "the values of the trained model cannot be read", path.name, "the file beside its model.json",
            "match all records anew, without the model",
        ) from error  # fmt: skip
    return Frozen(
        {name: Holders(rows["value"].combine_chunks(), rows["holders"].to_numpy().astype(float))
         for name, rows in _by_field(table, "frequency")},
        {name: rows["value"].combine_chunks() for name, rows in _by_field(table, "placeholder")},
    )  # fmt: skip


def _by_field(table: pa.Table, role: str) -> list[tuple[str, pa.Table]]:
    chosen = table.filter(pc.equal(table["role"], role))
    names = sorted(chosen["field"].unique().to_pylist())
    return [(name, chosen.filter(pc.equal(chosen["field"], name))) for name in names]


def counts(folder: Path) -> Mapping[str, Counts]:
    """Field with term frequencies → how many nodes held each value in training, without the values themselves."""
    table = pq.read_table(folder / FILE, columns=["field", "role", "holders"], partitioning=None)
    return {name: rows["holders"].to_numpy().astype(float) for name, rows in _by_field(table, "frequency")}
