"""Crosswalk and truth side by side: how many records each cluster shares with each true subject.

Owns the counting. Everything is a sum over the cells of this table; pairs are never enumerated. Records that only one
of the two files holds are counted and left out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from storage.errors import BadSpecification, ContractBroken

ADDRESS: Final = ("source", "dataset", "record_id")
_PARTS: Final = {"cell": ("master_id", "subject"), "cluster": ("master_id",), "class": ("subject",)}


@dataclass(frozen=True)
class Contingency:
    """The tables `record`, `cell`, `cluster` and `class` in a DuckDB connection.

    Attributes:
        datasets: `department.dataset` in order of name; `d0`, `d1` … of a table count the records of each.
        records: records that both files hold.
        untold: rows of the crosswalk that the truth does not name; unmatched: records of the truth without a row.
    """

    connection: duckdb.DuckDBPyConnection
    datasets: tuple[str, ...]
    records: int
    untold: int
    unmatched: int

    def row(self, query: str) -> tuple[Any, ...]:
        """The one row of an aggregate."""
        found: tuple[Any, ...] = self.rows(query)[0]
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of an aggregate."""
        return list(self.connection.execute(query).fetchall())


@contextmanager
def contingency(crosswalk: Path, truth: Path) -> Iterator[Contingency]:
    """Join a crosswalk with the truth.

    Args:
        crosswalk: Parquet with master_id, source, dataset, record_id, match_probability.
        truth: Parquet or CSV with source, dataset, record_id and one more column that names the true subject; `errors`
            (a list, or text with `;` between) may say what is wrong in the record.

    Raises:
        ContractBroken: a file is missing or has other columns, or repeats a record.
    """
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        _load_crosswalk(connection, crosswalk)
        load_truth(connection, truth)
        connection.execute(
            "CREATE TEMP TABLE record AS SELECT master_id, subject, match_probability, errors, "
            "CASE WHEN source = '' THEN dataset ELSE source || '.' || dataset END AS dataset "
            "FROM crosswalk JOIN truth USING (source, dataset, record_id)"
        )
        names = [row[0] for row in connection.execute("SELECT DISTINCT dataset FROM record ORDER BY 1").fetchall()]
        counts = [_count(connection, table) for table in ("record", "crosswalk", "truth")]
        connection.execute("DROP TABLE crosswalk; DROP TABLE truth")
        _group(connection, names)
        yield Contingency(connection, tuple(names), counts[0], counts[1] - counts[0], counts[2] - counts[0])


def load_truth(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Load the table `truth` (source, dataset, record_id, subject, errors); the name of the subject's column."""
    columns = _columns(connection, path)
    subjects = [name for name in columns if name not in {*ADDRESS, "errors"}]
    if not set(ADDRESS) <= set(columns) or len(subjects) != 1:
        raise ContractBroken("the truth has other columns", path.name,
                             "source, dataset, record_id, one column that names the subject, and perhaps errors",
                             "name the file of true persons or of true enterprises")  # fmt: skip
    errors = "[]::VARCHAR[]"
    if "errors" in columns:
        listed = columns["errors"].endswith("[]")
        errors = "errors" if listed else "list_filter(string_split(errors::VARCHAR, ';'), lambda one: one <> '')"
    subject = subjects[0].replace('"', '""')
    connection.execute(
        f'CREATE TEMP TABLE truth AS SELECT {_address()}, "{subject}"::VARCHAR AS subject, '
        f'coalesce({errors}, []::VARCHAR[]) AS errors FROM {_scan(path)} WHERE "{subject}" IS NOT NULL',
        {"path": str(path)},
    )
    _refuse_repeats(connection, "truth", path)
    return subjects[0]


def _load_crosswalk(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    columns = _columns(connection, path)
    if missing := sorted({*ADDRESS, "master_id", "match_probability"} - set(columns)):
        raise ContractBroken(f"the crosswalk lacks {', '.join(missing)}", path.name,
                             remedy="name the folder of a finished match")  # fmt: skip
    connection.execute(
        f"CREATE TEMP TABLE crosswalk AS SELECT {_address()}, master_id, match_probability FROM {_scan(path)}",
        {"path": str(path)},
    )
    _refuse_repeats(connection, "crosswalk", path)


def _address() -> str:
    return ", ".join(f"coalesce({name}::VARCHAR, '') AS {name}" for name in ADDRESS)


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    if not path.is_file():
        raise ContractBroken("the file is missing", str(path))
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {_scan(path)}", {"path": str(path)}).fetchall()
    except duckdb.Error as error:
        raise ContractBroken("the file cannot be read", path.name, "Parquet or CSV with a header") from error
    return {row[0]: row[1] for row in found}


def _scan(path: Path) -> str:
    if path.suffix not in {".parquet", ".csv"}:
        raise BadSpecification(f"a file of the kind {path.suffix or 'without suffix'} is not read here", path.name,
                               ".parquet or .csv", "convert it")  # fmt: skip
    return "read_parquet($path)" if path.suffix == ".parquet" else "read_csv($path, all_varchar = true, header = true)"


def _refuse_repeats(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    query = f"SELECT count(*) - count(DISTINCT (source, dataset, record_id)) FROM {table}"
    repeats = connection.execute(query).fetchall()[0][0]
    if repeats:
        raise ContractBroken(f"{repeats:,} records are named more than once", path.name, "one row a record")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _group(connection: duckdb.DuckDBPyConnection, datasets: list[str]) -> None:
    by_dataset = "".join(f", count(*) FILTER (dataset = ${place + 1}) AS d{place}" for place in range(len(datasets)))
    connection.execute(
        f"CREATE TEMP TABLE cell AS SELECT master_id, subject, count(*) AS n{by_dataset} FROM record GROUP BY ALL",
        datasets,
    )
    sums = "".join(f", sum(d{place})::BIGINT AS d{place}" for place in range(len(datasets)))
    for part in ("cluster", "class"):
        key = _PARTS[part][0]
        connection.execute(
            f"CREATE TEMP TABLE {part} AS SELECT {key}, sum(n)::BIGINT AS n{sums} FROM cell GROUP BY {key}"
        )
