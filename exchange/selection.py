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

_BATCH_ROWS = 65_536
_MEMORY = "1GB"


@dataclass(frozen=True, slots=True)
class Selection:
    """Where a grant is taken from, and the recipient's key where a mask needs one."""

    grant: Grant
    parquet: Path
    key: bytes | None
    work: Path


@contextmanager
def selected(selection: Selection) -> Iterator[pa.RecordBatchReader]:
    """Stream the granted rows and columns in the order of the file.

    Raises:
        ContractBroken: the file lacks a column that its contract promises.
    """
    _check_columns(selection)
    statement, values = _statement(selection)
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(selection.work)}) as connection:
        yield connection.sql(statement, params=values).to_arrow_reader(_BATCH_ROWS)


def _statement(selection: Selection) -> tuple[str, dict[str, object]]:
    grant = selection.grant
    columns = ", ".join(f"{masked(one.name, one.mask)} AS {quote_identifier(one.name)}" for one in grant.fields)
    values: dict[str, object] = {"parquet": str(selection.parquet)}
    conditions = []
    for number, (column, allowed) in enumerate(grant.rows.items()):
        values[f"rows{number}"] = list(allowed)
        conditions.append(f"list_contains($rows{number}, {quote_identifier(column)})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if "$inner" in columns and selection.key is not None:
        values |= hash_pads(selection.key)
    return f"SELECT {columns} FROM read_parquet($parquet){where}", values


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
