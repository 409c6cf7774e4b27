"""One representative of many: the fifth enterprise, the hundred and eightieth day, shared numbers, missing dates."""

from datetime import date, timedelta

import pytest

RULE = "hub_person"
NUMBER = "11010519491231002X"
FIRST = date(2025, 1, 1)


def office(city, key, days=0, *, number=NUMBER, name="张伟", master=None, **values):
    city.add(
        "commerce.enterprise",
        {
            "record_id": f"C{key:02d}",
            "name": f"单位{key}",
            "status": "1",
            "established_on": None if days is None else FIRST + timedelta(days),
            "legal_representative": name,
            "legal_representative_id_number": number,
        }
        | values,
    )
    city.link(master or f"E{key}", f"commerce.enterprise:C{key:02d}", probability=0.97)


def resident(city, key="1", name="张伟", number=NUMBER):
    city.add("police.resident", {"record_id": f"R{key}", "name": name, "id_number": number, "status": "1"})
    city.link(f"P{key}", f"police.resident:R{key}", probability=0.95)


@pytest.fixture
def town(city):
    resident(city)
    return city


def test_five_within_the_days_are_one_finding_of_the_person(town):
    for key, days in enumerate((0, 40, 80, 120, 180)):
        office(town, key, days)
    office(town, 7, 900)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "medium", "2025-06")
    assert (found["subject_kind"], found["master_id"], found["estimate_low"]) == ("person", "P1", None)
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        *[("enterprise", f"C{key:02d}", "subject") for key in range(5)],
        ("enterprise", "C07", "support"),
        ("resident", "R1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.95)
    told = town.told(RULE)["P1"]
    assert (told["enterprises"], told["first_on"], told["last_on"]) == (5, "2025-01-01", "2025-06-30")


@pytest.mark.parametrize(
    ("days", "hit"),
    [
        ((0, 0, 0, 0, 0), True),
        ((0, 1, 2, 3, 180), True),
        ((0, 1, 2, 3, 181), False),
        ((0, 1, 2, 3), False),
        ((0, 100, 200, 300, 400, 500, 600), False),  # many, but never five at once
        ((0, 170, 175, 180, 185, 190), True),
    ],
)
def test_the_window(town, days, hit):
    for key, day in enumerate(days):
        office(town, key, day)
    assert town.check().counts(RULE) == ((1, 0, 0) if hit else (0, 1, 0))


def test_windows_that_overlap_are_one_hub(town):
    for key, days in enumerate((0, 45, 90, 135, 180, 225, 1000)):
        office(town, key, days)
    [found] = town.check().of(RULE)
    assert [e["record_id"] for e in found["evidence"] if e["role"] == "subject"] == [f"C{key:02d}" for key in range(6)]


def test_only_active_enterprises_count_and_each_once(town):
    for key in range(4):
        office(town, key)
    office(town, 5, status="3")
    office(town, 6, status="2")
    office(town, 7, master="E0")  # a second licence of the first
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_number_of_two_people_is_settled_by_the_name(town):
    resident(town, "2", "李娜")
    for key in range(4):
        office(town, key)
    for key in range(10, 15):
        office(town, key, name="李娜")
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 0)
    assert [f["master_id"] for f in checked.of(RULE)] == ["P2"]


def test_a_number_that_leads_to_nobody_is_not_comparable_where_it_would_be_a_hub(town):
    unknown = "440524188001010014"
    for key in range(5):
        office(town, key, number=unknown)
    for key in range(10, 14):
        office(town, key, number="932682198501010017")
    office(town, 20)
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 1)
    [found] = checked.of(RULE)
    assert (found["master_id"], found["severity"], len(found["evidence"])) == (None, "low", 5)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"person_unresolved": 1}


def test_missing_dates_matter_only_where_they_could_make_a_hub(town):
    for key in range(4):
        office(town, key)
    office(town, 4, None)
    resident(town, "2", "李娜", "440524188001010014")
    for key in range(10, 13):
        office(town, key, None if key == 10 else 0, number="440524188001010014", name="李娜")
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 1)
    [found] = checked.of(RULE)
    assert (found["master_id"], found["outcome"]) == ("P1", "not_comparable")
    assert len(found["evidence"]) == 5
