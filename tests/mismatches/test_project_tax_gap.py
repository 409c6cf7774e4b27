"""Tax of large projects: share and gap, the lag, whose tax counts and from when, land in the investment."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.mismatches.conftest import AS_OF
from tests.mismatches.facts import cited, declare, enterprise, found_again, reasons, said, told, uscc

RULE = "project_tax_gap"
STARTED = date(2025, 3, 15)


@pytest.fixture
def town(city):
    for key in (1, 2, 3):
        enterprise(city, key)
    declare(city, 3, "VAT", date(2025, 4, 10), 1, 1)
    return city


def project(city, record="J1", **values):
    row = {
        "record_id": record,
        "name": "厂房扩建项目",
        "owner_name": "青岛甲乙1有限公司",
        "owner_uscc": uscc(1),
        "contractor_usccs": uscc(2),
        "total_investment": Decimal(80_000_000),
        "completed_investment": Decimal(50_000_000),
        "started_on": STARTED,
    }
    city.add("development_reform.project", row | values)


def pay(city, key, amount, period="2025-06", tax="VAT", **values):
    declare(city, key, tax, date(2025, 7, 10), amount, amount, period=period, **values)


def test_a_gap_is_a_hit(town):
    project(town)
    pay(town, 1, 100_000)
    pay(town, 2, 100_000, tax="CIT")
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"], found["master_id"]) == ("hit", "medium", None, "E1")
    assert (found["estimate_low"], found["estimate_likely"], found["estimate_high"]) == (800_000, 1_050_000, 1_300_000)
    assert cited(found) == [
        ("project", "J1", "subject"),
        *(
            (dataset, f"{kind}{key}", "support")
            for key in (1, 2)
            for dataset, kind in (("enterprise", "C"), ("taxpayer", "T"))
        ),
        ("declaration", "D2", "support"),
        ("declaration", "D3", "support"),
    ]
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(
    ("completed", "paid", "hits"),
    [
        (50_000_000, "599999.99", 1),
        (50_000_000, "600000", 0),
        (12_500_000, "50000", 0),
        (12_500_000, "49999.99", 1),
        (10_000_000, "0", 0),
        (0, "0", 0),
    ],
)
def test_both_thresholds(town, completed, paid, hits):
    project(town, completed_investment=Decimal(completed))
    pay(town, 1, paid)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_smaller_projects_are_no_subjects(town):
    project(town, total_investment=Decimal("29999999.99"))
    project(town, "J2", total_investment=None)
    project(town, "J3", total_investment=Decimal(30_000_000))
    assert town.check().counts(RULE) == (1, 0, 0)


@pytest.mark.parametrize(("days", "hits"), [(90, 0), (91, 1)])
def test_the_lag(town, days, hits):
    project(town, started_on=AS_OF - timedelta(days=days))
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


@pytest.mark.parametrize(("period", "hits"), [("2025-02", 1), ("2025-03", 0), ("2026-03", 0), ("2026-04", 1)])
def test_tax_counts_from_the_month_of_the_beginning(town, period, hits):
    project(town)
    pay(town, 1, 1_000_000, period)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_a_party_that_is_owner_and_contractor_counts_once(town):
    project(town, contractor_usccs=f"{uscc(1)};{uscc(2)}；{uscc(2)}")
    pay(town, 1, 300_000)
    pay(town, 2, 299_999)
    assert town.check().counts(RULE) == (1, 0, 0)
    pay(town, 2, 1)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_another_ones_tax_does_not_count(town):
    project(town, contractor_usccs=None)
    pay(town, 2, 1_000_000)
    assert town.check().counts(RULE) == (1, 0, 0)


def test_investment_that_includes_the_land_weighs_less(town):
    for record, signed in (("G1", date(2023, 3, 15)), ("G2", date(2023, 3, 14))):
        town.add(
            "natural_resources.land_grant",
            {"record_id": record, "grantee_uscc": uscc(1), "price": Decimal(40_000_001), "signed_on": signed},
        )
    project(town)
    assert reasons(town, RULE)["J1"] == ("hit", "land_included", "low")
    [found] = town.check().of(RULE)
    assert [e for e in cited(found) if e[0] == "land_grant"] == [("land_grant", "G1", "support")]
    town.rows["natural_resources.land_grant"][0]["price"] = Decimal(39_999_999)
    assert reasons(town, RULE)["J1"] == ("hit", "gap", "medium")


def test_what_cannot_be_compared(town):
    project(town, "J1", completed_investment=None)
    project(town, "J2", started_on=None)
    project(town, "J3", owner_uscc=None, owner_name="外地无名公司")
    project(town, "J4", owner_uscc=None, owner_name=None)
    project(town, "J5", contractor_usccs=f"{uscc(2)};{uscc(70)};{uscc(71)}")
    assert {record: one[:2] for record, one in reasons(town, RULE).items()} == {
        "J1": ("not_comparable", "no_completed"),
        "J2": ("not_comparable", "no_date"),
        "J3": ("not_comparable", "owner_unresolved"),
        "J4": ("not_comparable", "owner_unresolved"),
        "J5": ("not_comparable", "contractor_unresolved"),
    }
    assert '"contractors_unknown":2' in told(town, RULE)["J5"][3]


def test_enough_tax_of_the_known_parties_needs_no_other(town):
    project(town, owner_uscc=None, owner_name="外地无名公司", contractor_usccs=f"{uscc(2)};{uscc(70)}")
    pay(town, 2, 600_000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_tax_under_a_shared_id_leaves_it_open_only_where_it_matters(town):
    town.add("tax.taxpayer", {"record_id": "T5", "name": "戊", "taxpayer_id": uscc(2)})
    town.link("E5", "tax.taxpayer:T5")
    project(town)
    pay(town, 2, 100_000)
    assert reasons(town, RULE)["J1"][:2] == ("hit", "gap")
    pay(town, 2, 500_000)
    assert reasons(town, RULE)["J1"][:2] == ("not_comparable", "number_shared")


@pytest.mark.parametrize(("started", "seen"), [(date(2020, 1, 1), "2025-04"), (date(2025, 5, 20), "2025-05")])
def test_a_finding_says_from_when_tax_can_be_seen(town, started, seen):
    project(town, started_on=started)
    assert f'"seen_from":"{seen}"' in told(town, RULE)["J1"][3]


def test_the_owner_is_found_by_name(town):
    project(town, owner_uscc=None, owner_name="青岛 甲乙1有限责任公司")
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["master_id"]) == ("hit", "E1")
