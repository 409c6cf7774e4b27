"""Land use tax: exactly 98 % and 50 m², the latest period, several grants, exempt land, what never was declared."""

import random
from datetime import date
from decimal import Decimal

import pytest

from tests.mismatches.conftest import AS_OF
from tests.mismatches.facts import cited, declare, enterprise, found_again, reasons, said, uscc

RULE = "land_area_underdeclared"


@pytest.fixture
def town(city):
    enterprise(city, 1)
    enterprise(city, 9)
    land_use(city, 1.0, key=9)
    return city


def grant(city, record="G1", area=10_000.0, signed_on=date(2023, 6, 10), **values):
    row = {"record_id": record, "grantee_name": "青岛甲乙1有限公司", "grantee_uscc": uscc(1), "area_m2": area}
    city.add("natural_resources.land_grant", row | {"signed_on": signed_on} | values)


def land_use(city, area, period="2025-12", key=1, day=date(2026, 1, 10), **values):
    declare(city, key, "LAND_USE", day, 0, quantity=area, period=period, **values)


def test_less_land_is_a_hit(town):
    grant(town)
    land_use(town, 9_000.0)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "medium", "2025-12")
    assert (found["master_id"], found["estimate_likely"]) == ("E1", None)
    assert cited(found) == [
        ("land_grant", "G1", "subject"),
        ("enterprise", "C1", "support"),
        ("taxpayer", "T1", "support"),
        ("declaration", "D2", "support"),
    ]
    assert found_again(town, found) == said(found)


@pytest.mark.parametrize(
    ("area", "declared", "hits"),
    [
        (10_000.0, 9_799.99, 1),
        (10_000.0, 9_800.0, 0),
        (2_500.0, 2_450.0, 0),
        (2_400.0, 2_350.0, 0),
        (2_400.0, 2_349.9, 1),
        (60.0, 0.0, 1),
        (50.0, 0.0, 0),
    ],
)
def test_both_thresholds(town, area, declared, hits):
    grant(town, area=area)
    land_use(town, declared)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_exempt_land_is_declared_with_its_area_and_without_tax(town):
    grant(town)
    land_use(town, 10_000.0, tax_due=Decimal(0), tax_paid=Decimal(0))
    assert town.check().counts(RULE) == (0, 1, 0)


def test_the_latest_period_counts_and_a_correction_replaces_it(town):
    grant(town)
    land_use(town, 10_000.0, period="2025-06")
    land_use(town, 4_000.0, day=date(2026, 1, 10))
    assert town.check().counts(RULE) == (1, 0, 0)
    land_use(town, 4_000.0, day=date(2026, 2, 1))
    land_use(town, 6_000.0, day=date(2026, 2, 1))
    assert town.check().counts(RULE) == (0, 1, 0)


@pytest.mark.parametrize(("signed_on", "hits"), [(date(2025, 11, 30), 1), (date(2025, 12, 1), 0)])
def test_a_grant_counts_from_the_next_month(town, signed_on, hits):
    grant(town, signed_on=signed_on)
    land_use(town, 0.0)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


@pytest.mark.parametrize(
    ("signed_on", "hits"), [(AS_OF.replace(year=2025, day=30), 1), (AS_OF.replace(year=2025, day=31), 0)]
)
def test_nothing_was_ever_declared(town, signed_on, hits):
    grant(town, signed_on=signed_on)
    checked = town.check()
    assert checked.counts(RULE) == (hits, 1 - hits, 0)
    if hits:
        [found] = checked.of(RULE)
        assert (found["period"], found_again(town, found)) == (None, said(found))
        assert reasons(town, RULE)["G1"][1] == "not_declared"


def test_several_grants_are_compared_together_and_the_uncovered_are_found(town):
    grant(town, "G1", 1_000.0, date(2022, 1, 1))
    grant(town, "G2", 2_000.0, date(2023, 1, 1))
    grant(town, "G3", 4_000.0, date(2024, 1, 1))
    land_use(town, 1_500.0)
    found = town.check().of(RULE)
    assert sorted(cited(one)[0][1] for one in found) == ["G2", "G3"]
    assert all(len([e for e in cited(one) if e[0] == "land_grant"]) == 3 for one in found)
    land_use(town, 7_000.0, period="2026-01")
    assert town.check().counts(RULE) == (0, 3, 0)


def test_a_small_rest_of_much_land_is_clear(town):
    grant(town, "G1", 100_000.0, date(2022, 1, 1))
    grant(town, "G2", 1_000.0, date(2023, 1, 1))
    land_use(town, 100_000.0)
    assert town.check().counts(RULE) == (0, 2, 0)


def test_what_cannot_be_compared(town):
    grant(town, "G1", area=None)
    grant(town, "G2", signed_on=None)
    grant(town, "G3", grantee_uscc=None, grantee_name="青岛无此公司")
    grant(town, "G4")
    land_use(town, None)
    assert {record: told[:2] for record, told in reasons(town, RULE).items()} == {
        "G1": ("not_comparable", "no_area"),
        "G2": ("not_comparable", "no_date"),
        "G3": ("not_comparable", "grantee_unresolved"),
        "G4": ("not_comparable", "quantity_missing"),
    }


def test_a_shared_id_leaves_it_open(town):
    town.add("tax.taxpayer", {"record_id": "T2", "name": "乙", "taxpayer_id": uscc(1)})
    town.link("E2", "tax.taxpayer:T2")
    grant(town)
    land_use(town, 10_000.0)
    assert reasons(town, RULE)["G1"][:2] == ("not_comparable", "number_shared")


def test_against_a_slow_count(city):
    """Forty enterprises with land at random: the area declared is dealt out grant by grant, the oldest first."""
    drawn = random.Random(3)  # noqa: S311 - test data, repeatable by seed
    short = set()
    for key in range(1, 41):
        enterprise(city, key)
        areas = [float(drawn.randrange(20, 4_000)) for _ in range(drawn.randrange(1, 5))]
        declared = float(drawn.choice([sum(areas), sum(areas) - 50, sum(areas) - 51, drawn.randrange(0, 5_000)]))
        land_use(city, max(declared, 0.0), key=key)
        left, missing = max(declared, 0.0), sum(areas) - max(declared, 0.0)
        for number, area in enumerate(areas):
            name = {"grantee_uscc": uscc(key), "grantee_name": f"青岛甲乙{key}有限公司"}
            grant(city, f"G{key}-{number}", area, date(2020 + number, 5, 1), **name)
            if missing > 50 and missing > 0.02 * sum(areas) and left < area:
                short.add(f"G{key}-{number}")
            left -= area
    assert {cited(found)[0][1] for found in city.check().of(RULE, "hit")} == short
    assert len(short) > 10
