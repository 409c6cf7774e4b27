"""The tables of a run, read column by column: what one field needs is in memory, and no more.

Owns the order of rows. It refuses a table without record keys. Invariant: rows stand in the order of their record id,
whatever order the file had.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.model import MatchModel
from matching.standardise.sightings import same_texts
from matching.standardise.values import Codes, distinct, indices, through
from storage.errors import BadSpecification

Tables = Mapping[str, Path | pa.Table]

MOST_TABLES = 127

SAMPLE: Final = 1 << 14
"""Texts of a field that tell whether they repeat."""


@dataclass(frozen=True)
class Source:
    """One table.

    Attributes:
        name: of its dataset.
        table: the table or its Parquet file.
        columns: names of its columns.
        keys: record ids, in order.
        order: rows in the order of their record id; null where they stand so.
    """

    name: str
    table: Path | pa.Table
    columns: frozenset[str]
    keys: pa.ChunkedArray
    order: npt.NDArray[np.uint64] | None

    def __len__(self) -> int:
        return len(self.keys)

    def column(self, name: str) -> pa.ChunkedArray:
        """A column in the order of record ids; all null where it is absent."""
        if name not in self.columns:
            return pa.chunked_array([pa.nulls(len(self))])
        column = _column(self.table, name)
        return column if self.order is None else column.take(pa.array(self.order))


def sources(tables: Tables, model: MatchModel) -> list[Source]:
    """The tables in the order of the model's datasets, others by name after them.

    Raises:
        BadSpecification: a table without the key column, or more than 127 of them.
    """
    order = [name for name in model.datasets if name in tables]
    order += sorted(name for name in tables if name not in model.datasets)
    if len(order) > MOST_TABLES:
        raise BadSpecification(
            f"{len(order)} tables were given", "", f"at most {MOST_TABLES}", "join tables of one department"
        )
    return [_source(name, tables[name], model.key) for name in order]


def _source(name: str, table: Path | pa.Table, key: str) -> Source:
    columns = frozenset(table.column_names if isinstance(table, pa.Table) else pq.read_schema(table).names)
    if key not in columns:
        raise BadSpecification(
            f"column {key} is missing",
            f"table {name}",
            "a key of the department for every record",
            "add the column, or name another one as `key` in the model",
        )
    keys, order = _column(table, key).cast(pa.string()), None
    if not _ascending(keys):
        order = pc.sort_indices(keys).to_numpy()
        keys = keys.take(pa.array(order))
    return Source(name, table, columns, keys, order)


def _column(table: Path | pa.Table, name: str) -> pa.ChunkedArray:
    if isinstance(table, pa.Table):
        return table.column(name)
    return pq.read_table(table, columns=[name], partitioning=None).column(name)


def _ascending(keys: pa.ChunkedArray) -> bool:
    """Whether keys rise from row to row, within chunks and from one to the next."""
    chunks = [chunk for chunk in keys.chunks if len(chunk)]
    inside = (pc.all(pc.less(chunk[:-1], chunk[1:]), min_count=0).as_py() for chunk in chunks if len(chunk) > 1)
    across = (pc.less(one[-1], other[0]).as_py() for one, other in itertools.pairwise(chunks))
    return all(inside) and all(across)


def encode(columns: Sequence[pa.ChunkedArray]) -> tuple[list[Codes], pa.StringArray]:
    """Codes of each column into one list of distinct texts, −1 for null and empty."""
    kinds = {_kind(column.type) for column in columns} - {pa.null()}
    kind = kinds.pop() if len(kinds) == 1 else pa.string()
    alike = [column.cast(kind) for column in columns]
    chunks = [chunk for column in alike for chunk in column.chunks]
    if kind == pa.string() and _varied(chunks):
        raw, texts = same_texts(chunks)
        return np.split(raw, np.cumsum([len(column) for column in columns])[:-1]), texts
    encoded = pa.chunked_array(chunks, kind).dictionary_encode()
    if not encoded.num_chunks:
        return [np.zeros(0, np.int32) for _ in columns], pa.array([], pa.string())
    raw = np.concatenate([indices(chunk) for chunk in encoded.chunks])
    texts = encoded.chunk(encoded.num_chunks - 1).dictionary.cast(pa.string())
    del encoded
    if kind != pa.string() or pc.index(pc.binary_length(texts), 0).as_py() >= 0:
        renumbered, texts = distinct(texts)
        raw = through(renumbered, raw)
    return np.split(raw, np.cumsum([len(column) for column in columns])[:-1]), texts


def _varied(chunks: Sequence[pa.StringArray]) -> bool:
    """Whether texts differ so much that a table of them would not stay in a processor's memory."""
    sample = max(chunks, key=lambda chunk: len(chunk) - chunk.null_count, default=pa.array([], pa.string()))[:SAMPLE]
    return len(sample.unique()) > SAMPLE // 16


def _kind(kind: pa.DataType) -> pa.DataType:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind
