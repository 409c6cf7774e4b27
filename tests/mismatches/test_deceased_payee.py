"""Wages after death: the year of death, one finding a wage record, silence of the police register, mistyped numbers."""

from datetime import date
from decimal import Decimal

import pytest

RULE = "deceased_payee"
NUMBER = "11010519491231002X"
OTHER = "440524188001010014"
PAYER = "91350100M000100Y43"


def payee(city, key="1", master="P1", **values):
    city.add("tax.natural_person", {"record_id": f"N{key}", "name": "张伟", "id_number": NUMBER} | values)
    if master:
        city.link(master, f"tax.natural_person:N{key}", probability=0.93)


def resident(city, key="1", master="P1", died=date(2023, 5, 1), **values):
    row = {
        "record_id": f"R{key}",
        "name": "张伟",
        "id_number": NUMBER,
        "status": "2" if died else "1",
        "death_date": died,
    }
    city.add("police.resident", row | values)
    city.link(master, f"police.resident:R{key}", probability=0.95)


def wage(city, record, year, wages="50000", who="1"):
    city.add(
        "tax.wage",
        {
            "record_id": record,
            "taxpayer_id": PAYER,
            "person_record_id": f"N{who}",
            "tax_year": year,
            "months": 12,
            "wages": None if wages is None else Decimal(wages),
        },
    )


@pytest.fixture
def town(city):
    city.add("tax.taxpayer", {"record_id": "T1", "name": "甲公司", "taxpayer_id": PAYER})
    city.link("E1", "tax.taxpayer:T1", probability=0.9)
    payee(city)
    payee(city, "0", "P0", id_number=OTHER)
    resident(city, "0", "P0", died=date(1999, 1, 1), id_number=OTHER)
    return city


def test_each_wage_record_after_the_year_of_death_is_a_finding(town):
    resident(town)
    for record, year in (("W1", 2022), ("W2", 2023), ("W3", 2024), ("W4", 2025), ("W5", 2025)):
        wage(town, record, year)
    checked = town.check()
    assert checked.counts(RULE) == (3, 2, 0)
    found = sorted(checked.of(RULE), key=lambda f: f["evidence"][0]["record_id"])
    assert [(f["evidence"][0]["record_id"], f["period"]) for f in found] == [
        ("W3", "2024"),
        ("W4", "2025"),
        ("W5", "2025"),
    ]
    assert {(f["subject_kind"], f["master_id"], f["severity"]) for f in found} == {("person", "P1", "high")}
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found[0]["evidence"]] == [
        ("wage", "W3", "subject"),
        ("natural_person", "N1", "support"),
        ("resident", "R1", "support"),
        ("taxpayer", "T1", "support"),
    ]
    assert found[0]["link_probability"] == pytest.approx(0.9)
    assert found[0]["estimate_likely"] is None


@pytest.mark.parametrize(
    ("died", "year", "hit"),
    [
        (date(2024, 1, 1), 2024, False),  # the year of death, even from its first day
        (date(2024, 12, 31), 2025, True),  # a single day before the tax year
        (date(2025, 1, 1), 2025, False),
        (date(2026, 2, 1), 2025, False),
    ],
)
def test_the_years_are_compared(town, died, year, hit):
    resident(town, died=died)
    wage(town, "W1", year)
    assert town.check().counts(RULE) == ((1, 0, 0) if hit else (0, 1, 0))


def test_what_the_police_register_does_not_say_is_not_comparable(town):
    resident(town, died=None, status="2")  # deceased without a date
    wage(town, "W1", 2025)
    payee(town, "2", "P2")  # no police record
    wage(town, "W2", 2025, who="2")
    payee(town, "3", None)  # not in the crosswalk
    wage(town, "W3", 2025, who="3")
    checked = town.check()
    assert checked.counts(RULE) == (0, 0, 3)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_death_date": 1, "no_police_record": 1, "unlinked": 1}
    assert {f["severity"] for f in checked.of(RULE)} == {"low"}


def test_amounts_and_years_that_are_missing(town):
    resident(town)
    wage(town, "W1", 2025, None)
    wage(town, "W2", None)
    wage(town, "W3", 2025, "0")
    wage(town, "W4", 2025, "0.01")
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"amount_missing": 1, "no_year": 1}


def test_the_living_are_clear(town):
    resident(town, died=None)
    wage(town, "W1", 2025)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_the_record_that_bears_the_payees_number_counts_before_others_of_the_person(town):
    """A wrong link of a deceased namesake does not accuse, as long as the payee's own record says alive."""
    resident(town, died=None)
    resident(town, "2", id_number=OTHER)
    wage(town, "W1", 2025)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_status_of_the_living_outweighs_a_date(town):
    resident(town, status="1")
    wage(town, "W1", 2025)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_date_of_death_is_enough_where_no_status_is_given(town):
    resident(town, status=None)
    wage(town, "W1", 2025)
    assert town.check().counts(RULE) == (1, 0, 0)
