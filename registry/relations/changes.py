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
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.increment.making import Changes
from registry.increment.splicing import Mask, Replacement, splice
from registry.policy import Entity
from registry.relations.declarations import Declarations, Statement
from registry.relations.serving import Rewritten
from registry.sql import quoted, rows_in

_SIMPLE = ("household", "record", "enterprise")

_ORDER = ("from_master_id", "kind", "source", "dataset", "record_id")


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


def touched_masters(declared: Declarations, kept: Kept, rows: Path) -> str:
    """SQL: masters of which relations go or come, as far as they have an id; `rows`: those that were made anew."""
    kinds = ([one.kind, *one.dataset.split(".")] for one in declared.statements if is_simple(one))
    simple = " OR ".join(
        f"(kind = '{kind}' AND source = '{source}' AND dataset = '{short}')" for kind, source, short in kinds
    )
    parts = [rows_in(rows), f"{rows_in(kept.relations)} WHERE NOT ({simple})"]
    found = [f"SELECT from_master_id FROM {part}" for part in parts]
    found += [f"SELECT master_id FROM {rows_in(one.before.crosswalk)}" for one in kept.changes.values()]
    return " UNION ".join(found)


def splice_relations(
    declared: Declarations, kept: Kept, touched: tuple[pa.ChunkedArray, pa.Table], rewritten: Rewritten, out: Path
) -> None:
    """Put relations that were made anew into those in force.

    Args:
        declared: all statements.
        kept: the relations in force.
        touched: the masters of `touched_masters`, and the table `affected`.
        rewritten: all relations that were made anew, sorted as the product is; the file of those in whose stead they
            stand is written here.
        out: the file of the new version.
    """
    masters, affected_records = touched
    simple = pa.array(_simple(declared), pa.string())
    records = _joined("/", affected_records.column("dataset"), affected_records.column("record_id"))

    def goes(table: pa.Table) -> Mask:
        dataset = _joined(".", table.column("source"), table.column("dataset"))
        is_kept = pc.is_in(_joined("/", table.column("kind"), dataset), value_set=simple).to_numpy()
        return np.asarray(~is_kept | pc.is_in(_joined("/", dataset, table.column("record_id")), value_set=records))

    nobody = pa.chunked_array([pa.nulls(1, pa.string())])  # relations whose subject is unknown stand at the end
    every = pa.chunked_array([*masters.chunks, *nobody.chunks], pa.string())
    splice(kept.relations, Replacement(_ORDER[0], every, rewritten.new, goes, _ORDER), out, rewritten.old)


def _simple(declared: Declarations) -> list[str]:
    return [f"{one.kind}/{one.dataset}" for one in declared.statements if is_simple(one)]


def _joined(separator: str, *columns: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*columns, separator)
