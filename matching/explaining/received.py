"""The texts of a few records as the department's accepted table holds them, for a reader who asked to see them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.explaining.finished import Address
from matching.model import FieldSpec, MatchModel
from matching.records import Tables

Texts = Mapping[str, str]
"""Column → text; columns that are null or absent are not there."""


def received(tables: Tables, model: MatchModel, addresses: Sequence[Address]) -> Mapping[Address, Texts]:
    """The columns that the model's fields read, by record. Cost: one scan of the key column of each table named."""
    wanted = [name for spec in model.fields.values() for name in (*spec.columns, *spec.also)]
    out: dict[Address, Texts] = {}
    for name in dict.fromkeys(address.table for address in addresses):
        ids = [address.record_id for address in addresses if address.table == name]
        for row in _rows(tables[name], model.key, list(dict.fromkeys(wanted)), ids):
            texts = {column: str(value) for column, value in row.items() if column != model.key and value is not None}
            out[Address(name, str(row[model.key]))] = texts
    return out


def value(spec: FieldSpec, texts: Texts) -> str | None:
    """The text that a field took from a record: the first column that says something, then the further ones."""
    first = next((texts[column] for column in spec.columns if column in texts), None)
    found = [first, *(texts.get(column) for column in spec.also)]
    return " / ".join(dict.fromkeys(text for text in found if text)) or None


def _rows(source: Path | pa.Table, key: str, wanted: list[str], ids: list[str]) -> list[dict[str, object]]:
    names = source.column_names if isinstance(source, pa.Table) else pq.read_schema(source).names
    columns = [key, *(column for column in wanted if column in names and column != key)]
    if isinstance(source, pa.Table):
        table = source.select(columns).filter(
            pc.is_in(source.column(key).cast(pa.string()), pa.array(ids, pa.string()))
        )
    else:
        named = pc.field(key).cast(pa.string()).isin(ids)
        table = pq.read_table(source, columns=columns, filters=named, partitioning=None)
    rows: list[dict[str, object]] = table.to_pylist()
    return rows
