"""Bases above wages: exactly 1.2, three months, sums per pair, a wage below the lowest base, what forms no pair."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mismatches.rule import DatedValue
from tests.mismatches.payroll import employer, insure, person, wage

RULE = "overdeclared_contribution_base"


@pytest.fixture
def town(city):
    employer(city, 1)
    person(city, 1)
    return city


def test_the_evidence(town):
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 15000)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "low", "2025")
    assert (found["subject_kind"], found["master_id"]) == ("person", "P1")
    assert found["estimate_low"] is found["estimate_likely"] is found["estimate_high"] is None
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("insured", "I1", "subject"),
        ("wage", "W1-1-2025", "support"),
        ("natural_person", "N1", "support"),
        ("employer", "S1", "support"),
        ("taxpayer", "T1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.94)
    told = town.told(RULE)["P1"]
    assert (told["monthly_wage"], told["tolerated_base"], told["declared_base"]) == (10000.00, 12000.00, 15000.00)


@pytest.mark.parametrize(
    ("wages", "months", "base", "hit"),
    [
        ("120000", 12, "12000.00", False),  # exactly 1.2
        ("120000", 12, "12000.01", True),
        ("93324", 12, "9332.40", False),  # 1.2 × 7777
        ("93324", 12, "9332.41", True),
        ("100000", 7, "17142.85", False),  # a mean without end: 1.2 × 14285.714285… = 17142.857142…
        ("100000", 7, "17142.86", True),
        ("30000", 3, "12000.01", True),  # three months are enough
        ("30000", 2, "99999.00", False),
        ("120000", None, "12000.01", True),  # null months are 12
        ("0", 12, "0.01", True),
        ("0", 12, "0", False),
    ],
)
def test_the_boundary(town, wages, months, base, hit):
    wage(town, 1, 1, wages, months)
    insure(town, 1, 1, base)
    assert town.check().counts(RULE) == ((1, 0, 0) if hit else (0, 1, 0))


def test_wages_and_bases_are_summed_per_pair(town):
    employer(town, 2)
    wage(town, 1, 1, 60000, 6, record="Wa")
    wage(town, 1, 1, 60000, 6, record="Wb")  # 10,000 a month in all
    insure(town, 1, 1, 6000)
    insure(town, 1, 1, 6000, record="I1b")  # exactly 1.2 together
    insure(town, 1, 1, 50000, status="2", record="I1c")  # not paying
    assert town.check().counts(RULE) == (0, 1, 0)
    town.rows["social_security.insured"][1]["contribution_base"] += 1
    checked = town.check()
    assert checked.counts(RULE) == (1, 0, 0)
    [found] = checked.of(RULE)
    assert [e["record_id"] for e in found["evidence"] if e["role"] == "subject"] == ["I1", "I1b"]


def test_every_outcome(town):
    for key in (2, 3, 4, 5):
        person(town, key)
    employer(town, 2)
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 20000)
    wage(town, 2, 1, 120000)
    insure(town, 2, 1, 10000)
    wage(town, 3, 1, None)
    insure(town, 3, 1, 10000)
    wage(town, 4, 1, 120000)
    insure(town, 4, 1, -1)
    wage(town, 5, 1, 120000)
    insure(town, 5, 2, 99999)  # insured elsewhere: no pair
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"amounts_missing": 2}


def test_only_the_latest_year_is_compared(town):
    wage(town, 1, 1, 12000, year=2024)
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 12000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_the_fewest_months_are_a_dated_setting(town):
    wage(town, 1, 1, 20000, 2)
    insure(town, 1, 1, 20000)
    assert town.check().counts(RULE) == (0, 1, 0)
    town.settings = replace(
        town.settings,
        parameters={f"{RULE}.least_months": (DatedValue("*", 2025, None, Decimal(2)),)},
    )
    assert town.check().counts(RULE) == (1, 0, 0)
