"""The inputs of a cross-check as DuckDB views: every dataset of the contracts, typed, whether it came or not.

Owns the quoting of identifiers and the question what is absent. Absent is not empty: a dataset without a file is a
view without rows, and `absences` says so before a rule that needs it could run.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from mismatches.request import CrossCheckRequest
from mismatches.rule import Needs, SubjectKind
from schemas.bilingual import Bilingual
from schemas.contract import Contract, ValueType, source_contracts

_TYPES: Mapping[ValueType, str] = {
    ValueType.STRING: "varchar",
    ValueType.INTEGER: "bigint",
    ValueType.MONEY: "decimal(18, 2)",
    ValueType.NUMBER: "double",
    ValueType.DATE: "date",
    ValueType.TIMESTAMP: "timestamp",
    ValueType.MONTH: "varchar",
    ValueType.YEAR: "bigint",
}
_CROSSWALK = {
    "master_id": "varchar",
    "source": "varchar",
    "dataset": "varchar",
    "record_id": "varchar",
    "match_probability": "double",
}


def identifier(name: str) -> str:
    """Quote a name of ours for SQL.

    >>> identifier('tax.wage'), identifier('a"b')
    ('"tax.wage"', '"a""b"')
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text of ours for SQL where DuckDB takes no bound value (views)."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def opened(request: CrossCheckRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an in-memory database with a view per dataset and crosswalk; memory is bounded, the spill folder private."""
    with TemporaryDirectory(dir=request.work, prefix="cross-check.") as spill:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": request.settings.memory,
            "temp_directory": spill,
        }
        if request.settings.threads:
            config["threads"] = request.settings.threads
        connection = duckdb.connect(config=config)
        try:
            connection.execute("set preserve_insertion_order = false")
            _create_views(connection, request)
            yield connection
        finally:
            connection.close()


def columns_of(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """The names of the columns that a Parquet file has."""
    rows = connection.execute("describe select * from read_parquet($path)", {"path": str(path)}).fetchall()
    return tuple(str(row[0]) for row in rows)


def absences(
    connection: duckdb.DuckDBPyConnection, request: CrossCheckRequest, needs: Needs, crosswalks: Sequence[SubjectKind]
) -> list[Bilingual]:
    """What is needed and is not there; empty where all is."""
    missing: list[Bilingual] = []
    for dataset, columns in needs.needed.items():
        if dataset not in request.tables:
            missing.append(Bilingual(f"缺少数据集 {dataset}", f"dataset {dataset} is absent"))
            continue
        missing += [
            Bilingual(f"数据集 {dataset} 缺少列 {column}", f"dataset {dataset} has no column {column}")
            for column in columns
            if _column_absent(connection, request, dataset, column)
        ]
    for kind in crosswalks:
        missing += _crosswalk_absences(connection, request, needs, f"{kind}_crosswalk")
    return missing


def _column_absent(
    connection: duckdb.DuckDBPyConnection, request: CrossCheckRequest, dataset: str, column: str
) -> bool:
    received = request.state(dataset).columns
    if received is not None:
        return column not in received
    path = request.tables[dataset]
    if column not in columns_of(connection, path):
        return True
    raw = f"{column}_raw"
    seen = f"count({identifier(column)})"
    if raw in columns_of(connection, path):
        seen += f" + count({identifier(raw)})"
    query = f"select count(*), {seen} from read_parquet($path)"
    rows, values = connection.execute(query, {"path": str(path)}).fetchall()[0]
    return bool(rows) and not values


def _crosswalk_absences(
    connection: duckdb.DuckDBPyConnection, request: CrossCheckRequest, needs: Needs, product: str
) -> list[Bilingual]:
    """The crosswalk itself, and every needed dataset of which it should hold all records and holds none."""
    if product not in request.products:
        return [Bilingual(f"缺少对照表 {product}", f"product {product} is absent")]
    missing = []
    for dataset in needs.needed:
        if dataset not in MATCHED[product] or dataset not in request.tables:
            continue
        source, _, part = dataset.partition(".")
        rows = _count(connection, f"select count(*) from {identifier(dataset)}", {})
        linked = _count(
            connection,
            f"select count(*) from {product} where source = $source and dataset = $part",
            {"source": source, "part": part},
        )
        if rows and not linked:
            missing.append(
                Bilingual(f"对照表 {product} 不含 {dataset} 的记录", f"product {product} holds no record of {dataset}")
            )
    return missing


MATCHED: Final[Mapping[str, frozenset[str]]] = {
    "person_crosswalk": frozenset(
        {
            "police.resident",
            "social_security.insured",
            "tax.natural_person",
            "family_planning.person",
            "provident_fund.account",
        }
    ),
    "enterprise_crosswalk": frozenset(
        {"commerce.enterprise", "tax.taxpayer", "quality_supervision.organization", "social_security.employer"}
    ),
}
"""Product → the datasets whose records it links."""


def _count(connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object]) -> int:
    return int(connection.execute(query, dict(values)).fetchall()[0][0])


def _create_views(connection: duckdb.DuckDBPyConnection, request: CrossCheckRequest) -> None:
    for name, contract in source_contracts().items():
        _create_view(connection, name, _typed(contract), request.tables.get(name))
    for product in MATCHED:
        _create_view(connection, product, _CROSSWALK, request.products.get(product))


def _typed(contract: Contract) -> dict[str, str]:
    columns = {column.name: _TYPES[column.type] for column in contract.columns}
    raw = {f"{column.name}_raw": "varchar" for column in contract.columns if column.keeps_raw}
    return columns | raw


def _create_view(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], path: Path | None
) -> None:
    present = columns_of(connection, path) if path else ()
    selected = ", ".join(
        f"{identifier(column) if column in present else 'null'}::{kind} as {identifier(column)}"
        for column, kind in columns.items()
    )
    rows = f"from read_parquet({literal(str(path))})" if path else "where false"
    connection.execute(f"create view {identifier(name)} as select {selected} {rows}")
