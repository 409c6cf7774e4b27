"""Parquet: columns typed as the sender typed them."""

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.drops import DropFile
from connectors.readers.headers import Header, match_header
from connectors.readers.received import Received
from connectors.refusals import Refusal
from schemas.contract import Contract


def read(file: DropFile, contract: Contract) -> Received:
    """Read a Parquet file, checksums included where it has them."""
    where = file.path.name
    header, table = _open(file, contract)
    known = set(header.names) - set(header.drift)
    columns = [
        _as_received(column, name, where) if name in known else column
        for name, column in zip(header.names, table.columns, strict=True)
    ]
    return Received(pa.Table.from_arrays(columns, names=list(header.names)), header.drift)


def _open(file: DropFile, contract: Contract) -> tuple[Header, pa.Table]:
    where = file.path.name
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True, memory_map=True) as source:
            header = match_header(source.schema_arrow.names, contract, where)
            return header, source.read()
    except (pa.ArrowException, OSError) as error:
        raise Refusal(
            f"the Parquet file is damaged or cut short ({type(error).__name__})", "a whole file", "send the file again"
        ).error(where) from None


def _as_received(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """Bring the ways to store text to one, and refuse what is neither text, number nor date."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    try:
        if _is_text(kind):
            column.validate(full=True)
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
