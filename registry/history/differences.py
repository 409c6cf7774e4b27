"""The difference between two published versions of a base, set-wise: change feed, history and events of one step.

Reads the files of the two versions and nothing else, so that a step can be computed again at any time. The rows of both
are compared by a hash of all their columns; only those that differ are read whole, so memory and disk follow the change
and not the base. (Two hashes of 64 bits: a changed row passes unseen once in 10^19.) Invariant: the state before, with
the feed applied, is the state after.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from registry.history.times import CORRECTED, EventRule, Times, times
from registry.layers import FIRST, newest_rows
from registry.naming import folder_name, products
from registry.policy import Entity, policy
from registry.sql import connect, quoted, row_hashes
from schemas.contract import product_contract
from storage.zones import Zones

FEED, HISTORY, EVENTS = "data.parquet", "history.parquet", "events.parquet"
"""Files of a step: the rows of the product `<entity>_changes`; (version, master_id, attribute, before, after,
valid_from), values as text, valid_from null for a correction; (version, master_id, event, valid_on, related)."""

POSITIONS = 2**32
"""Rows that a version's feed may have: a cursor is version × POSITIONS + the position, from 1."""


@dataclass(frozen=True)
class Snapshot:
    """The files of one published version of a base; `provenance` is the first of its layers (`registry.layers`)."""

    golden: Path
    provenance: Path
    ledger: Path
    crosswalk: Path

    @classmethod
    def of(cls, zones: Zones, entity: Entity, version: int) -> "Snapshot":
        """The files of a version by its number."""
        golden, crosswalk = (zones.published(product, folder_name(version)) for product in products(entity))
        return cls(
            golden / "data.parquet",
            golden / FIRST,
            golden / "master_ids.parquet",
            crosswalk / "data.parquet",
        )

    def is_there(self) -> bool:
        """Whether every file lies there."""
        return all(path.is_file() for path in (self.golden, self.provenance, self.ledger, self.crosswalk))


@dataclass(frozen=True)
class Step:
    """From one version of a base to the next: `before` is None for the first. `as_of`: "today" of the version."""

    entity: Entity
    version: int
    as_of: date
    before: Snapshot | None
    after: Snapshot


def write_differences(step: Step, out: Path, work: Path) -> Mapping[str, int]:
    """Write FEED, HISTORY and EVENTS of a step into a folder; returns the rows of the feed by kind.

    Args:
        step: the two versions.
        out: folder for the files.
        work: an empty folder, to spill into.
    """
    with connect(work) as connection:
        if step.before is None:
            _first(connection, step, out)
        else:
            _open(connection, step, step.before)
            for statement in _statements(step.entity):
                connection.execute(statement)
            _write(connection, step, out)
        kinds = connection.execute("SELECT kind, count(*) FROM read_parquet(?) GROUP BY kind", [str(out / FEED)])
        return dict(kinds.fetchall())


def attributes(entity: Entity) -> tuple[str, ...]:
    """The columns of a base but its id, in the order of the contract."""
    return tuple(name for name in product_contract(entity).column_names if name != "master_id")


def _first(connection: duckdb.DuckDBPyConnection, step: Step, out: Path) -> None:
    """Everybody is new: the feed is the base itself, and there is no past."""
    connection.execute("SET preserve_insertion_order = true")
    names = attributes(step.entity)
    after = ", ".join(quoted(name) for name in names)
    nothing = ", ".join(f"CASE WHEN false THEN {quoted(name)} END AS {quoted(name + '_before')}" for name in names)
    connection.sql(
        f"SELECT {_cursor(step, 'file_row_number + 1')}, 'added' AS kind, master_id,"
        f" CAST(NULL AS VARCHAR) AS related_master_id, CAST(NULL AS VARCHAR) AS changed, {after}, {nothing}"
        " FROM read_parquet($golden, file_row_number = true)",
        params={"golden": str(step.after.golden)},
    ).write_parquet(str(out / FEED), compression="zstd")
    connection.sql(f"SELECT {_HISTORY_COLUMNS} LIMIT 0").write_parquet(str(out / HISTORY))
    connection.sql(f"SELECT {_EVENT_COLUMNS} LIMIT 0").write_parquet(str(out / EVENTS))


_HISTORY_COLUMNS = (
    "0::INTEGER AS version, ''::VARCHAR AS master_id, ''::VARCHAR AS attribute, ''::VARCHAR AS before,"
    " ''::VARCHAR AS after, NULL::DATE AS valid_from"
)
_EVENT_COLUMNS = (
    "0::INTEGER AS version, ''::VARCHAR AS master_id, ''::VARCHAR AS event, NULL::DATE AS valid_on,"
    " ''::VARCHAR AS related"
)


