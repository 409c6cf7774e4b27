"""How departments write their files: one function a format, and the styles of a whole drop."""

import csv
import gzip
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.sitong.town import COLUMNS, LAYOUT, REQUIRED, Row, Town

Write = Callable[[Path, Sequence[str], Sequence[Row]], None]


def iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return "" if value is None else str(value)


def compact(value: Any) -> str:
    """Dates as YYYYMMDD, no date as 00000000."""
    return f"{value:%Y%m%d}" if isinstance(value, date) and not isinstance(value, datetime) else iso(value)


def chinese(value: Any) -> str:
    return f"{value.year}年{value.month}月{value.day}日" if isinstance(value, date) else iso(value)


def slashes(value: Any) -> str:
    return f"{value.year}/{value.month}/{value.day}" if isinstance(value, date) else iso(value)


def csv_bytes(
    columns: Sequence[str], rows: Sequence[Row], encoding: str = "utf-8", show: Callable[[Any], str] = iso
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[show(row.get(column)) for column in columns] for row in rows])
    return text.getvalue().encode(encoding)


def write_csv(encoding: str = "utf-8", show: Callable[[Any], str] = iso) -> Write:
    return lambda path, columns, rows: _ignore(path.write_bytes(csv_bytes(columns, rows, encoding, show)))


def write_gzip(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    path.write_bytes(gzip.compress(csv_bytes(columns, rows, show=slashes)))


def write_text_parquet(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Everything as text, the way a careful sender does."""
    table = {name: pa.array([iso(row.get(name)) or None for row in rows], pa.string()) for name in columns}
    pq.write_table(pa.table(table), path)


def write_typed_parquet(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Typed by a database: dates, timestamps, decimals, integers, dictionaries and large strings."""
    table = {}
    for name in columns:
        array = pa.array([row.get(name) for row in rows])
        if pa.types.is_null(array.type):
            array = array.cast(pa.string())
        if name == "record_id" and all(text.isdigit() and text[0] != "0" for text in array.to_pylist()):
            array = array.cast(pa.int64())
        elif name in ("sex", "status"):
            array = array.dictionary_encode()
        elif pa.types.is_string(array.type):
            array = array.cast(pa.large_string())
        elif pa.types.is_timestamp(array.type):
            array = array.cast(pa.timestamp("ns"))
        table[name] = array
    pq.write_table(pa.table(table), path, compression="gzip", row_group_size=50)


def write_xlsx(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Dates as Excel's serial numbers without a format, codes and ids as text."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("导出")
        sheet.write_row(0, 0, columns)
        for at, row in enumerate(rows, start=1):
            for place, name in enumerate(columns):
                value = row.get(name)
                if isinstance(value, date) and not isinstance(value, datetime):
                    sheet.write_number(at, place, (value - date(1899, 12, 30)).days)
                elif isinstance(value, int):
                    sheet.write_number(at, place, value)
                elif value is not None:
                    sheet.write_string(at, place, iso(value))


def _ignore(_: object) -> None:
    return None


FORMATS: Mapping[str, tuple[str, Write]] = {
    "text parquet": ("parquet", write_text_parquet),
    "typed parquet": ("parquet", write_typed_parquet),
    "csv": ("csv", write_csv("utf-8-sig", compact)),
    "csv gb18030": ("csv", write_csv("gb18030", chinese)),
    "csv.gz": ("csv.gz", write_gzip),
    "xlsx": ("xlsx", write_xlsx),
}
MIXED = (
    "typed parquet", "csv gb18030", "csv.gz", "xlsx", "csv", "typed parquet", "csv", "csv gb18030", "xlsx",
    "typed parquet", "csv.gz", "text parquet", "csv", "csv gb18030", "xlsx",
)  # fmt: skip
"""A format for each dataset, in the order of the layout: every format at least twice."""


def export(
    town: Town,
    folder: Path,
    datasets: Collection[str] = tuple(LAYOUT),
    *,
    style: str | None = None,
    columns: str = "all",
    batch: str = "20260331",
) -> Path:
    """Write a drop. `style` names one format for all, None mixes them; `columns` is all or required."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = COLUMNS if columns == "all" else REQUIRED
    for at, dataset in enumerate(LAYOUT):
        if dataset in datasets:
            ending, write = FORMATS[style or MIXED[at]]
            name = ".".join(part for part in (dataset, batch, ending) if part)
            write(folder / name, wanted[dataset], town.rows[dataset])
    return folder


def write_batch(folder: Path, dataset: str, batch: str, rows: Sequence[Row], *columns: str, mode: str = "") -> Path:
    """One CSV batch with the columns given (all by default) and, where a mode is given, its sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{dataset}.{batch}.csv"
    path.write_bytes(csv_bytes(columns or COLUMNS[dataset], rows))
    if mode:
        (folder / f"{dataset}.{batch}.manifest.json").write_text(f'{{"mode": "{mode}"}}', "utf-8")
    return path
