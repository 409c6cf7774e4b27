"""Sales below the threshold: both ends of the band, four of six, gaps between months, fixed sums, honest firms."""

import random
from datetime import date
from decimal import Decimal

import pytest

from tests.mismatches.facts import cited, declare, enterprise, found_again, monthly, reasons, said, told, uscc

RULE = "threshold_clustering"
BAND = [96_000, 97_000.5, 98_000, 99_000]


@pytest.fixture
def town(city):
    enterprise(city, 1)
    return city


def test_four_of_six_months_are_a_hit(town):
    monthly(town, 1, (2025, 3), [20_000, 96_000, 97_000, 30_000, 98_000, 99_000, 40_000])
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"], found["master_id"]) == (
        "hit",
        "medium",
        "2025-03",
        "E1",
    )
    assert found["estimate_likely"] is None
    assert cited(found) == [
        ("enterprise", "C1", "subject"),
        ("taxpayer", "T1", "subject"),
        *(("declaration", f"D{number}", "support") for number in range(1, 7)),
    ]
    assert found_again(town, found) == said(found)
    assert '"mean":97500.00' in told(town, RULE)["C1"][3]


@pytest.mark.parametrize(
    ("amounts", "hits"),
    [
        ([95_000, *BAND[:3]], 1),
        (["94999.99", *BAND[:3]], 0),
        ([100_000, *BAND[:3]], 1),
        (["100000.01", *BAND[:3]], 0),
        ([*BAND[:3], 10, 20, 30, 99_000], 0),
        ([*BAND[:3], 10, 20, 99_000], 1),
        ([*BAND[:3], None, None, 99_000], 1),
        ([*BAND[:3], None, None, None, 99_000], 0),
        (BAND[:3], 0),
    ],
)
def test_the_band_and_the_months(town, amounts, hits):
    monthly(town, 1, (2025, 3), amounts)
    assert town.check().counts(RULE) == (hits, 1 - hits, 0)


def test_the_turn_of_the_year_does_not_break_a_row(town):
    monthly(town, 1, (2025, 11), BAND)
    assert town.check().counts(RULE) == (1, 0, 0)


def test_a_quarter_is_no_month(town):
    for period, day in (("2025-06", date(2025, 7, 9)), ("2025-09", date(2025, 10, 9)), ("2025-12", date(2026, 1, 9))):
        declare(town, 1, "VAT", day, 98_000, period=period)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_fixed_assessment_weighs_less(town):
    monthly(town, 1, (2025, 3), [98_000] * 6)
    assert reasons(town, RULE) == {"C1": ("hit", "fixed", "low")}


def test_an_honest_micro_firm_weighs_less(town):
    monthly(town, 1, (2025, 3), [96_000, 97_000, 110_000, 98_000, 99_000])
    assert reasons(town, RULE) == {"C1": ("hit", "also_above", "low")}


def test_a_correction_replaces_and_parts_of_a_day_add_up(town):
    monthly(town, 1, (2025, 3), BAND)
    declare(town, 1, "VAT", date(2025, 9, 1), 150_000, period="2025-03")
    assert town.check().counts(RULE) == (0, 1, 0)
    declare(town, 1, "VAT", date(2025, 10, 1), 48_000, period="2025-03")
    declare(town, 1, "VAT", date(2025, 10, 1), 49_000, period="2025-03")
    assert town.check().counts(RULE) == (1, 0, 0)


def test_months_to_come_and_other_taxes_do_not_count(town):
    monthly(town, 1, (2026, 1), BAND)
    monthly(town, 1, (2025, 3), BAND, tax="CIT")
    assert town.check().counts(RULE) == (0, 1, 0)


def test_what_cannot_be_told(town):
    enterprise(town, 2)
    monthly(town, 1, (2025, 3), BAND[:3])
    declare(town, 1, "VAT", date(2025, 7, 9), None, period="2025-06")
    monthly(town, 2, (2025, 3), BAND[:2])
    declare(town, 2, "VAT", date(2025, 7, 9), None, period="2025-06")
    assert reasons(town, RULE) == {"C1": ("not_comparable", "amount_missing", "low")}
    town.add("tax.taxpayer", {"record_id": "T3", "name": "丙", "taxpayer_id": uscc(2)})
    town.link("E3", "tax.taxpayer:T3")
    assert {one[1] for one in reasons(town, RULE).values()} == {"amount_missing", "number_shared"}
    assert town.check().counts(RULE) == (0, 0, 3)


def test_against_a_slow_count(city):
    """Sixty enterprises with sales at random: each window of six months is counted one month after another."""
    drawn = random.Random(11)  # noqa: S311 - test data, repeatable by seed
    near = {}
    for key in range(1, 61):
        enterprise(city, key)
        amounts = [
            drawn.choice([None, 20_000, 94_999, 95_000, drawn.randrange(95_001, 100_000), 100_000, 100_001])
            for _ in range(18)
        ]
        monthly(city, key, (2024, 9), amounts)
        near[f"E{key}"] = [amount is not None and Decimal(95_000) <= amount <= Decimal(100_000) for amount in amounts]
    crowded = {key for key, months in near.items() if any(sum(months[at : at + 6]) >= 4 for at in range(18))}
    assert {found["master_id"] for found in city.check().of(RULE)} == crowded
    assert 5 < len(crowded) < 55
