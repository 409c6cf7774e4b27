"""What a rule looks up about everybody, kept with a finding: the rows of its tables that bear on it, and back again.

Owns which rows these are and their form in the database: table → rows, column → text (a list of texts where the column
is one). Refuses columns that texts do not give back.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import duckdb

from mismatches.inputs import identifier, literal
from mismatches.rule import Kept
from storage.errors import Internal

Rows = Sequence[Mapping[str, Any]] | None

CONCERNED: Final = """
    select finding_id, master_id as key from {linked} where master_id is not null
    union
    select finding_id, record_id from {linked}
    union
    select finding_id, master_id from {finding} where master_id is not null
"""
"""One row per finding and key that bears on it: whom it is about, the records that it cites, whose these are."""

_KEYS: Final = {"candidates": "unnest(candidates)", "master_id": "master_id", "record_id": "record_id"}
"""Column that says which rows of a table bear on a finding → its keys; the first that a table has counts."""

_MOST_ROWS: Final = 1000  # of a table without such a column, which is kept whole
_TEXT, _LIST = "VARCHAR", "VARCHAR[]"


def kept_rows(connection: duckdb.DuckDBPyConnection, keeps: Sequence[Kept], finding: str, concerned: str) -> str:
    """A query: one row per finding with `kept`, JSON text; null where the rule keeps nothing.

    Args:
        connection: holds the tables that the rule keeps.
        keeps: these.
        finding: the quoted name of the table of findings.
        concerned: the name of a table as `CONCERNED` makes it.
    """
    if not keeps:
        return f"select finding_id, null::varchar as kept from {finding}"
    parts = [f"{_part(connection, kept.name, concerned)} k{place}" for place, kept in enumerate(keeps)]
    joined = "".join(f" left join {part} using (finding_id)" for part in parts)
    pairs = ", ".join(f"{literal(kept.name)}, k{place}.rows" for place, kept in enumerate(keeps))
    return f"select f.finding_id, json_object({pairs})::varchar as kept from {finding} f{joined}"


def _part(connection: duckdb.DuckDBPyConnection, name: str, concerned: str) -> str:
    """A query in brackets: one row per finding with `rows`, JSON."""
    columns, table = _columns(connection, name), identifier(name)
    row = ", ".join(
        f"{literal(column)}, {identifier(column)}{'' if kind == _LIST else '::varchar'}"
        for column, kind in columns.items()
    )
    keys = next((keys for column, keys in _KEYS.items() if column in columns), None)
    written = f"select *, json_object({row})::varchar as row_text from {table}"
    if keys:
        keyed = f"(select row_text, {keys} as key from ({written})) join {concerned} using (key)"
    elif _count(connection, table) <= _MOST_ROWS:
        keyed = f"({written}) cross join (select distinct finding_id from {concerned})"
    else:
        raise Internal("too many rows to be kept with each finding", f"table {name}", f"at most {_MOST_ROWS}")
    rows = "to_json(list(distinct row_text order by row_text)::json[]) as rows"
    return f"(select finding_id, {rows} from {keyed} group by finding_id)"


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def put_back(connection: duckdb.DuckDBPyConnection, name: str, kept: Mapping[str, Rows]) -> None:
    """Put rows that were kept into their table, in the place of what it holds; other tables stay as they are."""
    if name not in kept:
        return
    columns, table = _columns(connection, name), identifier(name)
    shape = json.dumps([{column: [_TEXT] if kind == _LIST else _TEXT for column, kind in columns.items()}])
    values = ", ".join(f"one.{identifier(column)}::{kind}" for column, kind in columns.items())
    rows = f"select unnest(from_json($rows::json, {literal(shape)})) as one"
    connection.execute(f"delete from {table}")
    connection.execute(
        f"insert into {table} select {values} from ({rows})", {"rows": json.dumps(list(kept[name] or ()))}
    )


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Column → type of a table."""
    columns = {str(row[0]): str(row[1]) for row in connection.execute(f"describe {identifier(name)}").fetchall()}
    odd = [column for column, kind in columns.items() if kind != _LIST and kind.startswith(("STRUCT", "MAP", "UNION"))]
    odd += [column for column, kind in columns.items() if kind != _LIST and kind.endswith("]")]
    if odd:
        raise Internal(f"{', '.join(odd)} cannot be kept as text", f"table {name}", "plain columns and lists of texts")
    return columns
