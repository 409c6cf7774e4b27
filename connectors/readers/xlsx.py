"""Excel workbooks: the first visible sheet, its header in one of the first rows.

Numbers come back as the digits that the cell shows, dates as ISO 8601. A number beyond what a cell can hold exactly
(2^53) comes back in scientific notation, so that an 18-digit identifier whose last digits Excel lost never passes
for another person's. Blank rows are no rows. Memory grows with the sheet, which ends at 1,048,576 rows.
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import python_calamine as calamine

from connectors.drops import DropFile
from connectors.readers.headers import count_known, match_header
from connectors.readers.received import Received
from connectors.refusals import Refusal
from schemas.contract import Contract
from storage.sheets import MOST_CELLS, too_large

_HEADER_WITHIN = 20  # rows; titles and notes may stand above the header
_EXACT = 2**53  # integers up to here are exact in a cell
_CHUNK = 20_000  # rows turned into columns at once
_MAX_UNPACKED = 8 << 30  # bytes; a full sheet has less

Row = Sequence[object]


def read(file: DropFile, contract: Contract) -> Received:
    """Read the first visible sheet of a workbook."""
    where = file.path.name
    _refuse_bomb(file)
    try:
        _refuse_far_cell(file)
        rows = _sheet_rows(file)
        beginning = list(islice(rows, _HEADER_WITHIN))
    except (calamine.CalamineError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise Refusal(
            f"the workbook cannot be read ({type(error).__name__})",
            "a whole .xlsx file without a password",
            "save it again in Excel as .xlsx and send it again",
        ).error(where) from None
    at = _header_row(beginning, contract, where)
    raw = _trimmed(beginning[at])
    header = match_header(raw, contract, where)
    table, positions = _table([*beginning[at + 1 :]], rows, header.names)
    return Received(table, header.drift, positions=positions)


def _refuse_bomb(file: DropFile) -> None:
    try:
        with zipfile.ZipFile(file.path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise Refusal(
            "the workbook is damaged, cut short or protected", "a whole .xlsx file without a password", "send it again"
        ).error(file.path.name) from None
    if unpacked > _MAX_UNPACKED:
        raise Refusal("the workbook unpacks to more than 8 GiB", "a workbook", "send it as csv.gz or Parquet").error(
            file.path.name
        )


def _refuse_far_cell(file: DropFile) -> None:
    if too_large(file.path):
        raise Refusal(
            "a cell far to the right or far below makes a sheet too large to be read",
            f"at most {MOST_CELLS:,} cells between the first and the last that is filled",
            "delete the columns and rows beyond the data and send it again, or as csv.gz or Parquet",
        ).error(file.path.name)


def _sheet_rows(file: DropFile) -> Iterator[Row]:
    workbook = calamine.load_workbook(str(file.path))
    for sheet in workbook.sheets_metadata:
        visible = sheet.visible == calamine.SheetVisibleEnum.Visible
        if visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet:
            rows: Iterator[Row] = workbook.get_sheet_by_name(sheet.name).iter_rows()
            return rows
    raise Refusal("the workbook has no visible sheet", "rows in the first sheet", "send it again").error(file.path.name)


def _header_row(rows: Sequence[Row], contract: Contract, where: str) -> int:
    """The first of the rows that knows the most columns of the contract."""
    known = [count_known(_trimmed(row), contract) for row in rows]
    if not any(known):
        raise Refusal(
            f"no header in the first {_HEADER_WITHIN} rows of the first sheet",
            f"a row with the names of the columns of {contract.name}",
            "ask the department to put the data in the first sheet, under its header",
        ).error(where)
    return known.index(max(known))


def _trimmed(row: Row) -> list[str]:
    """A header without the empty cells at its end."""
    texts = [_text(value) for value in row]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def _table(
    first: list[Row], rest: Iterable[Row], names: tuple[str, ...]
) -> tuple[pa.Table, npt.NDArray[np.int64] | None]:
    schema = pa.schema([(name, pa.string()) for name in names])
    batches, blank, count = [], [], 0
    remaining = iter(rest)
    chunk = first
    while chunk:
        filled = [any(value not in {"", None} for value in row) for row in chunk]
        blank += [count + at for at, is_filled in enumerate(filled) if not is_filled]
        kept = [row for row, is_filled in zip(chunk, filled, strict=True) if is_filled]
        batches.append(_columns(kept, schema))
        count += len(chunk)
        chunk = list(islice(remaining, _CHUNK))
    table = pa.Table.from_batches(batches, schema)
    positions = np.delete(np.arange(1, count + 1), blank) if blank else None
    return table, positions


def _columns(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array([_text(value) for value in column], pa.string()) for column in columns[: len(schema)]]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _digits(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _digits(number: float) -> str:
    """Digits of a number as Excel keeps them: whole numbers without a point, others with 15 digits.

    >>> _digits(370202900101123.0), _digits(0.1 + 0.2), _digits(370202199001011237.0)
    ('370202900101123', '0.3', '3.70202199001011E+17')
    """
    if abs(number) > _EXACT:
        return f"{number:.14E}"
    if number == int(number):
        return str(int(number))
    return format(Decimal(f"{number:.15g}"), "f")
