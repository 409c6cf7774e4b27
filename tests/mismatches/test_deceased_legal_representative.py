"""Deceased representatives: the thirtieth day, shared and mistyped numbers, silence of the police register."""

from datetime import timedelta

import pytest

RULE = "deceased_legal_representative"
NUMBER = "11010519491231002X"
OTHER = "440524188001010014"


def office(city, record="C1", master="E1", **values):
    row = {
        "record_id": record,
        "name": "甲公司",
        "status": "1",
        "legal_representative": "张伟",
        "legal_representative_id_number": NUMBER,
    }
    city.add("commerce.enterprise", row | values)
    if master:
        city.link(master, f"commerce.enterprise:{record}", probability=0.97)


def resident(city, record="R1", master="P1", days=400, **values):
    died = None if days is None else city.as_of - timedelta(days)
    row = {"record_id": record, "name": "张伟", "id_number": NUMBER, "status": "2" if died else "1", "death_date": died}
    city.add("police.resident", row | values)
    city.link(master, f"police.resident:{record}", probability=0.95)


@pytest.fixture
def town(city):
    office(city)
    resident(city, "R0", "P0", days=5000, id_number=OTHER, name="李娜")
    return city


def test_a_deceased_representative_is_hit(town):
    resident(town)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["master_id"], found["severity"]) == ("hit", "E1", "high")
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("enterprise", "C1", "subject"),
        ("resident", "R1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.95)


@pytest.mark.parametrize(("days", "counts"), [(29, (0, 1, 0)), (30, (1, 0, 0)), (31, (1, 0, 0)), (-3, (0, 1, 0))])
def test_the_thirtieth_day_is_a_hit(town, days, counts):
    resident(town, days=days)
    assert town.check().counts(RULE) == counts


def test_a_living_representative_is_clear(town):
    resident(town, days=None)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_the_name_decides_where_a_number_is_shared(town):
    resident(town, days=None, name="王强")
    resident(town, "R2", "P2")
    assert town.check().counts(RULE) == (1, 0, 0)
    town.rows["commerce.enterprise"][0]["legal_representative"] = "王强"
    assert town.check().counts(RULE) == (0, 1, 0)


@pytest.mark.parametrize("name", ["赵敏", None])
def test_a_shared_number_that_no_name_tells_apart_is_not_comparable(town, name):
    resident(town, days=None, name="王强")
    resident(town, "R2", "P2")
    town.rows["commerce.enterprise"][0]["legal_representative"] = name
    checked = town.check()
    assert checked.counts(RULE) == (0, 0, 1)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"shared_number": 1}


def test_names_compare_folded_and_with_one_character_of_difference(town):
    resident(town, name="張 偉（曾用名）")
    assert town.check().counts(RULE) == (1, 0, 0)
    town.rows["police.resident"][1]["name"] = "章伟"
    assert town.check().counts(RULE) == (1, 0, 0)


def test_a_former_name_and_a_name_in_another_department_count(town):
    resident(town, name="王强", former_name="张伟")
    assert town.check().counts(RULE) == (1, 0, 0)
    town.rows["police.resident"][1]["former_name"] = None
    assert town.check().counts(RULE) == (0, 0, 1)
    town.add("tax.natural_person", {"record_id": "N1", "name": "张伟"})
    town.link("P1", "tax.natural_person:N1")
    assert town.check().counts(RULE) == (1, 0, 0)


def test_a_mistyped_number_of_a_deceased_stranger_is_not_comparable(town):
    resident(town, name="欧阳修远")
    checked = town.check()
    assert checked.rule(RULE)["not_comparable_reasons"] == {"other_name": 1}


def test_a_number_of_another_department_leads_to_the_police_record(town):
    resident(town, id_number=None)
    town.add("social_security.insured", {"record_id": "I1", "name": "张伟", "id_number": NUMBER})
    town.link("P1", "social_security.insured:I1")
    assert town.check().counts(RULE) == (1, 0, 0)


def test_the_police_record_that_bears_the_number_counts_before_others(town):
    resident(town, days=None)
    resident(town, "R2", "P1", id_number=OTHER)
    assert town.check().counts(RULE) == (0, 1, 0)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"legal_representative_id_number": None}, "no_number"),
        ({"legal_representative_id_number": OTHER}, "other_name"),
    ],
)
def test_a_representative_who_cannot_be_found_is_not_comparable(town, values, reason):
    office(town, "C2", "E2", **values)
    resident(town, days=None)
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 1)
    assert checked.rule(RULE)["not_comparable_reasons"] == {reason: 1}


def test_nobody_by_that_number_or_nobody_known_to_the_police_is_not_comparable(town):
    assert town.check().rule(RULE)["not_comparable_reasons"] == {"unknown_person": 1}
    town.add("social_security.insured", {"record_id": "I1", "name": "张伟", "id_number": NUMBER})
    town.link("P1", "social_security.insured:I1")
    assert town.check().rule(RULE)["not_comparable_reasons"] == {"no_police_record": 1}


def test_a_death_without_a_date_is_not_comparable(town):
    resident(town, days=None, status="2")
    assert town.check().rule(RULE)["not_comparable_reasons"] == {"no_death_date": 1}


def test_a_placeholder_on_many_persons_identifies_nobody(town):
    for position in range(60):
        resident(town, f"R{position + 10}", f"P{position + 10}")
    assert town.check().rule(RULE)["not_comparable_reasons"] == {"unknown_person": 1}


def test_an_ended_enterprise_is_no_subject(town):
    town.rows["commerce.enterprise"][0]["status"] = "3"
    office(town, "C2", "E2")
    resident(town, days=None)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_one_finding_for_an_enterprise_with_two_licences(town):
    office(town, "C2", "E1", legal_representative_id_number=None)
    resident(town)
    [found] = town.check().of(RULE)
    assert found["outcome"] == "hit"
    assert [e["record_id"] for e in found["evidence"]] == ["C1", "R1"]
