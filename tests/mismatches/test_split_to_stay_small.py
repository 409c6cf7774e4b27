"""Businesses split in parts: the limit on both sides, persons, addresses, franchises, registered-address services."""

import pytest

from tests.mismatches.facts import cited, enterprise, found_again, monthly, reasons, said, uscc

RULE = "split_to_stay_small"
OWNER = "11010519491231002X"
HOUSE = "山东省青岛市市南区香港中路10号"


@pytest.fixture
def town(city):
    person(city, 1, OWNER)
    firm(city, 1)
    firm(city, 2)
    return city


def person(city, key, number, name="张伟"):
    city.add("police.resident", {"record_id": f"R{key}", "name": name, "id_number": number})
    city.link(f"P{key}", f"police.resident:R{key}")


def firm(city, key, number=OWNER, name="张伟", **values):
    enterprise(city, key, legal_representative=name, legal_representative_id_number=number, **values)


def sells(city, key, amount, first=(2025, 3)):
    """So much in twelve months, in two declarations."""
    monthly(city, key, first, [amount, *[None] * 10, 0])


def test_parts_of_one_person_are_each_a_hit(town):
    sells(town, 1, 3_000_000)
    sells(town, 2, 2_500_000)
    found = sorted(town.check().of(RULE), key=lambda one: one["master_id"])
    assert [(f["outcome"], f["severity"], f["period"], f["master_id"]) for f in found] == [
        ("hit", "medium", "2026-02", "E1"),
        ("hit", "medium", "2026-02", "E2"),
    ]
    assert cited(found[1]) == [
        ("enterprise", "C2", "subject"),
        ("taxpayer", "T2", "subject"),
        ("enterprise", "C1", "support"),
        ("taxpayer", "T1", "support"),
        *(("declaration", f"D{number}", "support") for number in range(1, 5)),
        ("resident", "R1", "support"),
    ]
    assert found_again(town, found[1]) == said(found[1])


@pytest.mark.parametrize(
    ("first", "second", "hits"),
    [
        (2_500_000, 2_500_000, 0),
        (2_500_000, "2500000.01", 2),
        ("4999999.99", "0.01", 0),
        ("4999999.99", "0.02", 2),
        (5_000_000, 2, 0),
        (6_000_000, 2_000_000, 0),
        (4_900_000, 0, 0),
    ],
)
def test_the_limit(town, first, second, hits):
    sells(town, 1, first)
    sells(town, 2, second)
    assert town.check().counts(RULE) == (hits, 2 - hits, 0)


@pytest.mark.parametrize(("first", "hits"), [((2025, 2), 0), ((2025, 3), 2), ((2026, 2), 2), ((2026, 3), 0)])
def test_the_last_twelve_whole_months(town, first, hits):
    for key in (1, 2):
        monthly(town, key, first, [3_000_000])
        monthly(town, key, (2025, 6), [1])
    assert town.check().counts(RULE)[0] == hits


def test_a_part_without_sales_is_not_accused(town):
    firm(town, 3)
    sells(town, 1, 3_000_000)
    sells(town, 2, 3_000_000)
    sells(town, 3, 0)
    assert {f["master_id"] for f in town.check().of(RULE)} == {"E1", "E2"}


def test_franchises_have_owners_and_houses_of_their_own(town):
    person(town, 2, "110105194912310038", "李娜")
    town.rows["commerce.enterprise"][0] |= {"name": "香香鸡市南店", "address": "青岛市市南区香港中路10号"}
    town.rows["commerce.enterprise"][1] |= {
        "name": "香香鸡市北店",
        "address": "青岛市市北区辽宁路10号",
        "legal_representative": "李娜",
        "legal_representative_id_number": "110105194912310038",
    }
    sells(town, 1, 3_000_000)
    sells(town, 2, 3_000_000)
    assert town.check().counts(RULE) == (0, 2, 0)


def test_one_address_weighs_less_than_one_person(city):
    for key, number in ((1, OWNER), (2, "110105194912310038")):
        person(city, key, number)
        firm(city, key, number, address=HOUSE if key == 1 else "市南区香港中路10号")
        sells(city, key, 3_000_000)
    assert {one[:] for one in reasons(city, RULE).values()} == {("hit", "one_address", "low")}
    [found, _] = city.check().of(RULE)
    assert found_again(city, found) == said(found)


@pytest.mark.parametrize(("neighbours", "hits"), [(17, 2), (18, 0)])
def test_a_registered_address_service_ties_nobody(city, neighbours, hits):
    for key in range(1, 3 + neighbours):
        enterprise(city, key, legal_representative_id_number=None if key > 2 else f"NUMBER{key}", address=HOUSE)
    sells(city, 1, 3_000_000)
    sells(city, 2, 3_000_000)
    assert city.check().counts(RULE)[0] == hits


def test_an_ended_licence_ties_nobody(town):
    town.rows["commerce.enterprise"][1]["status"] = "3"
    sells(town, 1, 3_000_000)
    sells(town, 2, 3_000_000)
    assert {record: one[1] for record, one in reasons(town, RULE).items()} == {"C2": "no_tie"}


def test_what_cannot_be_compared(town):
    for key, number in ((3, "110105194912310038"), (4, "110105194912310038")):
        firm(town, key, number)
        sells(town, key, 3_000_000)
    firm(town, 5, None)
    sells(town, 5, 100)
    sells(town, 1, 3_000_000)
    sells(town, 2, 1_000)
    town.rows["tax.declaration"][-1]["taxable_amount"] = None
    assert {record: one[:2] for record, one in reasons(town, RULE).items()} == {
        "C1": ("not_comparable", "amount_missing"),
        "C2": ("not_comparable", "amount_missing"),
        "C3": ("not_comparable", "person_unresolved"),
        "C4": ("not_comparable", "person_unresolved"),
        "C5": ("not_comparable", "no_tie"),
    }


def test_a_shared_id_leaves_it_open(town):
    sells(town, 1, 3_000_000)
    sells(town, 2, 3_000_000)
    for record, master in (("T8", "E1"), ("T9", "E9")):
        town.add("tax.taxpayer", {"record_id": record, "name": "丙", "taxpayer_id": uscc(8)})
        town.link(master, f"tax.taxpayer:{record}")
    sells(town, 8, 100)
    assert {record: one[1] for record, one in reasons(town, RULE).items()} == {
        "C1": "number_shared",
        "C2": "one_person",
    }
