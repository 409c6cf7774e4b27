"""Findings planted straight into a database, and people who work on them."""

import json
from datetime import UTC, date, datetime
from itertools import count

import pytest
from sqlalchemy import text

from mismatches.cases.access import Actor
from mismatches.cases.actions import Step, act

TODAY = date(2026, 4, 1)
NOON = datetime(2026, 4, 1, 4, tzinfo=UTC)
NUMBER = "11010519491231002X"  # the standard's own example

LI = Actor("li", "auditor", frozenset({"370202"}))
WANG = Actor("wang", "auditor", frozenset({"370203"}))
CHIEF = Actor("chief", "supervisor", None)

_RUN = """INSERT INTO mismatches.run (as_of, recorded_at, city, rules, inputs)
    VALUES ('2026-03-31', now(), '3702', CAST(:rules AS jsonb), CAST(:inputs AS jsonb)) RETURNING run"""
_STATE = """INSERT INTO mismatches.rule_state VALUES (:rule, '1.0.0', :run, '2026-03-31', :shadow)
    ON CONFLICT DO NOTHING"""
_FINDING = """INSERT INTO mismatches.finding (finding_id, rule, rule_version, period, outcome, reason, subject_kind,
    master_id, subject_id, severity, estimate_low, estimate_likely, estimate_high, link_probability, figures, division,
    shadow, first_seen, month, run, digest)
    VALUES (:finding_id, :rule, '1.0.0', '2025', :outcome, :reason, :kind, :master, :subject, :severity,
    :low, :likely, :high, 0.99, CAST(:figures AS jsonb), :division, :shadow, '2026-03-31', :month, :run, 'd')"""
_OBSERVATION = """INSERT INTO mismatches.observation (finding_id, run, as_of, change, rule_version, outcome, reason,
    subject_kind, master_id, severity, figures, evidence, link)
    VALUES (:finding_id, :run, '2026-03-31', 'found', '1.0.0', :outcome, :reason, :kind, :master, :severity,
    CAST(:figures AS jsonb), CAST(:evidence AS jsonb), CAST(:link AS jsonb))"""
_EVIDENCE = [
    {"source": "social_security", "dataset": "insured", "record_id": "I1", "role": "subject", "master_id": "P1",
     "match_probability": 0.99, "values": {"name": "张三", "id_number": NUMBER, "contribution_base": "5000.00"}},
]  # fmt: skip


class Office:
    """A database of findings."""

    def __init__(self, engine, parameters=None):
        self.engine = engine
        self.numbers = count(1)
        inputs = {"social_security.insured": {"version": "b1", "received_at": "2026-03-30T02:00:00+00:00"}}
        rules = {
            "underdeclared_contribution_base": {
                "version": "1.0.0",
                "year": 2025,
                "parameters": parameters or {"rate": "0.26"},
            }
        }
        with engine.begin() as connection:
            values = {"rules": json.dumps(rules), "inputs": json.dumps(inputs)}
            self.run = connection.execute(text(_RUN), values).scalar_one()

    def plant(self, **given):
        """A new finding; its id."""
        values = {
            "finding_id": f"F{next(self.numbers):024d}",
            "rule": "underdeclared_contribution_base",
            "outcome": "hit",
            "reason": "underdeclared",
            "kind": "person",
            "master": "P1",
            "subject": given.get("master", "P1"),
            "severity": "medium",
            "likely": 1000,
            "low": given.get("likely", 1000),
            "high": given.get("likely", 1000),
            "figures": '{"months": 12}',
            "division": "370202",
            "shadow": False,
            "month": "2026-03",
            "run": self.run,
            "evidence": json.dumps(_EVIDENCE),
            "link": None,
        } | given
        with self.engine.begin() as connection:
            for statement in (_STATE, _FINDING, _OBSERVATION):
                connection.execute(text(statement), values)
        return values["finding_id"]

    def act(self, actor, finding_id, action, seen, *, at=NOON, today=TODAY, **given):
        with self.engine.begin() as connection:
            return act(connection, actor, Step(finding_id, action, seen, **given), at=at, today=today)

    def ask(self, function, *arguments, **given):
        with self.engine.begin() as connection:
            return function(connection, *arguments, **given)

    def row(self, finding_id):
        with self.engine.connect() as connection:
            query = text("SELECT * FROM mismatches.finding WHERE finding_id = :id")
            return dict(connection.execute(query, {"id": finding_id}).mappings().one())


@pytest.fixture(scope="module")
def office(new_engine):
    """One database a module; tests plant findings of their own."""
    return Office(new_engine())
