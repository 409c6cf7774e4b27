"""Selects what a grant gives out of a published Parquet file: granted columns, masked, and granted rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from exchange.agreement import Grant
from exchange.masks import hash_pads, masked
from storage.engine import quote_identifier
from storage.errors import ContractBroken

BATCH_ROWS = 65_536
MEMORY = "1GB"


@dataclass(frozen=True, slots=True)
class Selection:
    """Where a grant is taken from, and the recipient's key where a mask needs one.

    `limits`: the bases whose granted rows limit the subjects of relations, and their files.
    """

    grant: Grant
    parquet: Path
    key: bytes | None
    work: Path
    limits: tuple[tuple[Grant, Path], ...] = ()


@contextmanager
def selected(selection: Selection) -> Iterator[pa.RecordBatchReader]:
    """Stream the granted rows and columns in the order of the file.

    Raises:
        ContractBroken: the file lacks a column that its contract promises.
    """
    _check_columns(selection)
    statement, values = _statement(selection)
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(selection.work)}) as connection:
        yield connection.sql(statement, params=values).to_arrow_reader(BATCH_ROWS)


def _statement(selection: Selection) -> tuple[str, dict[str, object]]:
    grant = selection.grant
    columns = ", ".join(f"{masked(one.name, one.mask)} AS {quote_identifier(one.name)}" for one in grant.fields)
    values: dict[str, object] = {"parquet": str(selection.parquet)}
    conditions = rows_condition(grant, values)
    for base, file in selection.limits:
        values[f"{base.product}_file"] = str(file)
        within = " AND ".join(rows_condition(base, values))
        conditions.append(
            f"(from_kind <> '{base.product}' OR from_master_id IN"
            f" (SELECT master_id FROM read_parquet(${base.product}_file) WHERE {within}))"
        )
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if "$inner" in columns and selection.key is not None:
        values |= hash_pads(selection.key)
    return f"SELECT {columns} FROM read_parquet($parquet){where}", values


def rows_condition(grant: Grant, values: dict[str, object], ending: str = "") -> list[str]:
    """Conditions on the granted rows, whose values are added to those that are bound.

    `ending`: of the columns that are looked at, `_before` for what was.
    """
    conditions = []
    for number, (column, allowed) in enumerate(grant.rows.items()):
        values[f"{grant.product}_{number}"] = list(allowed)
        name = quote_identifier(column + ending)
        conditions.append(f"coalesce(list_contains(${grant.product}_{number}, {name}), false)")
    return conditions


def _check_columns(selection: Selection) -> None:
    wanted = {one.name for one in selection.grant.fields} | selection.grant.rows.keys()
    missing = sorted(wanted - set(pq.read_schema(selection.parquet).names))
    if missing:
        raise ContractBroken(
            f"the published file lacks {', '.join(missing)}",
            str(selection.parquet),
            "every column of the product's contract",
            "publish the product again",
        )
