"""A database of findings for the load on the portal: made by sets, in the shape that a recorded cross-check has.

Every shipped rule has findings, the first rules most of them; each cites records of the datasets that its rule reads.
Values are made up and mean nothing: the city is for counting milliseconds, not for judging rules. A fifth of the hits
have cases whose histories fit their hashes, and as many looks as ten per finding are in the log.
"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Connection, text

from mismatches.cases.replay import NO_HASH, Event, replay
from mismatches.declarations import shipped_rules
from mismatches.rule import Rule
from schemas.code_tables import code_table
from schemas.contract import Column, ValueType, source_contract
from schemas.divisions import district_names
from storage.engine import bulk_load

CITY: Final = "3702"
LAST: Final = date(2026, 3, 31)
MONTHS: Final = 24
LOOKS_OF_A_FINDING: Final = 10

_WORKED_SHARE: Final = 5  # every fifth hit has a case
_SUPPORTS: Final = 3  # records of a dataset beside the subject's
_STEPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("take", {"owner": "{who}"}), ("notify", {"due_on": "2026-04-20"}), ("record_reply", {"text": "说明见附件"}),
    ("confirm", {"reason_code": "underpaid", "rule_version": "1.0.0"}), ("assess", {"amount": "1200.00"}),
    ("record_payment", {"amount": "1200.00", "voucher": "V1"}), ("close", {}),
)  # fmt: skip
"""The way of a case to its end; each case has gone a part of it."""

_RUNS = """INSERT INTO mismatches.run (as_of, recorded_at, city, rules, inputs)
    SELECT d::date, d::date + interval '3 hours', :city, CAST(:rules AS jsonb), CAST(:inputs AS jsonb)
    FROM generate_series(CAST(:last AS date) - (:months - 1) * 30, CAST(:last AS date), interval '30 days') AS d"""
_STATES = """INSERT INTO mismatches.rule_state
    SELECT rule, version, (SELECT max(run) FROM mismatches.run), :last, false FROM kind"""
_KIND = """CREATE TEMPORARY TABLE kind (place integer, rule text, version text, reason text, subject text, figures text,
    evidence text)"""
# The draw is a hash of the number of the finding: the same city every time, without any order that helps an index.
_FINDINGS = """
INSERT INTO mismatches.finding (finding_id, rule, rule_version, period, outcome, reason, subject_kind, master_id,
    subject_id, severity, estimate_low, estimate_likely, estimate_high, link_probability, figures, division, shadow,
    first_seen, month, last_seen, gone_on, run, digest)
SELECT 'F' || upper(md5(n::text)), k.rule, k.version, '2025', CASE WHEN h % 20 = 3 THEN 'not_comparable' ELSE 'hit' END,
    k.reason, k.subject, master, master, (ARRAY['high', 'medium', 'medium', 'low', 'low', 'low'])[1 + h / 7 % 6],
    round(yuan * 0.8, 2), round(yuan, 2), round(yuan * 1.3, 2), 1 - (h % 1000) / 5000.0, CAST(k.figures AS jsonb),
    CASE WHEN h % 25 = 7 THEN NULL ELSE districts.codes[1 + h / 11 % cardinality(districts.codes)] END, false,
    r.as_of, to_char(r.as_of, 'YYYY-MM'), CASE WHEN h % 10 = 9 THEN r.as_of + 30 END,
    CASE WHEN h % 10 = 9 THEN r.as_of + 60 END, r.run, md5(n::text)
FROM (SELECT n, hashint4(n)::bigint + 2147483648 AS h, 100 + 3000000.0 / (20 + (n * 7919) % 9973) AS yuan
      FROM generate_series(1, :count) AS n) AS drawn
CROSS JOIN (SELECT CAST(:districts AS text[]) AS codes) AS districts
JOIN kind k ON k.place = floor(:kinds * ((h / 13 % 1000) / 1000.0) ^ 2)
JOIN mismatches.run r ON r.run = 1 + h / 17 % :months
CROSS JOIN LATERAL (SELECT upper(left(k.subject, 1)) ||
    lpad((CASE WHEN n % 400 = 0 THEN 1 ELSE n / 2 END)::text, 9, '0') AS master) AS m"""
_SEEN = """rule_version, period, outcome, reason, subject_kind, master_id, severity, estimate_low, estimate_likely,
    estimate_high, link_probability, figures, division"""
_OBSERVATIONS = f"""
INSERT INTO mismatches.observation (finding_id, run, as_of, change, {_SEEN}, evidence)
SELECT f.finding_id, f.run, f.first_seen, 'found', {", ".join(f"f.{name.strip()}" for name in _SEEN.split(","))},
    CAST(replace(replace(k.evidence, '#', f.subject_id), '@', right(f.digest, 6)) AS jsonb)
