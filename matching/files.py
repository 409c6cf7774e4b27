"""Tables for a declared model from files of any origin: Parquet as it is, CSV as text.

Owns nothing but the reading. It refuses other formats by name. A file's stem is its dataset's name.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from storage.errors import BadSpecification, SourceRejected


def read_tables(paths: Sequence[Path]) -> dict[str, pa.Table]:
    """Dataset name → table of each file; empty text is null, column names lose the blanks around them.

    Raises:
        BadSpecification: a format that is not read here, or two files of one name.
        SourceRejected: a file that cannot be read.
    """
    tables: dict[str, pa.Table] = {}
    for path in paths:
        name = path.name.removesuffix(".gz").rpartition(".")[0]
        if name in tables:
            raise BadSpecification(f"two files are called {name}", "", "one file a dataset", "rename one")
        tables[name] = _read(path)
    return tables


def _read(path: Path) -> pa.Table:
    kind = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    try:
        if kind == ".parquet":
            return pq.read_table(path, partitioning=None)
        if kind in {".csv", ".csv.gz"}:
            return _read_csv(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceRejected(
            f"the file cannot be read as {kind[1:]}: {error}", path.name, "a whole file", "send it again"
        ) from error
    raise BadSpecification(
        f"format {kind or 'without suffix'} is not read here",
        path.name,
        "CSV, gzipped or not, or Parquet",
        "convert the file",
    )


def _read_csv(path: Path) -> pa.Table:
    with pa_csv.open_csv(path) as reader:
        columns = reader.schema.names
    options = pa_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True)
    table = pa_csv.read_csv(path, convert_options=options)
    trimmed = [pc.utf8_trim_whitespace(column) for column in table.columns]
    nulled = [pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column) for column in trimmed]
    return pa.table(dict(zip([name.strip() for name in columns], nulled, strict=True)))
