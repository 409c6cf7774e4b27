"""Contribution bases: exactly 0.9, the clip at both ends, sums per pair, an oracle to the cent, what forms no pair."""

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.mismatches.facts import found_again, said
from tests.mismatches.payroll import employer, insure, person, tax_number, wage

RULE = "underdeclared_contribution_base"
MEAN = Decimal(8000)


@pytest.fixture
def town(city):
    employer(city, 1)
    person(city, 1)
    return city


def test_the_evidence_and_the_estimate(town):
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 5000)
    [found] = town.check().of(RULE)
    assert (found["subject_kind"], found["master_id"], found["period"]) == ("person", "P1", "2025")
    assert (found["estimate_low"], found["estimate_likely"], found["estimate_high"]) == (12480, 14040, 15600)
    assert {(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]} == {
        ("insured", "I1", "subject"),
        ("wage", "W1-1-2025", "support"),
        ("natural_person", "N1", "support"),
        ("employer", "S1", "support"),
        ("taxpayer", "T1", "support"),
    }
    assert found["link_probability"] == pytest.approx(0.94)


@pytest.mark.parametrize(
    ("wages", "months", "base", "hit"),
    [
        ("120000", 12, "9000.00", False),  # exactly 0.9
        ("120000", 12, "8999.99", True),
        ("93324", 12, "6999.30", False),  # 0.9 × 7777, which floating point does not hold
        ("93324", 12, "6999.29", True),
        ("100000", 7, "12857.15", False),  # a mean without end: 0.9 × 14285.714285… = 12857.142857…
        ("100000", 7, "12857.14", True),
        ("12000", 12, "4320.00", False),  # 0.9 × 60 % of 8,000
        ("12000", 12, "4319.99", True),
        ("9999999", 12, "21600.00", False),  # 0.9 × 300 % of 8,000
        ("9999999", 12, "21599.99", True),
        ("120000", None, "9000.00", False),  # null months are 12
        ("60000", 6, "8999.99", True),
        ("120000", 12, "0", True),
    ],
)
def test_the_boundary(town, wages, months, base, hit):
    wage(town, 1, 1, wages, months)
    insure(town, 1, 1, base)
    if months is None:  # a column that is null throughout reads as absent only where a rule needs it
        assert town.rows["tax.wage"][0]["months"] is None
    assert town.check().counts(RULE) == ((1, 0, 0) if hit else (0, 1, 0))


def oracle(wages, months, base):
    """One pair by hand: exact fractions through integers of cents."""
    fair = min(max(wages, MEAN * Decimal("0.6") * months), MEAN * 3 * months)
    if not base * months < Decimal("0.9") * fair:
        return None
    cent = Decimal("0.01")
    return tuple(
        ((Decimal(share) * fair - base * months) * Decimal("0.26")).quantize(cent, ROUND_HALF_UP)
        for share in ("0.9", "0.95", "1")
    )


def test_estimates_agree_with_the_oracle_to_the_cent(city):
    draw = random.Random(7)  # noqa: S311 - test data, not a secret
    expected = {}
    employer(city, 1)
    for key in range(200):
        person(city, key)
        wages, months = Decimal(draw.randrange(1, 60_000_000)) / 100, draw.randrange(1, 13)
        base = Decimal(draw.randrange(0, 3_000_000)) / 100
        wage(city, key, 1, wages, months)
        insure(city, key, 1, base)
        expected[f"I{key}"] = oracle(wages, months, base)
    found = {
        f["evidence"][0]["record_id"]: (f["estimate_low"], f["estimate_likely"], f["estimate_high"])
        for f in city.check().of(RULE, "hit")
    }
    assert found == {key: tuple(map(float, value)) for key, value in expected.items() if value}
    assert len(found) > 50


def test_wages_and_bases_are_summed_per_pair(town):
    wage(town, 1, 1, 60000, 6, record="W1")
    wage(town, 1, 1, 60000, 6, record="W2")
    insure(town, 1, 1, 5000)
    insure(town, 1, 1, 4000, record="I1b")
    insure(town, 1, 1, 9000, status="3", record="I1c")
    assert town.check().counts(RULE) == (0, 1, 0)
    town.rows["social_security.insured"][1]["contribution_base"] = Decimal("3999.99")
    [found] = town.check().of(RULE)
    assert [e["record_id"] for e in found["evidence"] if e["dataset"] in {"insured", "wage"}] == [
        "I1",
        "I1b",
        "W1",
        "W2",
    ]


