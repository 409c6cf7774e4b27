"""Which records and masters a day's changes concern: everything else stays as it is, and is not looked at.

Begins with the records that the runs since then touched and with those that the new day judges otherwise (a date that
lay in the future), and takes in whole masters of before and whole clusters of now until nothing leads further.
Invariant: a record outside has the same master, the same cluster mates and the same columns as before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from registry.identities import Past
from registry.increment.start import Goal, Start, WholeError
from registry.ledger import last_sequence
from registry.members import spoken
from registry.policy import Policy, policy
from registry.sql import connect, count
from schemas.contract import ValueType

MOST_TOUCHED = 0.2
"""Share of the records from which a version is made whole: it costs no more then, and leaves tables without gaps."""

_ROUNDS = 6  # of taking in masters and clusters; matching names the records of every cluster it decides: one will do


@dataclass(frozen=True)
class Closure:
    """What the changes concern, as files.

    `clusters`: rows of the match's crosswalk. `past`: rows of the last version's crosswalk and of its ledger of ids.
    `masters`: the master ids of before, sorted.
    """

    clusters: Path
    past: Past
    masters: Path


def close(goal: Goal, start: Start, tables: Mapping[str, Path], past: Past, out: Path) -> Closure:
    """Find what the changes concern.

    Args:
        goal: what is to be published.
        start: from where.
        tables: accepted tables by dataset.
        past: the last version, whole.
        out: an empty folder for the files.

    Raises:
        WholeError: it is too much.
    """
    crosswalk = goal.match / "crosswalk.parquet"
    with connect(out) as connection:
        for name, path in {"clusters": crosswalk, "previous": past.crosswalk, "ledger": past.ledger}.items():
            connection.read_parquet(str(path)).create_view(name)
        connection.execute(f"CREATE TABLE seeds ({', '.join(f'{name} VARCHAR' for name in _KEY.split(', '))})")
        for file in start.touched:
            connection.execute(f"INSERT INTO seeds SELECT {_KEY} FROM read_parquet(?)", [str(file)])
        for name, table in tables.items():
            if name in policy(goal.entity).datasets:
                _add_dated(connection, policy(goal.entity), (name, table), goal, start)
        connection.execute(_JUDGED, {"judged": list(start.judged)})
        total = pq.read_metadata(crosswalk).num_rows
        _take_in(connection, MOST_TOUCHED * total)
        _check(connection, pq.read_metadata(past.crosswalk).num_rows, total)
        return _written(connection, last_sequence(past.ledger), out)


_KEY = "source, dataset, record_id"


# The records of masters of which values are judged otherwise, or of those whom they were merged into.
_JUDGED = f"""
INSERT INTO seeds SELECT {_KEY} FROM previous WHERE master_id IN (
  SELECT unnest($judged::VARCHAR[]) UNION ALL
  SELECT target FROM ledger WHERE list_contains($judged::VARCHAR[], master_id))
"""


def _add_dated(
    connection: duckdb.DuckDBPyConnection, rules: Policy, dataset: tuple[str, Path], goal: Goal, start: Start
) -> None:
    """Add the records with a date that lay in the future and does so no more."""
    name, path = dataset
    source, _, short = name.partition(".")
    table = connection.read_parquet(str(path))
    table.create_view("dated", replace=True)
    dates = list(_dates(rules, name, table.columns))
    if not dates:
        return
    passed = " OR ".join(f"({one} > $before AND {one} <= $now)" for one in dates)
    connection.execute(
        f"INSERT INTO seeds SELECT $source, $dataset, record_id FROM dated t WHERE {passed}",
        {"source": source, "dataset": short, "before": start.as_of, "now": goal.as_of},
    )


def _dates(rules: Policy, dataset: str, available: list[str]) -> Iterator[str]:
    """What survivorship compares with the day, as SQL: see `registry.criteria`."""
    if "updated_at" in available:
        yield "CAST(t.updated_at AS DATE)"
    for attribute in rules.attributes:
        said = any(one.dataset == dataset and one.column in available for one in attribute.speakers)
        if attribute.column.type is ValueType.DATE and said:
            yield spoken(attribute, dataset, available)


def _take_in(connection: duckdb.DuckDBPyConnection, most: float) -> None:
    for _ in range(_ROUNDS):
        for statement in (*_side("previous", "old"), *_side("clusters", "new")):
            connection.execute(statement)
        if count(connection, "SELECT count(*) FROM new_rows") > most:
            raise WholeError("too many records are concerned")
        connection.execute(_FURTHER)
        if not count(connection, "SELECT count(*) FROM further"):
            return
        connection.execute(f"INSERT INTO seeds SELECT {_KEY} FROM further")
    raise WholeError("the changes lead too far")


def _check(connection: duckdb.DuckDBPyConnection, before: int, now: int) -> None:
    """What no run named must be there as before: a record that came or went unnamed would be missed."""
    old, new = (count(connection, f"SELECT count(*) FROM {name}_rows") for name in ("old", "new"))
    if before - old != now - new:
        raise WholeError("records came or went that no run named")


def _side(table: str, name: str) -> Iterator[str]:
    masters = f"SELECT DISTINCT master_id FROM {table} SEMI JOIN seeds USING ({_KEY})"
    yield f"CREATE OR REPLACE TABLE {name}_masters AS {masters}"
    yield f"CREATE OR REPLACE TABLE {name}_rows AS SELECT * FROM {table} SEMI JOIN {name}_masters USING (master_id)"


# A record on one side alone that no run named: its cluster, or its master, has to be taken in.
_FURTHER = f"""
CREATE OR REPLACE TABLE further AS
SELECT {_KEY} FROM (
  SELECT {_KEY} FROM old_rows ANTI JOIN new_rows USING ({_KEY})
  UNION ALL SELECT {_KEY} FROM new_rows ANTI JOIN old_rows USING ({_KEY}))
ANTI JOIN seeds USING ({_KEY})
"""

# Ids that the changes can concern: of the masters, merged into them, or anchored in one of the records.
_LEDGER = f"""
SELECT * FROM ledger
WHERE master_id IN (FROM old_masters) OR target IN (FROM old_masters) OR sequence IN (
  SELECT sequence FROM ledger SEMI JOIN (
    SELECT {_KEY} FROM seeds UNION ALL SELECT {_KEY} FROM old_rows UNION ALL SELECT {_KEY} FROM new_rows)
  USING ({_KEY}))
ORDER BY sequence
"""


def _written(connection: duckdb.DuckDBPyConnection, highest: int, out: Path) -> Closure:
    files = {
        "clusters": "FROM new_rows",
        "previous": "FROM old_rows",
        "ledger": _LEDGER,
        "masters": "FROM old_masters ORDER BY master_id",
    }
    paths = {name: out / f"{name}.parquet" for name in files}
    for name, query in files.items():
        connection.sql(query).write_parquet(str(paths[name]), compression="zstd")
    return Closure(paths["clusters"], Past(paths["ledger"], paths["previous"], highest), paths["masters"])
