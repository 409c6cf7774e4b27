"""Cancelled for tax, still insuring: who pays, arrears against people who joined later, registrations in force."""

from datetime import date

import pytest

RULE = "cancelled_taxpayer_insuring"
CANCELLED = date(2025, 6, 15)


def taxpayer(city, key, master=None, **values):
    row = {"record_id": f"T{key}", "name": f"单位{key}", "status": "3", "cancelled_on": CANCELLED}
    city.add("tax.taxpayer", row | values)
    if master != "":
        city.link(master or f"E{key}", f"tax.taxpayer:T{key}", probability=0.94)


def employer(city, key, count, record=None):
    record = record or f"S{key}"
    city.add("social_security.employer", {"record_id": record, "name": f"单位{key}", "insured_count": count})
    city.link(f"E{key}", f"social_security.employer:{record}", probability=0.96)


def insure(city, record, at, status="1", since=date(2020, 1, 1)):
    city.add(
        "social_security.insured",
        {"record_id": record, "name": "张伟", "employer_no": at, "status": status, "insured_from": since},
    )


@pytest.fixture
def town(city):
    """A city with an employer of whom social security knows one insurance."""
    employer(city, 0, 9)
    insure(city, "I0", "S0")
    return city


def test_a_cancelled_taxpayer_that_insures_is_hit(town):
    taxpayer(town, 1)
    employer(town, 1, 2)
    insure(town, "I1", "S1")
    insure(town, "I2", "S1", since=CANCELLED)
    insure(town, "I3", "S1", status="2")
    [found] = town.check().of(RULE)
    assert (found["subject_kind"], found["master_id"], found["period"]) == ("enterprise", "E1", "2025-06")
    assert (found["outcome"], found["severity"]) == ("hit", "medium")
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("taxpayer", "T1", "subject"),
        ("employer", "S1", "support"),
        ("insured", "I1", "support"),
        ("insured", "I2", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.94)
    assert found["estimate_low"] is None


def test_arrears_are_told_from_people_who_joined_after_the_cancellation(town):
    taxpayer(town, 1)
    employer(town, 1, 1)
    insure(town, "I1", "S1", since=date(2025, 6, 16))
    [found] = town.check().of(RULE)
    assert found["severity"] == "high"


def test_every_outcome(town):
    taxpayer(town, 1)  # insures nobody
    taxpayer(town, 2)
    employer(town, 2, 0)  # states none
    taxpayer(town, 3)
    employer(town, 3, 7)  # states seven, and all its insurances have ended
    insure(town, "I3", "S3", status="2")
    taxpayer(town, 4)
    employer(town, 4, 1)  # states one, and no insurance names it
    taxpayer(town, 5)
    employer(town, 5, None)
    taxpayer(town, 6, "")  # not in the crosswalk
    checked = town.check()
    assert checked.counts(RULE) == (1, 3, 2)
    assert [f["master_id"] for f in checked.of(RULE, "hit")] == ["E4"]
    assert checked.rule(RULE)["not_comparable_reasons"] == {"count_missing": 1, "unlinked": 1}


def test_only_cancelled_registrations_are_subjects(town):
    for key, status in enumerate(("1", "2", None), 1):
        taxpayer(town, key, status=status)
        employer(town, key, 5)
    assert town.check().counts(RULE) == (0, 0, 0)


def test_a_registration_in_force_beside_the_cancelled_one(town):
    """The business moved or was merged: it goes on, and insures, under another registration."""
    taxpayer(town, 1)
    taxpayer(town, 2, "E1", status="1")
    employer(town, 1, 5)
    assert town.check().counts(RULE) == (0, 0, 0)


def test_two_cancelled_registrations_are_one_finding_from_the_later_on(town):
    taxpayer(town, 1)
    taxpayer(town, 2, "E1", cancelled_on=date(2025, 9, 1))
    employer(town, 1, 5)
    [found] = town.check().of(RULE)
    assert found["period"] == "2025-09"
    assert [e["record_id"] for e in found["evidence"]] == ["T1", "T2", "S1"]


def test_without_a_date_of_cancellation(town):
    taxpayer(town, 1, cancelled_on=None)
    employer(town, 1, 5)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "medium", None)


def test_a_record_sent_twice_counts_once(town):
    """Both records state seven, and neither is named by an insurance: still seven people, not fourteen."""
    taxpayer(town, 1)
    employer(town, 1, 7)
    employer(town, 1, 7, "S1b")
    assert town.told(RULE)["E1"]["heads"] == 7
