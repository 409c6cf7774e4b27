"""The columns of a received table set against a contract: which are there, which are missing, which are new."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from schemas.contract import Contract, Mode
from schemas.errors import ContractBroken

OPERATION: Final = "op"
"""The column of a delta that says U (upsert) or D (delete)."""


@dataclass(frozen=True)
class Received:
    """A received table under the contract's names.

    `columns`: contract column → position in the table. `operation`: position of `op` in a delta. `extra`: received
    columns that the contract lacks. `absent`: optional columns of the contract that were not received.
    """

    table: pa.Table
    columns: Mapping[str, int]
    operation: int | None
    extra: tuple[str, ...]
    absent: tuple[str, ...]


def received(table: pa.Table, contract: Contract, mode: Mode) -> Received:
    """Find the contract's columns by name, blanks and case aside.

    Raises:
        ContractBroken: a required column is missing, or a column of the contract stands twice.
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(table.column_names):
        places.setdefault(_plain(name), []).append(place)
    wanted = {column.name: _plain(column.name) for column in contract.columns}
    missing = [column.name for column in contract.columns if column.required and wanted[column.name] not in places]
    if missing:
        raise ContractBroken(
            f"required column missing: {', '.join(missing)}",
            where=contract.name,
            expected=f"every required column of contract version {contract.version}",
            remedy="ask the sender for the column, or send the file again with its header line",
        )
    operation = places.get(OPERATION) if mode == "delta" and OPERATION not in wanted else None
    known = {*wanted.values(), *([OPERATION] if operation else [])}
    twice = [name for name in known if len(places.get(name, ())) > 1]
    if twice:
        raise ContractBroken(
            f"column received more than once: {', '.join(sorted(twice))}",
            where=contract.name,
            expected="each column once",
            remedy="ask the sender which of the columns counts, and to send the file again with it alone",
        )
    return Received(
        _without_views(table),
        {name: places[plain][0] for name, plain in wanted.items() if plain in places},
        operation[0] if operation else None,
        tuple(name for name in table.column_names if _plain(name) not in known),
        tuple(name for name, plain in wanted.items() if plain not in places),
    )


def _without_views(table: pa.Table) -> pa.Table:
    """Columns of views as plain text or bytes: Arrow can neither filter nor take views."""
    for place, field in enumerate(table.schema):
        if field.type in _VIEWS:
            table = table.set_column(place, field.name, table.column(place).cast(_VIEWS[field.type]))
    return table


_VIEWS: Final = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def _plain(name: str) -> str:
    return name.strip().strip("\ufeff").strip().lower()