FROM mismatches.finding f JOIN kind k ON k.rule = f.rule"""
_LOOKS = """INSERT INTO mismatches.look (at, actor, role, finding_id, what)
    SELECT timestamptz '2024-04-01' + n * interval '1 minute', 'auditor' || n % 50, 'auditor', f.finding_id, 'page'
    FROM generate_series(1, :each) AS turn
    CROSS JOIN (SELECT finding_id, row_number() OVER () AS place FROM mismatches.finding) AS f
    CROSS JOIN LATERAL (SELECT (turn * 100000 + f.place) AS n) AS m"""
_WORKED = """SELECT finding_id FROM mismatches.finding
    WHERE outcome = 'hit' AND gone_on IS NULL ORDER BY finding_id"""
_CASE = """CREATE TEMPORARY TABLE worked (finding_id text, state text, version integer, owner text, due_on date,
    reason_code text, verdict text, judged_version text, assessed numeric, recovered numeric, opened_at timestamptz,
    closed_at timestamptz, acted_at timestamptz)"""
_STAND = """UPDATE mismatches.finding f SET state = w.state, version = w.version, owner = w.owner, due_on = w.due_on,
    reason_code = w.reason_code, verdict = w.verdict, judged_version = w.judged_version, assessed = w.assessed,
    recovered = w.recovered, opened_at = w.opened_at, closed_at = w.closed_at, acted_at = w.acted_at
    FROM worked w WHERE w.finding_id = f.finding_id"""


def fill(connection: Connection, count: int) -> None:
    """Make the runs, findings, evidence, cases and looks of a city, in a transaction of the owner."""
    rules = shipped_rules()
    said = {rule.id: {"version": rule.version, "year": 2025, "parameters": _parameters(rule)} for rule in rules}
    datasets = {name for rule in rules for name in rule.evidence}
    inputs = {name: {"version": "b1", "received_at": "2026-03-30T02:00:00+00:00"} for name in sorted(datasets)}
    values = {"city": CITY, "last": LAST, "months": MONTHS, "count": count, "kinds": len(rules)}
    values |= {"rules": json.dumps(said), "inputs": json.dumps(inputs), "each": LOOKS_OF_A_FINDING}
    values["districts"] = sorted(set(district_names(CITY).values()))
    connection.execute(text(_KIND))
    bulk_load(connection, "pg_temp", "kind", _kinds(rules))
    for statement in (_RUNS, _STATES, _FINDINGS, _OBSERVATIONS):
        connection.execute(text(statement), values)
    _work(connection)
    connection.execute(text(_LOOKS), values)


def _parameters(rule: Rule) -> dict[str, str]:
    values = {one.name: one.value(CITY, 2025) for one in rule.parameters}
    return {name: str(value) for name, value in values.items() if value is not None}


def _kinds(rules: tuple[Rule, ...]) -> pa.Table:
    """One row per rule: what its findings share; `#` in the evidence stands for the subject, `@` for the finding."""
    return pa.Table.from_pylist(
        [
            {
                "place": place, "rule": rule.id, "version": rule.version, "reason": next(iter(rule.reasons)),
                "subject": rule.crosswalks[0], "figures": json.dumps({"months": 12, "amount": 12345.5, "count": 3}),
                "evidence": json.dumps(_evidence(rule), ensure_ascii=False),
            }
            for place, rule in enumerate(rules)
        ]
    )  # fmt: skip


def _evidence(rule: Rule) -> list[dict[str, Any]]:
    cited = []
    for place, (name, columns) in enumerate(rule.evidence.items()):
        source, _, dataset = name.partition(".")
        known = source_contract(name)
        for number in range(1 if place == 0 else _SUPPORTS):
            values = {column: _value(known.column(column), number) for column in columns}
            cited.append({
                "source": source, "dataset": dataset, "record_id": f"{dataset[0].upper()}@{number}",
                "role": "subject" if place == 0 else "support", "master_id": "#" if place < 2 else None,
                "match_probability": 0.99, "values": values,
            })  # fmt: skip
    return cited


def _value(column: Column, number: int) -> str:
    if column.codes:
        return next(iter(code_table(column.codes).names))
    by_type = {
        ValueType.MONEY: f"{12345.5 + number:.2f}", ValueType.NUMBER: f"{0.25 * (number + 1)}",
        ValueType.INTEGER: str(number + 1), ValueType.YEAR: "2025", ValueType.MONTH: f"2025-0{number + 1}",
        ValueType.DATE: f"2025-03-0{number + 1}", ValueType.TIMESTAMP: f"2025-03-0{number + 1}T08:00:00",
    }  # fmt: skip
    return by_type.get(column.type, f"{column.name_zh}@{number % 2}")


def _work(connection: Connection) -> None:
    """Cases in all states, their events sealed into chains."""
    worked = connection.execute(text(_WORKED)).scalars().all()[::_WORKED_SHARE]
    connection.execute(text(_CASE))
    histories = [_history(finding_id, place) for place, finding_id in enumerate(worked)]
    cases = [replay(history).columns() | {"finding_id": history[0].finding_id} for history in histories]
    events = [vars(event) | {"details": json.dumps(event.details)} for history in histories for event in history]
    bulk_load(connection, "mismatches", "case_event", pa.Table.from_pylist(events))
    bulk_load(connection, "pg_temp", "worked", pa.Table.from_pylist(cases).drop_columns("suppressed_until"))
    connection.execute(text(_STAND))


def _history(finding_id: str, place: int) -> list[Event]:
    history: list[Event] = []
    state, previous = "new", NO_HASH
    states = ("assigned", "notified", "explained", "confirmed", "assessed", "paid", "closed")
    for number, (action, details) in enumerate(_STEPS[: 1 + place % len(_STEPS)]):
        at = datetime(2026, 1, 5, 1, tzinfo=UTC) + timedelta(days=number)
        said = {name: value.format(who=f"auditor{place % 50}") for name, value in details.items()}
        event = Event(
            finding_id, number + 1, at, f"auditor{place % 50}", "auditor", action, state, states[number], said
        )
        history.append(event.sealed(previous))
        state, previous = states[number], history[-1].hash
    return history
