"""Relations of a version of few changes: those in force, with the ones that the changes can concern made anew.

Most relations are simple: a record names a household or an employer. Of those, only the affected are made anew: the
record changed or got another master, or its employer did, or an enterprise of that number or name. The others, which
look for persons by number and name or for the beginning of a name, are few, and all made anew each time. Invariant: the
result is that of making all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from registry.increment.making import Changes
from registry.increment.splicing import Replacement, Rows, splice
from registry.naming import RELATIONS
from registry.policy import Entity
from registry.relations.declarations import ORDER, Declarations, Statement
from registry.sql import quoted, row_hashes, rows_in
from schemas.contract import product_contract

_SIMPLE = ("household", "record", "enterprise")


@dataclass(frozen=True)
class Kept:
    """The relations in force, and what changed of the bases since; an entity without changes is as it was."""

    relations: Path
    changes: Mapping[Entity, Changes]


def is_simple(statement: Statement) -> bool:
    """Whether only the affected rows of a statement are made anew."""
    return statement.to in _SIMPLE and statement.subject is None


def affected(declared: Declarations, tables: Mapping[str, Path], kept: Kept) -> Iterator[str]:
    """SQL that makes the table `affected` (dataset, record_id): records whose simple relations are made anew.

    It needs the macro `firm`.
    """
    yield "CREATE TABLE concerned (dataset VARCHAR, record_id VARCHAR)"
    for changes in kept.changes.values():
        for snapshot in (changes.before, changes.after):
            yield f"INSERT INTO concerned SELECT source || '.' || dataset, record_id FROM {rows_in(snapshot.crosswalk)}"
    yield "CREATE TABLE affected AS SELECT DISTINCT dataset, record_id FROM concerned"
    yield "CREATE TABLE renamed (name VARCHAR, uscc VARCHAR, organization_code VARCHAR)"
    if "enterprise" in kept.changes:
        firms = kept.changes["enterprise"]
        for path in (firms.before.golden, firms.after.golden):
            yield f"INSERT INTO renamed SELECT firm(name), uscc, organization_code FROM {rows_in(path)}"
    for one in declared.statements:
        if is_simple(one) and one.dataset in tables and (query := _by_end(one, tables[one.dataset])):
            yield f"INSERT INTO affected SELECT DISTINCT '{one.dataset}', record_id FROM ({query})"


def _by_end(one: Statement, table: Path) -> str | None:
    """Records whose other end the changes can concern."""
    available = duckdb.read_parquet(str(table)).columns
    reference, name = (column if column in available else None for column in (one.reference, one.name))
    if one.to == "record" and reference:
        return (
            f"SELECT t.record_id FROM {rows_in(table)} t SEMI JOIN (FROM concerned WHERE dataset = '{one.of}') c"
            f" ON c.record_id = t.{quoted(reference)}"
        )
    parts = []
    if one.to == "enterprise" and reference:
        number = f"t.{quoted(reference)}"
        numbers = "(SELECT uscc AS number FROM renamed UNION SELECT organization_code FROM renamed)"
        parts += [
            f"SELECT t.record_id FROM {rows_in(table)} t SEMI JOIN {numbers} n ON n.number = {told}"
            for told in (number, f"{number}[9:17]")
        ]
    if one.to == "enterprise" and name:
        names = f"(SELECT DISTINCT {quoted(name)} AS name FROM {rows_in(table)})"
        parts.append(
            f"SELECT t.record_id FROM {rows_in(table)} t SEMI JOIN (FROM {names} d SEMI JOIN renamed r"
            f" ON r.name = firm(d.name)) n ON n.name = t.{quoted(name)}"
        )
    return " UNION ALL ".join(parts) or None


def differences(declared: Declarations, kept: Kept) -> Iterator[str]:
    """SQL that makes the tables `came` and `went` out of `remade`, `affected` and the relations kept.

    `remade`: all relations that were made anew. `came`: those of them that are not in force as they are. `went`: those
    in force that are no more, or otherwise now; `place` is their position in the file.
    """
    simple = " OR ".join(
        f"(kind = '{one.kind}' AND source = '{source}' AND dataset = '{short}')"
        for one in declared.statements
        if is_simple(one)
        for source, short in [one.dataset.split(".")]
    )
    records = "SELECT (record_id, split_part(dataset, '.', 2), split_part(dataset, '.', 1)) FROM affected"
    yield (
        "CREATE TABLE replaced AS SELECT * EXCLUDE (file_row_number), file_row_number AS place"
        f" FROM {rows_in(kept.relations, numbered=True)}"
        f" WHERE NOT ({simple}) OR (record_id, dataset, source) IN ({records})"
    )
    columns = ", ".join(product_contract(RELATIONS).column_names)
    for table in ("remade", "replaced"):
        yield f"CREATE TABLE {table}_hashes AS SELECT rowid AS row, {row_hashes(columns)} FROM {table}"
    for name, table, other in (("came", "remade", "replaced"), ("went", "replaced", "remade")):
        rows = f"SELECT row FROM {table}_hashes ANTI JOIN {other}_hashes USING (first, second)"
        yield f"CREATE TABLE {name} AS SELECT t.* FROM {table} t SEMI JOIN ({rows}) d ON d.row = t.rowid"


def splice_relations(kept: Kept, rows: Path, places: Rows, out: Path) -> None:
    """Put relations that came into those in force, of which others go.

    Args:
        kept: the relations in force.
        rows: file of those that came, sorted by ORDER.
        places: positions of those that went, ascending.
        out: the file of the new version.
    """
    splice(kept.relations, Replacement(ORDER[0], rows, places=places, order=ORDER), out)
