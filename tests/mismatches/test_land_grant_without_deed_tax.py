"""Deed tax on land: the days allowed, the share that counts as paid, who the grantee is, whose filing it was."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.mismatches.conftest import AS_OF
from tests.mismatches.facts import cited, declare, enterprise, found_again, reasons, said, uscc

RULE = "land_grant_without_deed_tax"
SIGNED = date(2025, 6, 10)


@pytest.fixture
def town(city):
    enterprise(city, 1)
    enterprise(city, 9)
    declare(city, 9, "DEED", date(2024, 1, 5), 1, 1)  # the data reach back, and know deed tax
    return city


def grant(city, record="G1", key=1, **values):
    row = {
        "record_id": record,
        "grantee_name": f"青岛甲乙{key}有限公司",
        "grantee_uscc": uscc(key),
        "area_m2": 1000.0,
        "price": Decimal(1_000_000),
        "signed_on": SIGNED,
    }
    city.add("natural_resources.land_grant", row | values)


def test_no_filing_is_a_hit(town):
    grant(town)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"], found["master_id"]) == (
        "hit",
        "high",
        "2025-06",
        "E1",
    )
    assert (found["estimate_low"], found["estimate_likely"], found["estimate_high"]) == (30000, 30000, 30000)
    assert cited(found) == [
        ("land_grant", "G1", "subject"),
        ("enterprise", "C1", "support"),
        ("taxpayer", "T1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.93)
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(("days", "outcome"), [(89, (0, 1, 0)), (90, (0, 1, 0)), (91, (1, 0, 0))])
def test_the_days_allowed(town, days, outcome):
    grant(town, signed_on=AS_OF - timedelta(days=days))
    assert town.check().counts(RULE) == outcome


@pytest.mark.parametrize(("paid", "outcome"), [("28499.99", (1, 0, 0)), ("28500", (0, 1, 0)), ("30000", (0, 1, 0))])
def test_the_share_that_counts_as_paid(town, paid, outcome):
    grant(town)
    declare(town, 1, "DEED", date(2025, 8, 1), 1_000_000, paid)
    assert town.check().counts(RULE) == outcome


def test_what_was_declared_and_not_paid(town):
    grant(town)
    declare(town, 1, "DEED", date(2025, 8, 1), 1_000_000, 0)
    [found] = town.check().of(RULE)
    assert (found["severity"], found["estimate_likely"]) == ("high", 30000)
    assert cited(found)[-1] == ("declaration", "D2", "support")
    assert reasons(town, RULE) == {"G1": ("hit", "paid_less", "high")}


def test_instalments_are_told_apart(town):
    grant(town)
    declare(town, 1, "DEED", date(2025, 8, 1), 300_000, 9_000)
    declare(town, 1, "DEED", date(2025, 9, 1), 300_000, 9_000)
    assert reasons(town, RULE) == {"G1": ("hit", "declared_less", "medium")}
    declare(town, 1, "DEED", date(2026, 3, 1), 400_000, 12_000)
    assert town.check().counts(RULE) == (0, 1, 0)


@pytest.mark.parametrize("price", [Decimal(0), Decimal(-1_000_000)])
def test_a_void_contract_is_clear(town, price):
    grant(town, price=price)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_project_company_may_have_paid(town):
    grant(town)
    declare(town, 9, "DEED", date(2025, 8, 1), 1_000_000, 30_000)
    assert reasons(town, RULE) == {"G1": ("not_comparable", "declared_by_another", "low")}
    [found] = town.check().of(RULE)
    assert cited(found)[-1] == ("declaration", "D2", "support")
    assert found["estimate_likely"] is None


def test_a_filing_before_the_grant_or_of_another_tax_is_not_it(town):
    grant(town)
    declare(town, 1, "DEED", date(2025, 6, 9), 1_000_000, 30_000)
    declare(town, 1, "STAMP", date(2025, 7, 9), 1_000_000, 30_000)
    assert town.check().counts(RULE) == (1, 0, 0)
    declare(town, 1, "DEED", SIGNED, 1_000_000, 30_000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_filing_pays_for_one_grant_only(town):
    grant(town)
    grant(town, "G2", signed_on=date(2025, 7, 1), price=Decimal(2_000_000))
    declare(town, 1, "DEED", date(2025, 8, 1), 1_000_000, 30_000)
    assert [cited(found)[0][1] for found in town.check().of(RULE, "hit")] == ["G2"]
    declare(town, 1, "DEED", date(2025, 8, 2), 1_990_000, 59_700)
    assert town.check().counts(RULE) == (0, 2, 0)


def test_what_cannot_be_compared(town):
    grant(town, "G1", price=None)
    grant(town, "G2", signed_on=None)
    grant(town, "G3", grantee_uscc=None, grantee_name="青岛无此公司")
    grant(town, "G4", grantee_uscc=None, grantee_name=None)
    assert {record: told[1] for record, told in reasons(town, RULE).items()} == {
        "G1": "no_price",
        "G2": "no_date",
        "G3": "grantee_unresolved",
        "G4": "grantee_unresolved",
    }


def test_what_fell_due_before_the_data_begin_weighs_less(town):
    grant(town, "G1", signed_on=date(2023, 10, 6))
    grant(town, "G2", signed_on=date(2023, 10, 7))
    assert reasons(town, RULE) == {"G1": ("hit", "before_data", "low"), "G2": ("hit", "no_filing", "high")}


def test_a_shared_id_leaves_it_open(town):
    town.add("tax.taxpayer", {"record_id": "T2", "name": "乙", "taxpayer_id": uscc(1)})
    town.link("E2", "tax.taxpayer:T2")
    grant(town, grantee_name="青岛甲乙1有限公司")
    declare(town, 1, "DEED", date(2025, 8, 1), 1_000_000, 30_000)
    assert reasons(town, RULE)["G1"][:2] == ("not_comparable", "number_shared")


@pytest.mark.parametrize(
    ("number", "name", "reason"),
    [
        (None, "青岛甲乙1有限公司", "no_filing"),
        (None, "青岛 甲乙1 有限责任公司", "no_filing"),
        (None, "青岛旧名有限公司", "no_filing"),
        (uscc(1).lower(), "青岛写错有限公司", "no_filing"),
        (uscc(77), "青岛甲乙1有限公司", "no_filing"),
        (uscc(1), "青岛甲乙9有限公司", "grantee_unresolved"),
        (None, "青岛重名有限公司", "grantee_unresolved"),
    ],
)
def test_who_the_grantee_is(town, number, name, reason):
    town.rows["commerce.enterprise"][0]["former_name"] = "青岛旧名有限公司"
    for key in (3, 4):
        enterprise(town, key, name="青岛重名有限公司")
    grant(town, grantee_uscc=number, grantee_name=name)
    assert reasons(town, RULE)["G1"][1] == reason


def test_without_declarations_it_does_not_run(town):
    del town.rows["tax.declaration"]
    grant(town)
    checked = town.check()
    assert not checked.rule(RULE)["ran"]
    assert checked.of(RULE) == []
