"""Zeros for half a year: months and quarters, what is activity, the construction period, what cannot be told."""

from datetime import date

import pytest

from tests.mismatches.facts import cited, declare, enterprise, found_again, monthly, reasons, said, uscc

RULE = "zero_filer_active"
HALF_YEAR = (2025, 9)


@pytest.fixture
def town(city):
    enterprise(city, 1)
    return city


def employer(city, key, count, record=None):
    record = record or f"S{key}"
    city.add("social_security.employer", {"record_id": record, "name": "单位", "insured_count": count})
    city.link(f"E{key}", f"social_security.employer:{record}", probability=0.96)


def project(city, record="J1", *, owner=None, contractors=None, status="在建", started_on=date(2025, 1, 1)):
    city.add(
        "development_reform.project",
        {
            "record_id": record,
            "name": "项目",
            "owner_uscc": uscc(owner) if owner else None,
            "contractor_usccs": contractors,
            "status": status,
            "started_on": started_on,
        },
    )


def test_zeros_beside_insured_people_are_a_hit(town):
    monthly(town, 1, (2025, 8), [5, 0, 0, 0, 0, 0, 0])
    employer(town, 1, 3)
    for record, status in (("I1", "1"), ("I2", "2")):
        row = {"record_id": record, "name": "张伟", "employer_no": "S1", "status": status}
        town.add("social_security.insured", row)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "medium", "2025-09")
    assert (found["master_id"], found["estimate_likely"]) == ("E1", None)
    assert cited(found) == [
        ("enterprise", "C1", "subject"),
        ("taxpayer", "T1", "subject"),
        *(("declaration", f"D{number}", "support") for number in range(2, 8)),
        ("employer", "S1", "support"),
        ("insured", "I1", "support"),
    ]
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(
    ("amounts", "outcome"),
    [
        ([0, 0, 0, 0, 0, 0], "hit"),
        (["0.01", 0, 0, 0, 0, 0], "clear"),
        ([0, 0, 0, 0, 0, 7], "clear"),
        ([0, 0, None, 0, 0, 0], "not_comparable"),
        ([0, 0, None, 0, 1, 0], "clear"),
        ([-5, 0, 0, 0, 0, 0], "clear"),
    ],
)
def test_six_months(town, amounts, outcome):
    monthly(town, 1, HALF_YEAR, amounts)
    employer(town, 1, 1)
    assert town.check().rule(RULE)["counts"][outcome] == 1


@pytest.mark.parametrize(
    ("quarters", "outcome"), [((9, 12), "hit"), ((12,), "not_comparable"), ((6, 12), "not_comparable")]
)
def test_two_quarters(town, quarters, outcome):
    for month in quarters:
        declare(town, 1, "VAT", date(2026, 1, 9), 0, period=f"2025-{month:02d}")
    employer(town, 1, 1)
    assert town.check().rule(RULE)["counts"][outcome] == 1


@pytest.mark.parametrize(("first", "outcome"), [((2025, 6), "hit"), ((2025, 5), "clear")])
def test_who_stopped_to_declare_is_left_to_another_rule(town, first, outcome):
    monthly(town, 1, first, [0] * 6)
    employer(town, 1, 1)
    assert town.check().rule(RULE)["counts"][outcome] == 1


@pytest.mark.parametrize(("count", "hits"), [(0, 0), (None, 0), (1, 1)])
def test_without_activity_zeros_are_clear(town, count, hits):
    monthly(town, 1, HALF_YEAR, [0] * 6)
    employer(town, 1, count)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_a_contractor_has_sales_and_an_owner_may_be_in_the_construction_period(town):
    enterprise(town, 2)
    for key in (1, 2):
        monthly(town, key, HALF_YEAR, [0] * 6)
    project(town, owner=1, contractors=uscc(2))
    assert reasons(town, RULE) == {"C1": ("hit", "construction", "low"), "C2": ("hit", "builds", "high")}
    for found in town.check().of(RULE):
        assert cited(found)[-1] == ("project", "J1", "support")
        assert found_again(town, found) == said(found)
    employer(town, 1, 40)
    assert reasons(town, RULE)["C1"][1] == "construction"


@pytest.mark.parametrize(
    ("status", "started_on", "hits"),
    [
        ("在建", date(2025, 1, 1), 1),
        (None, None, 1),
        ("竣工", date(2025, 1, 1), 0),
        ("已终止", date(2025, 1, 1), 0),
        ("在建", date(2026, 4, 1), 0),
    ],
)
def test_projects_that_are_underway(town, status, started_on, hits):
    monthly(town, 1, HALF_YEAR, [0] * 6)
    project(town, contractors=uscc(1), status=status, started_on=started_on)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_what_cannot_be_told(town):
    enterprise(town, 2)
    for key in (1, 2):
        employer(town, key, 5)
        monthly(town, key, HALF_YEAR, [0] * 6)
    town.rows["tax.declaration"][2]["taxable_amount"] = None
    for record, master in (("T8", "E2"), ("T9", "E9")):
        town.add("tax.taxpayer", {"record_id": record, "name": "丙", "taxpayer_id": uscc(8)})
        town.link(master, f"tax.taxpayer:{record}")
    declare(town, 8, "VAT", date(2026, 1, 9), 100)
    assert {record: one[:2] for record, one in reasons(town, RULE).items()} == {
        "C1": ("not_comparable", "amount_missing"),
        "C2": ("not_comparable", "number_shared"),
    }
