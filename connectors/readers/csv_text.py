"""CSV, plain or gzipped: every column as text, quoted line breaks allowed.

A row with more or fewer fields than the header is kept apart with the rule `row:field_count`. Comma is the default
delimiter; tab, semicolon and bar are taken where they give more of the contract's columns. Blank lines are no rows.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from connectors.drops import DropFile
from connectors.readers.encoding import Text, examine
from connectors.readers.headers import Header, count_known, match_header
from connectors.readers.received import Received, malformed_rows
from connectors.refusals import Refusal
from schemas.contract import Contract

_DELIMITERS = ",\t;|"
_BLOCK = 16 << 20  # bytes parsed at once; no row may be longer


def read(file: DropFile, contract: Contract) -> Received:
    """Read a CSV file; memory grows with its rows, not with what its encoding needs."""
    where = file.path.name
    text = _examined(file)
    delimiter, raw, more = _first_rows(text, contract, where)
    header = match_header(raw, contract, where)
    if not more:
        return Received(pa.table({name: pa.array([], pa.string()) for name in header.names}), header.drift)
    return _parse(_Layout(file, text, delimiter, raw), header)


class _Layout:
    """How to parse one file."""

    def __init__(self, file: DropFile, text: Text, delimiter: str, raw: Sequence[str]) -> None:
        self.where = file.path.name
        self.text = text
        self.delimiter = delimiter
        self.raw = list(raw)
        self._file = file

    def table(self, on_invalid: object, *, threads: bool) -> pa.Table:
        """Parse the file; rows that do not fit go to the handler."""
        encoding = "utf8" if self.text.encoding in {"utf-8", "utf-8-sig"} else self.text.encoding
        compression = "gzip" if self._file.format == "csv.gz" else None
        with pa.input_stream(str(self._file.path), compression=compression) as stream:
            return arrow_csv.read_csv(
                stream,
                read_options=arrow_csv.ReadOptions(encoding=encoding, block_size=_BLOCK, use_threads=threads),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=on_invalid
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(self.raw, pa.string()), strings_can_be_null=False, check_utf8=False
                ),
            )


def _examined(file: DropFile) -> Text:
    def opened() -> BinaryIO:
        return cast("BinaryIO", gzip.open(file.path)) if file.format == "csv.gz" else file.path.open("rb")

    try:
        return examine(opened, file.path.name)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Refusal("the gzip file is damaged or cut short", "a whole file", "send the file again").error(
            file.path.name
        ) from None


def _first_rows(text: Text, contract: Contract, where: str) -> tuple[str, list[str], bool]:
    """The delimiter, the header as it is written, and whether anything follows it."""
    found = []
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row, _ in zip(_rows(text.head, delimiter), range(2), strict=False)]
        except csv.Error:
            continue
        if rows:
            found.append((count_known(rows[0], contract), delimiter, rows))
    if not found:
        raise Refusal("the file has no header", "a first row with the names of the columns", "send it again").error(
            where
        )
    _, delimiter, rows = max(found, key=lambda candidate: candidate[0])
    return delimiter, rows[0], len(rows) > 1 or not text.whole


def _rows(text: str, delimiter: str) -> "filter[list[str]]":
    return filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _parse(layout: _Layout, header: Header) -> Received:
    invalid: list[tuple[int, str]] = []

    def collect(row: arrow_csv.InvalidRow) -> str:
        invalid.append((row.number, row.text))
        return "skip"

    try:
        table = _without_invalid(layout)
        if table is None:  # positions are known to one thread only
            table = layout.table(collect, threads=False)
    except pa.ArrowInvalid:
        raise _unclosed(layout.where) from None
    if table.column_names != layout.raw:
        raise Refusal("the header cannot be read", "plain names in one row", "send the file again").error(layout.where)
    _refuse_unclosed(layout, table, invalid)
    rows = [(number - 1, next(_rows(text, layout.delimiter), [""])) for number, text in invalid]
    return Received(
        table.rename_columns(list(header.names)),
        header.drift,
        malformed_rows(header.names, rows, layout.delimiter),
        np.delete(np.arange(1, table.num_rows + len(rows) + 1), [at - 1 for at, _ in rows]) if rows else None,
    )


def _without_invalid(layout: _Layout) -> pa.Table | None:
    """The table in the fast way; None as soon as a row does not fit."""
    misfits = []

    def stop(row: arrow_csv.InvalidRow) -> str:
        misfits.append(row.actual_columns)
        return "error"

    try:
        return layout.table(stop, threads=True)
    except pa.ArrowInvalid:
        if misfits:
            return None
        raise


def _refuse_unclosed(layout: _Layout, table: pa.Table, invalid: Sequence[tuple[int, str]]) -> None:
    """A quote that is never closed swallows the rest of the file into one value: refuse instead of losing rows."""
    if not layout.text.odd_quotes:
        return
    last_line = layout.text.tail.rstrip("\r\n").rpartition("\n")[2]
    opened = re.search(rf'(^|{re.escape(layout.delimiter)})"([^"]|"")*$', last_line)
    last_row = table.slice(max(table.num_rows - 1, 0)).to_pylist()
    values = [str(value) for row in last_row for value in row.values()] + [text for _, text in invalid[-1:]]
    if opened or any("\n" in value or "\r" in value for value in values):
        raise _unclosed(layout.where)


def _unclosed(where: str) -> Exception:
    return Refusal(
        "a quoted value is not closed, or a row is longer than 16 MiB",
        'quotes in pairs, and "" for a quote inside a quoted value',
        "ask the department to export the file again",
    ).error(where)