def _cursor(step: Step, position: str) -> str:
    return f"{step.version:d}::BIGINT * {POSITIONS} + {position} AS cursor, {step.version:d}::BIGINT AS version"


def _open(connection: duckdb.DuckDBPyConnection, step: Step, before: Snapshot) -> None:
    for name, path in {
        "golden_before": before.golden,
        "golden_after": step.after.golden,
        "ledger_before": before.ledger,
        "ledger_after": step.after.ledger,
        "crosswalk_before": before.crosswalk,
        "crosswalk_after": step.after.crosswalk,
    }.items():
        connection.read_parquet(str(path)).create_view(name)
    connection.execute(f"CREATE VIEW provenance AS {newest_rows(step.after.provenance)}")
    connection.execute(f"CREATE MACRO capped(day) AS least(coalesce(day, DATE '{step.as_of:%Y-%m-%d}'),"
                       f" DATE '{step.as_of:%Y-%m-%d}')")  # fmt: skip


def _statements(entity: Entity) -> Iterator[str]:
    """The steps up to the tables `pairs` (both images of who differs) and `kinds`, one statement each."""
    names = attributes(entity)
    every = ", ".join(quoted(name) for name in names)
    yield _TOUCHED.format(hashes=row_hashes(every))
    yield _GAINED
    yield _LOST
    yield _KINDS
    for when in ("before", "after"):
        yield f"CREATE TABLE image_{when} AS SELECT g.* FROM golden_{when} g SEMI JOIN touched t USING (master_id)"
    dated = [item.name for item in policy(entity).attributes]
    dates = ", ".join(f"records[{quoted(name)}.record + 1].updated_at::DATE AS {quoted(name)}" for name in dated)
    yield f"CREATE TABLE dates AS SELECT p.master_id, {dates} FROM provenance p SEMI JOIN touched t USING (master_id)"


# Who differs: the hashes of whole rows are compared.
_TOUCHED = """
CREATE TABLE touched AS
WITH old AS (SELECT master_id, {hashes} FROM golden_before),
new AS (SELECT master_id, {hashes} FROM golden_after)
SELECT coalesce(o.master_id, n.master_id) AS master_id,
       o.master_id IS NOT NULL AS was, n.master_id IS NOT NULL AS is_now
FROM old o FULL JOIN new n ON n.master_id = o.master_id
WHERE o.first IS DISTINCT FROM n.first OR o.second IS DISTINCT FROM n.second
"""

# Records that belonged to another master before, or belong to another one now.
_GAINED = """
CREATE TABLE gained AS
WITH mine AS (SELECT x.* FROM crosswalk_after x SEMI JOIN touched t ON t.master_id = x.master_id)
SELECT m.master_id, o.master_id AS other, count(*) AS records
FROM mine m JOIN crosswalk_before o
  ON o.record_id = m.record_id AND o.dataset = m.dataset AND o.source = m.source
WHERE o.master_id <> m.master_id GROUP BY ALL
"""

_LOST = """
CREATE TABLE lost AS
WITH mine AS (SELECT x.* FROM crosswalk_before x SEMI JOIN touched t ON t.master_id = x.master_id)
SELECT DISTINCT m.master_id
FROM mine m JOIN crosswalk_after n
  ON n.record_id = m.record_id AND n.dataset = m.dataset AND n.source = m.source
WHERE n.master_id <> m.master_id
"""

_KINDS = """
CREATE TABLE kinds AS
WITH origin AS (
  SELECT master_id, other FROM gained
  QUALIFY row_number() OVER (PARTITION BY master_id ORDER BY records DESC, other) = 1)
SELECT t.master_id,
       CASE WHEN t.was AND t.is_now THEN 'changed'
            WHEN t.was AND n.state = 'merged' THEN 'merged'
            WHEN t.was THEN 'removed'
            WHEN o.state = 'merged' THEN 'unmerged'
            WHEN g.other IS NOT NULL THEN 'split'
            ELSE 'added' END AS kind,
       CASE WHEN t.was AND t.is_now THEN NULL WHEN t.was THEN n.target
            WHEN o.state = 'merged' THEN o.target ELSE g.other END AS related,
       t.was AND t.is_now AND (g.master_id IS NOT NULL OR l.master_id IS NOT NULL) AS relinked
FROM touched t
LEFT JOIN ledger_before o ON o.master_id = t.master_id
LEFT JOIN ledger_after n ON n.master_id = t.master_id
LEFT JOIN origin g ON g.master_id = t.master_id
LEFT JOIN lost l ON l.master_id = t.master_id
"""

_PAIRS = """
FROM kinds k LEFT JOIN image_before b ON b.master_id = k.master_id LEFT JOIN image_after a ON a.master_id = k.master_id
"""


