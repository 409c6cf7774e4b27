"""Tables for a declared model from files of any origin: Parquet as it is, CSV as text.

Owns nothing but the reading. It refuses other formats by name, and tables whose rows have no names of their own. A
file's stem is its dataset's name.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from storage.errors import BadSpecification, SourceRejected

SAFE: Final = (
    re.compile(r"(?:Row #\d+: )?Expected \d+ columns, got \d+"),
    re.compile("Empty CSV file"),
    re.compile("invalid UTF8 data"),
)
"""What of an error of reading holds no value of the file: Arrow quotes whole rows."""


def read_tables(paths: Sequence[Path], key: str | None = None) -> dict[str, pa.Table]:
    """Dataset name → table of each file; empty text is null, column names lose the blanks around them.

    Args:
        paths: the files.
        key: a column that must name every row, each once.

    Raises:
        BadSpecification: a format that is not read here, two files of one name, or a table without the key column.
        SourceRejected: a file that cannot be read, or rows that have no key or share one.
    """
    tables: dict[str, pa.Table] = {}
    for path in paths:
        name = path.name.removesuffix(".gz").rpartition(".")[0]
        if name in tables:
            raise BadSpecification(f"two files are called {name}", "", "one file a dataset", "rename one")
        tables[name] = _read(path)
        if key is not None:
            _check_keys(tables[name], key, path.name)
    return tables


def _read(path: Path) -> pa.Table:
    kind = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    try:
        if kind == ".parquet":
            return _plain(pq.read_table(path, partitioning=None), path.name)
        if kind in {".csv", ".csv.gz"}:
            return _read_csv(path)
    except (OSError, pa.ArrowInvalid) as error:
        found = next((match.group() for safe in SAFE if (match := safe.search(str(error)))), type(error).__name__)
        expected = "a whole Parquet file"
        if kind != ".parquet":
            expected = "CSV in UTF-8 with a header, separated by commas, with as many values in every row"
        raise SourceRejected(
            f"the file cannot be read as {kind[1:]}: {found}", path.name, expected, "export it again"
        ) from error
    raise BadSpecification(
        f"format {kind or 'without suffix'} is not read here",
        path.name,
        "CSV, gzipped or not, or Parquet",
        "convert the file",
    )


_TEXTS: Final = (
    pa.types.is_string_view, pa.types.is_binary_view, pa.types.is_binary, pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
)  # fmt: skip


def _plain(table: pa.Table, where: str) -> pa.Table:
    """A table whose columns are texts, numbers, days or truth values, each text in UTF-8.

    Raises:
        SourceRejected: a column that holds something else, named by its place and type.
    """
    columns = []
    for number, column in enumerate(table.columns, 1):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        told = f"column {number} of {table.num_columns} is of type {kind}"
        if pa.types.is_nested(kind):
            raise SourceRejected(told, where, "texts, numbers or days", "write the column as text")
        if any(is_kind(kind) for is_kind in _TEXTS):
            kind = pa.string()
        try:
            plain = column.cast(kind)
            plain.validate(full=pa.types.is_string(kind) or pa.types.is_large_string(kind))
        except pa.ArrowException as error:
            raise SourceRejected(f"{told} and holds bytes that are no text", where, "text in UTF-8") from error
        columns.append(plain)
    return pa.table(columns, names=table.column_names)


def _read_csv(path: Path) -> pa.Table:
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    with pa_csv.open_csv(path, parse_options=parse) as reader:
        columns = [name.strip() for name in reader.schema.names]
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise SourceRejected(
            f"{len(repeated)} columns have a name that another one has", path.name, "a header of distinct names",
            "rename columns",
        )  # fmt: skip
    read = pa_csv.ReadOptions(column_names=columns, skip_rows=1)
    options = pa_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True)
    table = pa_csv.read_csv(path, read_options=read, parse_options=parse, convert_options=options)
    trimmed = [pc.utf8_trim_whitespace(column) for column in table.columns]
    nulled = [pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column) for column in trimmed]
    return pa.table(dict(zip(columns, nulled, strict=True)))


def _check_keys(table: pa.Table, key: str, where: str) -> None:
    if key not in table.column_names:
        raise BadSpecification(
            f"column {key} is missing among the {table.num_columns} columns", where, "a name for every row",
            "add the column, name another one as `key` in the model, or separate columns by commas",
        )  # fmt: skip
    keys = table.column(key)
    unnamed = keys.null_count
    shared = len(keys) - unnamed - len(pc.unique(keys.drop_null()))
    if unnamed or shared:
        raise SourceRejected(
            f"{unnamed:,} rows have no {key}, {shared:,} repeat that of another row", where,
            f"a {key} of its own in every row", "correct the file, or name another column as `key` in the model",
        )  # fmt: skip
