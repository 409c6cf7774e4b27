"""Drops as files: Parquet, CSV in two encodings, compressed CSV and Excel. Files are 0600, folders 0700."""

import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import xlsxwriter

Format = Literal["parquet", "csv", "csv-gb18030", "csv.gz", "xlsx"]
Formats = Mapping[str, Format]
EXTENSIONS: dict[Format, str] = {
    "parquet": "parquet", "csv": "csv", "csv-gb18030": "csv", "csv.gz": "csv.gz", "xlsx": "xlsx",
}  # fmt: skip
PARQUET: Formats = {}
DEMO: Formats = {
    "social_security.insured": "csv-gb18030",
    "tax.natural_person": "csv",
    "family_planning.person": "csv.gz",
    "quality_supervision.organization": "csv-gb18030",
    "social_security.employer": "xlsx",
    "commerce.equity_transfer": "csv",
    "natural_resources.land_grant": "xlsx",
    "development_reform.project": "xlsx",
}
EXCEL_ROWS = 1_048_576


def folder(path: Path) -> Path:
    """Make a folder that only its owner can read."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_drop(table: pa.Table, out: Path, dataset: str, batch: str, form: Format = "parquet") -> Path:
    """Write one dataset's batch into the drop and return the file."""
    path = out / f"{dataset}.{batch}.{EXTENSIONS[form]}"
    if form == "parquet":
        write_parquet(table, path)
    elif form == "xlsx":
        _write_excel(_as_text(table), path)
    else:
        _write_bytes(path, _csv(_as_text(table), form))
    return path


def write_parquet(table: pa.Table, path: Path) -> None:
    """Parquet with zstd; the same table gives the same bytes."""
    _touch(path)
    pq.write_table(table, path, compression="zstd", compression_level=1, row_group_size=1 << 18)


def write_json(value: object, path: Path) -> None:
    """JSON with Chinese as it is."""
    _write_bytes(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())


def _touch(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    path.chmod(0o600)


def _write_bytes(path: Path, content: bytes) -> None:
    _touch(path)
    path.write_bytes(content)


def _as_text(table: pa.Table) -> pa.Table:
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        text = (
            pc.strftime(column, "%Y-%m-%d %H:%M:%S") if pa.types.is_timestamp(column.type) else column.cast(pa.string())
        )
        columns[name] = text
    return pa.table(columns)


def _csv(table: pa.Table, form: Format) -> bytes:
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink, pacsv.WriteOptions(quoting_style="needed"))
    content: bytes = sink.getvalue().to_pybytes()
    if form == "csv-gb18030":
        return content.decode().encode("gb18030")
    return gzip.compress(content, 6, mtime=0) if form == "csv.gz" else content


def _write_excel(table: pa.Table, path: Path) -> None:
    if table.num_rows >= EXCEL_ROWS:
        raise ValueError(
            f"{path.name}: {table.num_rows:,} rows do not fit into an Excel sheet of {EXCEL_ROWS:,};"
            " choose parquet or csv for this dataset"
        )
    _touch(path)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("data")
        sheet.write_row(0, 0, table.column_names)
        for number, row in enumerate(zip(*(column.to_pylist() for column in table.columns), strict=True), 1):
            for place, value in enumerate(row):
                if value is not None:
                    sheet.write_string(number, place, value)
