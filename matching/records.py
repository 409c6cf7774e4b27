"""Source records as codes: one integer a record and field, one row of knowledge a distinct value.

Invariant: records stand in the order of the model's datasets and, within one, of their record id, whatever order the
file had; everything later depends on that order only.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.compare.registry import COMPARATORS
from matching.model import FieldSpec, MatchModel
from matching.parallel import in_parallel
from matching.sources import Source, Tables, encode, sources
from matching.standardise.registry import of_distinct, of_nothing
from matching.standardise.values import Codes, ValueTable, distinct, indices, through

__all__ = ["Records", "Tables", "columns_read", "read"]


@dataclass(frozen=True)
class Records:
    """All records of a run.

    Attributes:
        datasets: names of the datasets, in order.
        dataset: index into `datasets` by record.
        record_ids: the departments' keys by record.
        codes: field → code of its value by record, −1 for null.
        others: field → further codes by record (former names).
        told: field that another one tells → whether it told the record's value.
        values: field → its distinct values.
        alone: which records become nodes of their own, whatever they share; null for none.
    """

    datasets: tuple[str, ...]
    dataset: npt.NDArray[np.int8]
    record_ids: pa.ChunkedArray
    codes: Mapping[str, Codes]
    others: Mapping[str, tuple[Codes, ...]]
    told: Mapping[str, npt.NDArray[np.bool_]]
    values: Mapping[str, ValueTable]
    alone: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.dataset)


def columns_read(model: MatchModel, fields: Collection[str] | None = None) -> frozenset[str]:
    """The columns that a match by the model reads, or by some of its fields; a table may lack some of them."""
    specs = [spec for field, spec in model.fields.items() if fields is None or field in fields]
    named = {name for spec in specs for name in (*spec.columns, *spec.also, spec.unless) if name}
    return frozenset({model.key, *named})


def read(tables: Tables, model: MatchModel) -> Records:
    """Read and standardise what the model compares.

    Raises:
        BadSpecification: a table without the key column, or more than 127 of them.
    """
    given = sources(tables, model)
    dataset = np.repeat(np.arange(len(given), dtype=np.int8), [len(source) for source in given])
    ids = pa.chunked_array([chunk for source in given for chunk in source.keys.chunks], pa.string())
    codes: dict[str, Codes] = {}
    others: dict[str, tuple[Codes, ...]] = {}
    told: dict[str, npt.NDArray[np.bool_]] = {}
    values: dict[str, ValueTable] = {}

    def standardise(name: str) -> Field:
        spec = model.fields[name]
        if spec.fallback and name in values[spec.fallback].known:
            return _field(given, spec, (codes[spec.fallback], values[spec.fallback].known[name]))
        return _field(given, spec, None)

    for told_by_others in (False, True):
        names = [name for name, spec in model.fields.items() if (spec.fallback is not None) == told_by_others]
        for name, found in in_parallel(standardise, names):
            codes[name], others[name], told_by_other, values[name] = found
            if told_by_other is not None:
                told[name] = told_by_other
    return Records(tuple(source.name for source in given), dataset, ids, codes, others, told, values)


def without_unread_texts(records: Records, model: MatchModel) -> Records:
    """Records whose values are nulls where nothing reads them as texts any more: a city's addresses fill half a GiB.

    Comparators read some, and how common a value is goes by its text.
    """
    read_as_texts = {
        spec.field
        for spec in model.comparisons
        if COMPARATORS[spec.comparator].reads_texts or any(level.term_frequency for level in spec.levels)
    }
    values = {
        field: table if field in read_as_texts else replace(table, texts=pa.nulls(len(table), pa.string()))
        for field, table in records.values.items()
    }
    return replace(records, values=values)


def some(records: Records, rows: npt.NDArray[np.int64], *, with_ids: bool = True) -> Records:
    """Some records in the order of the rows, with the values of all; without their record ids where none asks."""
    ids = records.record_ids
    return replace(
        records,
        dataset=records.dataset[rows],
        record_ids=ids.take(pa.array(rows)) if with_ids else ids.slice(0, 0),
        codes={field: codes[rows] for field, codes in records.codes.items()},
        others={field: tuple(one[rows] for one in others) for field, others in records.others.items()},
        told={field: told[rows] for field, told in records.told.items()},
        alone=None if records.alone is None else records.alone[rows],
    )


Field = tuple[Codes, tuple[Codes, ...], npt.NDArray[np.bool_] | None, ValueTable]
Known = tuple[Codes, pa.DictionaryArray]


def _field(given: Sequence[Source], spec: FieldSpec, known: Known | None) -> Field:
    groups = [spec.columns, *((name,) for name in spec.also)]
    found, raw = encode([column for group in groups for source in given for column in _columns(source, spec, group)])
    parts = iter(found)
    codes = [_first([[next(parts) for _ in group] for _ in given]) for group in groups]
    del found
    if known is not None:
        other, raw = _joined(raw, known)
        codes.append(other)
    standardised = of_distinct(spec.standardiser)(raw) if len(raw) else of_nothing(spec.standardiser)
    codes = [through(standardised.codes, part) for part in codes]
    first = codes[0]
    if known is None:
        return first, tuple(codes[1:]), None, standardised.table
    other = codes.pop()
    told = (first < 0) & (other >= 0)
    return np.where(told, other, first), tuple(codes[1:]), told, standardised.table


def _columns(source: Source, spec: FieldSpec, group: Sequence[str]) -> list[pa.ChunkedArray]:
    """Some columns of a source, each null where the first has a value; and where it says what another field does."""
    columns = [_unless(source, source.column(name), spec.unless) for name in group]
    first = columns[0]
    return [first] + [
        column if first.null_count == len(first) else pc.if_else(pc.is_null(first), column, None)
        for column in columns[1:]
    ]


def _unless(source: Source, column: pa.ChunkedArray, other: str | None) -> pa.ChunkedArray:
    """Texts without those that another column of the same record holds too."""
    if other is None or other not in source.columns or pa.types.is_null(column.type):
        return column
    texts = column.cast(pa.string())
    same = pc.fill_null(pc.equal(texts, source.column(other).cast(pa.string())), False)
    return pc.if_else(same, pa.scalar(None, pa.string()), texts)


def _first(by_source: Sequence[Sequence[Codes]]) -> Codes:
    """The first code of each record that is not null: of some columns of each source, one source after the other."""
    out = []
    for columns in by_source:
        codes = columns[0]
        for further in columns[1:]:
            codes = np.where(codes >= 0, codes, further)
        out.append(codes)
    return np.concatenate(out) if out else np.zeros(0, np.int32)


def _joined(raw: pa.StringArray, known: Known) -> tuple[Codes, pa.StringArray]:
    """Codes of what another field tells, into the texts that were received and those that it adds."""
    of_value, told = known
    numbers, texts = distinct(pa.concat_arrays([raw, told.dictionary]))
    return through(through(numbers[len(raw) :], indices(told)), of_value), texts
