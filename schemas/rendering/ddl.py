"""PostgreSQL tables of a contract, with Chinese and English comments.

Names from contracts reach SQL through `quote` alone, comments through `literal` alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.contract import Column, Contract, ValueType

NAME_BYTES: Final = 63
"""PostgreSQL cuts longer names silently."""

SQL_TYPES: Final[Mapping[ValueType, str]] = MappingProxyType(
    {
        ValueType.STRING: "text",
        ValueType.INTEGER: "bigint",
        ValueType.MONEY: "numeric(18, 2)",
        ValueType.NUMBER: "double precision",
        ValueType.DATE: "date",
        ValueType.TIMESTAMP: "timestamp",
        ValueType.MONTH: "text",
        ValueType.YEAR: "bigint",
        ValueType.EVIDENCE: "jsonb",
    }
)


def quote(name: str) -> str:
    """A name as a quoted SQL identifier.

    >>> quote('a"b')
    '"a""b"'

    Raises:
        ValueError: the name is empty, longer than 63 bytes, or holds a zero character.
    """
    if not name or "\0" in name or len(name.encode()) > NAME_BYTES:
        raise ValueError(f"{name[:20]!r} cannot name anything in SQL: 1 to {NAME_BYTES} bytes, no zero character")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal, for statements that take no bound values.

    >>> literal("owner's")
    "'owner''s'"

    Raises:
        ValueError: the text holds a zero character.
    """
    if "\0" in text:
        raise ValueError("a text with a zero character cannot stand in SQL")
    return "'" + text.replace("'", "''") + "'"


def create_table(contract: Contract, *, schema: str | None = None, table: str | None = None) -> tuple[str, ...]:
    """Statements that create the table of a contract and comment it.

    Args:
        contract: what the table holds.
        schema: the PostgreSQL schema; the search path decides where it is null.
        table: the table's name; the contract's dataset where it is null.
    """
    where = (
        quote(table or contract.dataset) if schema is None else f"{quote(schema)}.{quote(table or contract.dataset)}"
    )
    lines = [_column(column) for column in contract.columns]
    lines.append(f"PRIMARY KEY ({', '.join(quote(name) for name in contract.key)})")
    body = ",\n  ".join(lines)
    return (
        f"CREATE TABLE {where} (\n  {body}\n)",
        f"COMMENT ON TABLE {where} IS {literal(_both(contract.title_zh, contract.title_en))}",
        *(
            f"COMMENT ON COLUMN {where}.{quote(column.name)} IS {literal(_comment(column))}"
            for column in contract.columns
        ),
    )


def _column(column: Column) -> str:
    return f"{quote(column.name)} {SQL_TYPES[column.type]}{'' if column.nullable else ' NOT NULL'}"


def _comment(column: Column) -> str:
    names = _both(column.name_zh, column.name_en)
    notes = (
        column.description_zh
        if column.description_zh == column.description
        else (f"{column.description_zh} {column.description}".strip())
    )
    return f"{names} — {notes}" if notes else names


def _both(chinese: str, english: str) -> str:
    return f"{chinese} / {english}"