def _write(connection: duckdb.DuckDBPyConnection, step: Step, out: Path) -> None:
    names, declared = attributes(step.entity), times(step.entity)
    files = {FEED: _feed(step, names), HISTORY: _history(step, names, declared), EVENTS: _events(step, declared)}
    for name, query in files.items():
        connection.sql(query).write_parquet(str(out / name), compression="zstd")


def _feed(step: Step, names: tuple[str, ...]) -> str:
    differing = ", ".join(
        f"CASE WHEN a.{quoted(name)} IS DISTINCT FROM b.{quoted(name)} THEN '{name}' END" for name in names
    )
    after = ", ".join(f"a.{quoted(name)}" for name in names)
    before = ", ".join(f"b.{quoted(name)} AS {quoted(name + '_before')}" for name in names)
    return (
        f"SELECT {_cursor(step, 'row_number() OVER (ORDER BY k.master_id)')}, k.kind, k.master_id,"
        " k.related AS related_master_id,"
        f" CASE WHEN k.kind = 'changed' THEN concat_ws(';', {differing}) END AS changed, {after}, {before}"
        f" {_PAIRS} ORDER BY cursor"
    )


def _history(step: Step, names: tuple[str, ...], declared: Times) -> str:
    """One row per changed value of who stays, and per value of who is gone."""
    rows = " UNION ALL ".join(
        f"SELECT k.master_id, '{name}' AS attribute, b.{quoted(name)}::VARCHAR AS before,"
        f" a.{quoted(name)}::VARCHAR AS after, CASE WHEN k.kind = 'changed' THEN {_since(name, declared)} END"
        f" AS valid_from {_PAIRS} LEFT JOIN dates d ON d.master_id = k.master_id"
        f" WHERE k.kind IN ('changed', 'merged', 'removed') AND a.{quoted(name)} IS DISTINCT FROM b.{quoted(name)}"
        for name in names
    )
    return f"SELECT {step.version:d}::INTEGER AS version, * FROM ({rows}) ORDER BY master_id, attribute"


def _since(name: str, declared: Times) -> str:
    """The day since which a changed value is so; null where it corrects the former one."""
    ended = declared.ended
    if declared.is_fact(name):
        return "NULL::DATE"
    if name == ended.day:
        return f"a.{quoted(name)}"
    day = f"CASE WHEN NOT k.relinked THEN capped(d.{quoted(name)}) END"
    if name == ended.attribute:
        codes = ", ".join(f"'{code}'" for code in ended.codes)
        day_of_end = f"a.{quoted(ended.day)}"
        told = f"a.{quoted(name)} IN ({codes}) AND {day_of_end} IS NOT NULL"
        return f"CASE WHEN {told} THEN {day_of_end} ELSE {day} END"
    if name in declared.renamed:
        return f"CASE WHEN a.{quoted(declared.renamed[name])} = b.{quoted(name)} THEN {day} END"
    return day


def _events(step: Step, declared: Times) -> str:
    """What happened: to the ids, and to those whom they stand for."""
    begun = f"CASE WHEN k.kind = 'added' THEN a.{quoted(declared.begins)} END"
    parts = [
        f"SELECT k.master_id, k.kind AS event, {begun} AS valid_on, k.related {_PAIRS} WHERE k.kind <> 'changed'",
        "SELECT related, 'absorbed', NULL, master_id FROM kinds WHERE kind = 'merged'",
        "SELECT related, 'divided', NULL, master_id FROM kinds WHERE kind IN ('split', 'unmerged')",
        *(_event(rule, declared) for rule in declared.events),
        *(
            f"SELECT k.master_id, '{CORRECTED}', NULL, NULL {_PAIRS}"
            f" WHERE k.kind = 'changed' AND a.{quoted(name)} <> b.{quoted(name)}"
            for name in (*declared.facts, declared.ended.day)
        ),
    ]
    return (
        f"SELECT {step.version:d}::INTEGER AS version, master_id, event, min(valid_on) AS valid_on, related"
        f" FROM ({' UNION ALL '.join(parts)}) GROUP BY master_id, event, related ORDER BY master_id, event, related"
    )


def _event(rule: EventRule, declared: Times) -> str:
    new, old = f"a.{quoted(rule.attribute)}", f"b.{quoted(rule.attribute)}"
    happened = f"{new} = '{rule.becomes}' AND {old} IS DISTINCT FROM {new}" if rule.becomes else f"{new} <> {old}"
    since = _since(rule.attribute, declared)
    return (
        f"SELECT k.master_id, '{rule.event}', {since}, NULL {_PAIRS} LEFT JOIN dates d ON d.master_id = k.master_id"
        f" WHERE k.kind = 'changed' AND {happened} AND {since} IS NOT NULL"
    )
