"""Source records as codes: one integer a record and field, one row of knowledge a distinct value.

Owns the reading of accepted tables. It refuses a table without record keys. Invariant: records stand in the order of
the model's datasets and, within one, of their record id, whatever order the file had; everything later depends on
that order only.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.model import FieldSpec, MatchModel, SpecificationError
from matching.parallel import in_parallel
from matching.standardise.registry import standardiser
from matching.standardise.values import Codes, ValueTable, distinct

Tables = Mapping[str, Path | pa.Table]


@dataclass(frozen=True)
class Records:
    """All records of a run.

    Attributes:
        datasets: names of the datasets, in order.
        dataset: index into `datasets` by record.
        record_ids: the departments' keys by record.
        codes: field → code of its value by record, −1 for null.
        others: field → further codes by record (former names).
        told: field with a fallback → whether the record's value was told by the other field.
        values: field → its distinct values.
    """

    datasets: tuple[str, ...]
    dataset: npt.NDArray[np.int8]
    record_ids: pa.ChunkedArray
    codes: Mapping[str, Codes]
    others: Mapping[str, tuple[Codes, ...]]
    told: Mapping[str, npt.NDArray[np.bool_]]
    values: Mapping[str, ValueTable]

    def __len__(self) -> int:
        return len(self.dataset)


def columns_read(model: MatchModel) -> frozenset[str]:
    """The columns of tables that a match by the model reads, those that a table may lack included."""
    fields = model.fields.values()
    named = {name for spec in fields for name in (*spec.columns, *spec.also, spec.unless) if name}
    return frozenset({model.key, *named})


def read(tables: Tables, model: MatchModel) -> Records:
    """Read and standardise what the model compares.

    Raises:
        SpecificationError: a table without the key column, or more than 127 of them.
    """
    order = [name for name in model.datasets if name in tables]
    order += sorted(name for name in tables if name not in model.datasets)
    wanted = columns_read(model)
    loaded = [_load(name, tables[name], wanted, model.key) for name in order]
    if len(order) > 127:
        raise SpecificationError(f"{len(order)} tables were given; at most 127 can be matched together")
    dataset = np.repeat(np.arange(len(order), dtype=np.int8), [len(table) for table in loaded])
    ids = pa.chunked_array([_column(table, (model.key,)) for table in loaded], pa.string())
    codes: dict[str, Codes] = {}
    others: dict[str, tuple[Codes, ...]] = {}
    told: dict[str, npt.NDArray[np.bool_]] = {}
    values: dict[str, ValueTable] = {}

    def standardise(name: str) -> Field:
        spec, known = model.fields[name], None
        if spec.fallback and name in values[spec.fallback].known:
            known = _from_other(codes[spec.fallback], values[spec.fallback].known[name])
        return _field(loaded, spec, known)

    for told_by_others in (False, True):
        names = [name for name, spec in model.fields.items() if (spec.fallback is not None) == told_by_others]
        for name, found in in_parallel(standardise, names):
            codes[name], others[name], told[name], values[name] = found
    return Records(tuple(order), dataset, ids, codes, others, told, values)


def _load(name: str, source: Path | pa.Table, wanted: AbstractSet[str], key: str) -> pa.Table:
    if isinstance(source, pa.Table):
        table = source.select([column for column in source.column_names if column in wanted])
    else:
        present = pq.read_schema(source).names
        table = pq.read_table(source, columns=[column for column in present if column in wanted], partitioning=None)
    if key not in table.column_names:
        raise SpecificationError(f"table {name}: column {key} is missing; every record needs its department's key")
    ids = table.column(key).cast(pa.string()).combine_chunks()
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.chunk(0) if ids.num_chunks else pa.array([], pa.string())
    if len(ids) > 1 and not pc.all(pc.less(ids[:-1], ids[1:])).as_py():
        table = table.take(pc.array_sort_indices(ids))
    return table


def _column(table: pa.Table, names: Sequence[str]) -> pa.Array:
    """The first value that is not null of some columns, as text; null where all are absent."""
    present = [_texts(table.column(name)) for name in names if name in table.column_names]
    if not present:
        return pa.nulls(len(table), pa.string())
    if len(present) == 1:
        return present[0]
    plain = [array.dictionary_decode() if pa.types.is_dictionary(array.type) else array for array in present]
    return pc.coalesce(*plain)


def _unless(table: pa.Table, texts: pa.Array, other: str | None) -> pa.Array:
    """Texts without those that another column of the same record holds too."""
    if other is None or other not in table.column_names:
        return texts
    same = pc.fill_null(pc.equal(texts, _texts(table.column(other))), False)
    return pc.if_else(same, pa.scalar(None, pa.string()), texts)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices, encoded.dictionary.cast(pa.string())).cast(pa.string())


def _encode(chunks: list[pa.Array]) -> tuple[Codes, pa.StringArray]:
    encoded = pa.chunked_array(chunks, pa.string()).dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        if not encoded.num_chunks:
            return np.zeros(0, np.int32), pa.array([], pa.string())
        encoded = encoded.chunk(0)
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32), encoded.dictionary


Known = tuple[Codes, pa.StringArray]


def _from_other(codes: Codes, known: pa.StringArray) -> Known:
    by_value, texts = distinct(known)
    return _through(by_value, codes), texts


def _through(mapping: Codes, codes: Codes) -> Codes:
    """Codes renumbered by a mapping; −1 stays −1."""
    return np.append(mapping, np.int32(-1)).astype(np.int32)[codes]


Field = tuple[Codes, tuple[Codes, ...], npt.NDArray[np.bool_], ValueTable]


def _field(loaded: list[pa.Table], spec: FieldSpec, known: Known | None) -> Field:
    columns = [spec.columns, *((name,) for name in spec.also)]
    encoded = [_encode([_unless(table, _column(table, names), spec.unless) for table in loaded]) for names in columns]
    if known is not None:
        encoded.append(known)
    raw = pa.concat_arrays([texts for _, texts in encoded])
    standardised = standardiser(spec.standardiser)(raw)
    offsets = np.cumsum([0, *(len(texts) for _, texts in encoded)])
    parts = [
        _through(standardised.codes[start:stop], codes)
        for (codes, _), start, stop in zip(encoded, offsets[:-1], offsets[1:], strict=True)
    ]
    first, told = parts[0], np.zeros(len(parts[0]), bool)
    if known is not None:
        other = parts.pop()
        told = (first < 0) & (other >= 0)
        first = np.where(told, other, first)
    return first, tuple(parts[1:]), told, standardised.table
