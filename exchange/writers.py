"""Writes a stream of rows as Parquet, CSV or Excel; memory stays that of one batch.

CSV and Excel have no nested values: these become JSON. Excel keeps identifiers as text and has a limit of rows.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from pyarrow import csv

from exchange.agreement import Agreement, Format
from storage.errors import BadSpecification

MAX_SHEET_ROWS = 1_048_576  # of Excel, the header included
MAX_CELL_CHARACTERS = 32_767
_EXACT_DIGITS = 15  # Excel keeps numbers as binary floating point

Writer = Callable[[pa.RecordBatchReader, Path, Agreement], int]


def write(reader: pa.RecordBatchReader, path: Path, agreement: Agreement) -> int:
    """Write rows in the format of an agreement; return their number.

    Raises:
        BadSpecification: more rows than a sheet holds, or a text longer than a cell.
    """
    return _WRITERS[agreement.format](reader, path, agreement)


def _write_parquet(reader: pa.RecordBatchReader, path: Path, _: Agreement) -> int:
    rows = 0
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_csv(reader: pa.RecordBatchReader, path: Path, agreement: Agreement) -> int:
    rows = 0
    schema = pa.schema([pa.field(column.name, _flat_type(column.type)) for column in reader.schema])
    with path.open("wb") as stream:
        if agreement.bom:
            stream.write("\ufeff".encode())
        with csv.CSVWriter(stream, schema) as writer:
            for batch in reader:
                writer.write_table(pa.table([_flat(column) for column in batch.columns], schema=schema))
                rows += batch.num_rows
    return rows


def _write_xlsx(reader: pa.RecordBatchReader, path: Path, agreement: Agreement) -> int:
    options = {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    row = 0
    with xlsxwriter.Workbook(path, options | {"strings_to_urls": False, "tmpdir": str(path.parent)}) as book:
        sheet = book.add_worksheet("data")
        bold = book.add_format({"bold": True})
        for number, name in enumerate(reader.schema.names):
            sheet.write_string(0, number, name, bold)
        sheet.freeze_panes(1, 0)
        for batch in reader:
            if row + batch.num_rows >= MAX_SHEET_ROWS:
                _refuse(f"more rows than a sheet of Excel holds ({MAX_SHEET_ROWS - 1:,})", path, agreement)
            for values in zip(*(_flat(column).to_pylist() for column in batch.columns), strict=True):
                row += 1
                for number, value in enumerate(values):
                    if value is not None and _write_cell(sheet, row, number, value):
                        _refuse(f"row {row} has a text longer than a cell holds", path, agreement)
        sheet.autofilter(0, 0, row, len(reader.schema.names) - 1)
    return row


def _write_cell(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object) -> bool:
    """Write numbers that Excel keeps exactly as numbers and all else as text; return whether it did not fit."""
    if isinstance(value, bool):
        return bool(sheet.write_boolean(row, column, value))
    if isinstance(value, Decimal | int | float) and _is_exact(value):
        return bool(sheet.write_number(row, column, value))
    text = str(value)  # dates as ISO 8601
    return len(text) > MAX_CELL_CHARACTERS or bool(sheet.write_string(row, column, text))


def _is_exact(value: Decimal | float) -> bool:
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor no number
    return len(Decimal(value).as_tuple().digits) <= _EXACT_DIGITS


def _refuse(what: str, path: Path, agreement: Agreement) -> None:
    remedy = "grant fewer rows, or deliver as csv or parquet"
    raise BadSpecification(what, f"{agreement.recipient}: {path.name}", remedy=remedy)


def _flat_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_nested(kind):
        return pa.string()
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _flat(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type):
        texts = (json.dumps(value, ensure_ascii=False, default=str) for value in column.to_pylist())
        return pa.array([None if text == "null" else text for text in texts], pa.string())
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


_WRITERS: Mapping[Format, Writer] = {"parquet": _write_parquet, "csv": _write_csv, "xlsx": _write_xlsx}
