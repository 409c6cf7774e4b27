"""DuckDB connections with bounded memory, and the one way in which an identifier gets into SQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "3GB"  # what DuckDB may hold before it spills; PostgreSQL and Arrow have the rest of 8 GiB


@contextmanager
def connect(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that spills into a folder, which the caller owns and removes."""
    spill = folder / "spill"
    spill.mkdir(mode=0o700, parents=True, exist_ok=True)
    with duckdb.connect(
        config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(spill), "preserve_insertion_order": False}
    ) as connection:
        connection.execute("SET enable_progress_bar = false")
        yield connection


def count(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object] | Mapping[str, object] | None = None
) -> int:
    """The one number that a query gives."""
    rows = connection.execute(query, values).fetchall()  # all rows: an unfinished result holds the connection
    return int(rows[0][0])


def quoted(identifier: str) -> str:
    """An identifier as SQL text, for DuckDB and PostgreSQL.

    >>> quoted('a"b')
    '"a""b"'
    """
    if not identifier or "\0" in identifier:
        raise ValueError("an identifier is neither empty nor holds a null character")
    return '"' + identifier.replace('"', '""') + '"'


def rows_in(path: Path, *, numbered: bool = False) -> str:
    """A Parquet file as a table in DuckDB's SQL, for statements that take no values (views, inserts).

    `numbered`: with the column `file_row_number`, from 0.

    >>> rows_in(Path("a'b.parquet"))
    "read_parquet('a''b.parquet')"
    """
    text = str(path).replace("'", "''")
    return f"read_parquet('{text}'{', file_row_number = true' if numbered else ''})"


def row_hashes(columns: str) -> str:
    """Columns of DuckDB that tell rows apart: `first` and `second`, 64 bits each, the second seeded by a constant.

    >>> row_hashes("a, b")
    "hash(a, b) AS first, hash('second', a, b) AS second"
    """
    return f"hash({columns}) AS first, hash('second', {columns}) AS second"
