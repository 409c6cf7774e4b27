"""Key taxpayers: who is one, exactly 30 % less, heads within 5 %, refunds, what fell everywhere."""

from datetime import UTC, date, datetime

import pytest

from tests.mismatches.facts import cited, declare, enterprise, monthly, reasons, told, uscc

RULE = "key_taxpayer_drop"
BEFORE, NOW = (2024, 3), (2025, 3)  # the first months of the two years that are compared


@pytest.fixture
def town(city):
    """Enterprise 1 pays 100 a month, enterprise 2 pays 900 in both years and 10 people are insured at each."""
    for key, tax in ((1, 100), (2, 900)):
        enterprise(city, key)
        monthly(city, key, BEFORE, [tax] * 12, tax="CIT" if key == 2 else "VAT", paid=tax)
        employer(city, key, 10)
    monthly(city, 2, NOW, [900] * 12, tax="CIT", paid=900)
    city.rows["tax.declaration"][0]["tax_paid"] += 3_000  # of enterprise 1: 4,200 in the year before
    return city


def employer(city, key, heads, **values):
    city.add("social_security.employer", {"record_id": f"S{key}", "name": "单位"})
    city.link(f"E{key}", f"social_security.employer:S{key}", probability=0.96)
    for number in range(heads):
        insure(city, key, number, **values)


def insure(city, key, number, *, since=date(2020, 1, 1), status="1", updated=datetime(2021, 1, 1, tzinfo=UTC)):
    row = {"record_id": f"I{key}-{number}", "name": "张伟", "employer_no": f"S{key}"}
    city.add("social_security.insured", row | {"insured_from": since, "status": status, "updated_at": updated})


def pays(city, amount):
    """What enterprise 1 pays in the latest year."""
    declare(city, 1, "VAT", date(2025, 6, 10), amount, amount)


def test_a_fall_beside_as_many_people_is_a_hit(town):
    pays(town, 2_000)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"], found["master_id"]) == (
        "hit",
        "medium",
        "2026-02",
        "E1",
    )
    assert found["estimate_likely"] is None
    assert cited(found)[:2] == [("enterprise", "C1", "subject"), ("taxpayer", "T1", "subject")]
    assert cited(found)[-1] == ("employer", "S1", "support")
    assert len([e for e in cited(found) if e[0] == "declaration"]) == 13
    assert '"fall":0.5238' in told(town, RULE)["C1"][3]


@pytest.mark.parametrize(("amount", "hits"), [("2940", 1), ("2940.01", 0), ("4200", 0), ("9000", 0), ("0", 1)])
def test_thirty_per_cent(town, amount, hits):
    pays(town, amount)
    assert town.check().counts(RULE) == (hits, 2 - hits, 0)


@pytest.mark.parametrize(("tax", "subjects"), [(2_700, 1), (2_699, 1), (2_701, 2)])
def test_key_taxpayers_are_the_fewest_that_carry_four_fifths(city, tax, subjects):
    for key, amount in ((1, tax), (2, 10_800)):
        enterprise(city, key)
        declare(city, key, "VAT", date(2024, 3, 10), amount, amount)
        declare(city, key, "VAT", date(2026, 2, 10), amount, amount)
        employer(city, key, 1)
    assert sum(city.check().counts(RULE)) == subjects


@pytest.mark.parametrize(
    ("joined", "left", "outcome"),
    [(0, 0, "hit"), (1, 0, "hit"), (2, 0, "clear"), (0, 1, "hit"), (0, 2, "clear"), (3, 3, "hit")],
)
def test_five_per_cent_of_the_people(town, joined, left, outcome):
    """Of 20 people a year ago one more or less is exactly 5 %."""
    pays(town, 2_000)
    for number in range(10, 20 - left):
        insure(town, 1, number)
    for number in range(20 - left, 20):
        insure(town, 1, number, status="3", updated=datetime(2025, 9, 1, tzinfo=UTC))
    for number in range(20, 20 + joined):
        insure(town, 1, number, since=date(2025, 9, 1))
    assert town.check().counts(RULE) == ((1, 1, 0) if outcome == "hit" else (0, 2, 0))


def test_who_left_before_is_not_counted(town):
    pays(town, 2_000)
    for number in range(10, 15):
        insure(town, 1, number, status="3", updated=datetime(2024, 9, 1, tzinfo=UTC))
    assert '"heads_now":10,"heads_before":10' in told(town, RULE)["C1"][3]


@pytest.mark.parametrize(("gross", "reason"), [(2_940, "fell"), (2_941, "refund")])
def test_a_refund_weighs_less(town, gross, reason):
    pays(town, gross)
    declare(town, 1, "VAT", date(2025, 12, 10), -1_500, -1_500)
    assert reasons(town, RULE)["C1"][1] == reason


def test_what_fell_for_all_weighs_less(town):
    enterprise(town, 3)
    monthly(town, 3, BEFORE, [400] * 12, paid=400)
    monthly(town, 3, NOW, [160] * 12, paid=160)
    employer(town, 3, 5)
    pays(town, 2_000)
    assert reasons(town, RULE) == {"C1": ("hit", "policy", "low"), "C3": ("hit", "policy", "low")}
    monthly(town, 3, NOW, [130] * 12, paid=130)
    assert reasons(town, RULE) == {"C1": ("hit", "fell", "medium")}


def test_what_cannot_be_compared(town):
    pays(town, 2_000)
    kept = town.rows["social_security.insured"]
    town.rows["social_security.insured"] = [row for row in kept if row["employer_no"] != "S1"]
    assert reasons(town, RULE) == {"C1": ("not_comparable", "no_heads", "low")}
    town.rows["social_security.insured"] = kept
    for record, master in (("T8", "E1"), ("T9", "E9")):
        town.add("tax.taxpayer", {"record_id": record, "name": "丙", "taxpayer_id": uscc(8)})
        town.link(master, f"tax.taxpayer:{record}")
    declare(town, 8, "VAT", date(2026, 1, 9), 100, 100)
    assert reasons(town, RULE) == {"C1": ("not_comparable", "number_shared", "low")}


@pytest.mark.parametrize(("first", "outcome"), [((2024, 5), (0, 1, 0)), ((2024, 6), (0, 0, 1))])
def test_data_that_do_not_reach_back_are_not_comparable(city, first, outcome):
    enterprise(city, 1)
    monthly(city, 1, first, [1], paid=1)
    declare(city, 1, "CIT", date(2024, 3, 10), 100, 100)
    monthly(city, 1, NOW, [100] * 12, paid=100)
    employer(city, 1, 3)
    assert city.check().counts(RULE) == outcome


def test_a_city_of_one_year_has_no_key_taxpayers_yet(city):
    enterprise(city, 1)
    monthly(city, 1, NOW, [100] * 12, paid=100)
    employer(city, 1, 3)
    assert city.check().counts(RULE) == (0, 0, 0)
