"""Parquet: columns typed as the sender typed them."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.drops import DropFile
from connectors.readers.headers import match_header
from connectors.readers.received import Received
from connectors.refusals import Refusal
from schemas.contract import Contract, ValueType

_FEW_VALUES: Final = (ValueType.DATE, ValueType.MONTH, ValueType.YEAR)


def read(file: DropFile, contract: Contract) -> Received:
    """Read a Parquet file, checksums included where it has them."""
    return _read(file, contract, drift=True)


def read_known(file: DropFile, contract: Contract) -> Received:
    """Read the columns of the contract only; that text is UTF-8 is left to the validation that follows."""
    return _read(file, contract, drift=False)


def _read(file: DropFile, contract: Contract, *, drift: bool) -> Received:
    where = file.path.name
    try:
        metadata = pq.read_metadata(file.path, memory_map=True)
        schema = metadata.schema.to_arrow_schema()
        header = match_header(schema.names, contract, where)
        wanted = [at for at, name in enumerate(header.names) if drift or name not in header.drift]
        repeating = [] if drift else _repeating(metadata, schema, header.names, contract)
        with pq.ParquetFile(
            file.path, metadata=metadata, read_dictionary=repeating, page_checksum_verification=True, memory_map=True
        ) as source:
            table = source.read(columns=None if drift else [schema.names[at] for at in wanted])
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Refusal(
            f"the Parquet file is damaged or cut short ({type(error).__name__})", "a whole file", "send the file again"
        ).error(where) from None
    names = [header.names[at] for at in wanted]
    columns = [
        column if name in header.drift else _as_received(column, name, where, looked_at=drift)
        for name, column in zip(names, table.columns, strict=True)
    ]
    return Received(pa.Table.from_arrays(columns, names=names), header.drift)


def _repeating(metadata: pq.FileMetaData, schema: pa.Schema, names: Sequence[str], contract: Contract) -> list[str]:
    """Text columns of codes and days that the file holds as dictionaries: each value is then judged once."""
    if not metadata.num_row_groups:
        return []
    group = metadata.row_group(0)
    chunks = (group.column(at) for at in range(group.num_columns))
    stored = {chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}
    few = {column.name for column in contract.columns if column.codes or column.type in _FEW_VALUES}
    return [
        field.name
        for field, name in zip(schema, names, strict=True)
        if name in few and field.name in stored and _is_text(field.type)
    ]


def _as_received(column: pa.ChunkedArray, name: str, where: str, *, looked_at: bool) -> pa.ChunkedArray:
    """Bring the ways to store text to one, and refuse what is neither text, number nor date."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    try:
        if _is_text(kind):
            column.validate(full=looked_at)
            return column
        if _is_other_text(kind):
            return column.cast(pa.string())
    except pa.ArrowInvalid:
        raise Refusal(f"column {name} holds bytes that are not UTF-8", "text", "send it as text").error(where) from None
    if _is_value(kind):
        return column
    raise Refusal(f"column {name} has the type {kind}", "text, a number or a date", "send it as text").error(where)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_other_text(kind: pa.DataType) -> bool:
    types = pa.types
    return any(
        test(kind)
        for test in (types.is_string_view, types.is_binary, types.is_large_binary, types.is_null, types.is_boolean)
    )


def _is_value(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (types.is_integer, types.is_floating, types.is_decimal, types.is_date, types.is_timestamp)
    return any(test(kind) for test in tests)
