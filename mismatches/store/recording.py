"""Writes the findings of a cross-check into PostgreSQL: what is new or changed, and what is no longer found.

One transaction, by sets: only what changed since the last run travels. An equal run again writes nothing. A rule that
did not run leaves its findings as they are. The store follows the latest day: the findings of an earlier one are not
recorded over those of a later.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, Engine, text

from mismatches.engine import RuleRun
from mismatches.request import CrossCheckRequest
from mismatches.store import statements
from mismatches.store.gathering import GATHERED, SEEN, gather
from mismatches.store.linking import LINK, Explain, link_findings
from storage.engine import bulk_load
from storage.manifest import Json

_LOG = logging.getLogger(__name__)
_LOCK = 0x51_6D_66_64  # any number that nobody else takes: "Qmfd"
_BATCH = 20_000  # rows of the stream into the database; a row holds the evidence of a finding
_KNOWN = pa.schema([("finding_id", pa.string()), ("rule", pa.string()), ("digest", pa.string()), ("open", pa.string())])


@dataclass(frozen=True)
class Recorded:
    """What recording a cross-check changed, in findings; `later` is true where a later day had been recorded."""

    found: int = 0
    changed: int = 0
    returned: int = 0
    gone: int = 0
    later: bool = False


def record(
    engine: Engine,
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[RuleRun],
    request: CrossCheckRequest,
    *,
    explain: Explain | None = None,
) -> Recorded:
    """Record the findings of a run.

    Args:
        engine: connects as the owner of the schema, which is at this release.
        connection: holds the findings' tables and `finding_division`.
        runs: of all rules.
        request: the cross-check.
        explain: tells the links that new and changed findings rest on; null where no match is at hand.
    """
    gather(connection, runs)
    with engine.begin() as database:
        database.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        ran = [run for run in runs if run.ran]
        if _later(database, ran, request):
            _LOG.info("a later day is recorded; findings stay", extra={"as_of": request.as_of.isoformat()})
            return Recorded(later=True)
        _compare(connection, database, [run.rule.id for run in ran])
        link_findings(connection, "to_load", explain)
        recorded = _write(connection, database, ran, request)
        _LOG.info("findings recorded", extra=vars(recorded))
        return recorded


def _later(database: Connection, ran: Sequence[RuleRun], request: CrossCheckRequest) -> bool:
    found = database.execute(
        text("SELECT max(as_of) FROM mismatches.rule_state WHERE rule = ANY(:rules)"),
        {"rules": [run.rule.id for run in ran]},
    ).scalar_one()
    return found is not None and found > request.as_of


def _compare(connection: duckdb.DuckDBPyConnection, database: Connection, ran: Sequence[str]) -> None:
    """Make the tables `to_load` (new, changed, found again) and `to_end` (no longer found) in DuckDB."""
    connection.register("known_finding", _known(database))
    connection.execute(
        f"create or replace table to_load as select g.* from {GATHERED} g left join known_finding k using (finding_id)"
        " where k.finding_id is null or k.digest <> g.digest or k.open = 'f'"
    )
    connection.execute(
        f"create or replace table to_end as select k.finding_id from known_finding k anti join {GATHERED} g"
        " using (finding_id) where k.open = 't' and list_contains($ran::varchar[], k.rule)",
        {"ran": list(ran)},
    )
    connection.unregister("known_finding")


def _known(database: Connection) -> pa.Table:
    """What is recorded, by the fast way: COPY."""
    driver: Any = database.connection.dbapi_connection
    parts = bytearray()
    with driver.cursor() as cursor, cursor.copy(statements.KNOWN) as copy:
        for part in copy:
            parts += part
    if not parts:
        return _KNOWN.empty_table()
    return csv.read_csv(
        pa.py_buffer(bytes(parts)),
        read_options=csv.ReadOptions(column_names=_KNOWN.names),
        convert_options=csv.ConvertOptions(column_types=_KNOWN),
    )


def _write(
    connection: duckdb.DuckDBPyConnection, database: Connection, ran: Sequence[RuleRun], request: CrossCheckRequest
) -> Recorded:
    loads, ends = (_rows(connection, f"select count(*) from {name}") for name in ("to_load", "to_end"))
    states = [
        {"rule": run.rule.id, "version": run.rule.version, "as_of": request.as_of, "shadow": run.rule.shadow}
        for run in ran
    ]
    database.execute(text(statements.FOUND_TABLE))
    database.execute(text(statements.LOST_TABLE))
    if loads:
        columns = ", ".join(("finding_id", "rule", *SEEN, "evidence", "digest", "kept", "link"))
        rows = connection.sql(f"select {columns} from to_load left join {LINK} using (finding_id)").to_arrow_reader(
            _BATCH
        )
        bulk_load(database, "pg_temp", "found", rows)
    if ends:
        bulk_load(database, "pg_temp", "lost", connection.sql("from to_end").to_arrow_table())
    moved = [state for state in states if not database.execute(text(statements.STATE_KNOWN), state).scalar_one()]
    if not (loads or ends or moved):
        _resolve(database)
        return Recorded()
    number = database.execute(text(statements.NEW_RUN), _run(ran, request)).scalar_one()
    values = {"run": number, "as_of": request.as_of, "month": f"{request.as_of:%Y-%m}"}
    told = {row.change: row.findings for row in database.execute(text(statements.OBSERVE), values)}
    database.execute(text(statements.UPSERT), values)
    database.execute(text(statements.OBSERVE_GONE), values)
    database.execute(text(statements.END), values)
    for state in states:
        database.execute(text(statements.NEW_STATE), state | {"run": number})
        database.execute(text(statements.SHADOW), state)
    _resolve(database)
    database.execute(text("ANALYZE mismatches.finding"))
    return Recorded(told.get("found", 0), told.get("changed", 0), told.get("returned", 0), ends)


def _run(ran: Sequence[RuleRun], request: CrossCheckRequest) -> dict[str, object]:
    rules: Mapping[str, Json] = {
        run.rule.id: {
            "version": run.rule.version,
            "year": run.year,
            "parameters": {name: str(value) for name, value in run.parameters.items()},
        }
        for run in ran
    }
    inputs: Mapping[str, Json] = {
        name: {
            "version": request.state(name).version,
            "received_at": moment.isoformat() if (moment := request.state(name).received_at) else None,
        }
        for name in sorted([*request.tables, *request.products])
    }
    return {
        "as_of": request.as_of,
        "recorded_at": request.made_at,
        "city": request.settings.city,
        "rules": json.dumps(rules),
        "inputs": json.dumps(inputs),
        "made_by": request.made_by,
    }


def _resolve(database: Connection) -> None:
    """Let findings about a master that was merged stand under the one that survived, and back where it came apart."""
    for kind, schema in (("person", "population"), ("enterprise", "enterprise")):
        there = database.execute(text("SELECT to_regclass(:name)"), {"name": f"{schema}.redirect"}).scalar_one()
        if there:
            database.execute(text(statements.RESOLVE.format(redirect=f"{schema}.redirect")), {"kind": kind})


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