def test_parallel_records_of_a_full_year_stay_twelve_months(town):
    wage(town, 1, 1, 96000, 12, record="W1")
    wage(town, 1, 1, 24000, 12, record="W2")
    insure(town, 1, 1, "8999.99")
    assert town.check().counts(RULE) == (1, 0, 0)


def test_only_the_latest_tax_year_counts(town):
    wage(town, 1, 1, 300000, year=2024)
    wage(town, 1, 1, 60000, year=2025)
    insure(town, 1, 1, 5000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_year_of_the_future_is_a_slip_and_does_not_become_the_latest(town):
    wage(town, 1, 1, 120000)
    wage(town, 1, 1, 1, year=2099)
    insure(town, 1, 1, 5000)
    assert town.check().rule(RULE)["year"] == 2025


def test_a_year_without_a_city_mean_wage_does_not_run(town):
    wage(town, 1, 1, 120000, year=2024)
    insure(town, 1, 1, 5000)
    checked = town.check()
    assert not checked.rule(RULE)["ran"]
    assert "city_mean_wage" in checked.rule(RULE)["absent"][0]["en"]
    assert checked.of(RULE) == []


def test_joiners_are_judged_by_the_months_they_worked(town):
    wage(town, 1, 1, 30000, 3)
    insure(town, 1, 1, 10000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_retirees_and_dispatched_labour_form_no_pair(town):
    employer(town, 2)
    person(town, 2)
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 3000, status="3")  # no longer paying
    wage(town, 2, 1, 120000)
    insure(town, 2, 2, 3000)  # insured by the agency that sent them
    assert town.check().counts(RULE) == (0, 0, 0)


@pytest.mark.parametrize(
    ("wages", "months", "base"),
    [(None, 12, 5000), (-1, 12, 5000), (1, 0, 5000), (1, -2, 5000), (1, 12, None), (1, 12, -1)],
)
def test_missing_or_negative_amounts_are_not_comparable(town, wages, months, base):
    person(town, 2)
    wage(town, 1, 1, wages, months)
    insure(town, 1, 1, base)
    wage(town, 2, 1, 120000)
    insure(town, 2, 1, 20000)
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 1)
    assert checked.of(RULE)[0]["estimate_low"] is None


def test_a_payer_that_leads_nowhere_is_not_comparable_only_where_an_insurance_waits(town):
    person(town, 2)
    wage(town, 1, 77, 120000)  # nobody's taxpayer id
    insure(town, 1, 1, 3000)
    wage(town, 2, 77, 120000)  # not insured at all
    checked = town.check()
    assert checked.rule(RULE)["not_comparable_reasons"] == {"payer_unresolved": 1}
    [found] = checked.of(RULE)
    assert (found["subject_kind"], found["master_id"]) == ("person", "P1")


def test_a_person_or_an_employer_that_leads_nowhere_is_not_comparable(town):
    wage(town, 1, 1, 120000)
    insure(town, 1, 99, 3000)
    wage(town, 9, 1, 120000)
    checked = town.check()
    assert checked.rule(RULE)["not_comparable_reasons"] == {"employer_unresolved": 1, "person_unresolved": 1}
    assert {f["master_id"] for f in checked.of(RULE)} == {"P1", "E1"}


def test_an_id_on_two_enterprises_is_not_comparable(town):
    town.add("tax.taxpayer", {"record_id": "T9", "name": "乙", "taxpayer_id": tax_number(1)})
    town.link("E9", "tax.taxpayer:T9")
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 3000)
    assert town.check().counts(RULE) == (0, 0, 1)


def test_wages_reach_the_employer_by_organisation_code_where_the_tax_register_is_absent(town):
    del town.rows["tax.taxpayer"]
    town.rows["social_security.employer"][0]["uscc"] = tax_number(1)
    wage(town, 1, 1, 120000)
    insure(town, 1, 1, 5000)
    assert town.check().counts(RULE) == (1, 0, 0)


@pytest.mark.parametrize(("before", "severity"), [("80000", "low"), ("80000.01", "medium"), (None, "medium")])
def test_a_base_that_fits_the_year_before_weighs_less(town, before, severity):
    """The base is set anew in July by the wages of the year before: 0.9 × 80,000 / 12 = 6,000."""
    wage(town, 1, 1, 120000)
    if before:
        wage(town, 1, 1, before, year=2024)
    insure(town, 1, 1, 6000)
    [found] = town.check().of(RULE)
    assert (found["severity"], found["estimate_low"]) == (severity, Decimal("9360.00"))
    cited = {evidence["record_id"] for evidence in found["evidence"]}
    assert ("W1-1-2024" in cited) == (severity == "low")
    assert found_again(town, found) == said(found)
