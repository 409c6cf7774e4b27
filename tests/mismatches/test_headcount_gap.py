"""Heads insured and heads paid: five of them and a tenth, who is counted once, who is unknown, the estimate."""

from datetime import date
from decimal import Decimal

import pytest

from tests.mismatches.payroll import tax_number, wage

RULE = "headcount_gap"


def employer(city, key, insured, record=None, *, registered=True):
    record = record or f"S{key}"
    city.add("social_security.employer", {"record_id": record, "name": f"单位{key}", "insured_count": insured})
    city.link(f"E{key}", f"social_security.employer:{record}", probability=0.96)
    if registered and not any(row["record_id"] == f"T{key}" for row in city.rows.get("tax.taxpayer", ())):
        taxpayer(city, key)


def taxpayer(city, key, number=None, record=None):
    record = record or f"T{key}"
    city.add("tax.taxpayer", {"record_id": record, "name": f"单位{key}", "taxpayer_id": number or tax_number(key)})
    city.link(f"E{key}", f"tax.taxpayer:{record}", probability=0.94)


def staff(city, at, count, first=0, months=12):
    """So many people with wages of an enterprise, numbered from the first."""
    for who in range(at * 1000 + first, at * 1000 + first + count):
        if not any(row["record_id"] == f"N{who}" for row in city.rows.get("tax.natural_person", ())):
            city.add("tax.natural_person", {"record_id": f"N{who}", "name": "张伟"})
            city.link(f"P{who}", f"tax.natural_person:N{who}")
        wage(city, who, at, 60000, months)


@pytest.fixture
def town(city):
    """A city whose first employer insures and pays ten."""
    employer(city, 9, 10)
    staff(city, 9, 10)
    return city


def test_more_paid_than_insured(town):
    employer(town, 1, 4)
    staff(town, 1, 5)
    staff(town, 1, 5, first=5, months=6)
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 0)
    [found] = checked.of(RULE)
    assert (found["subject_kind"], found["master_id"], found["period"]) == ("enterprise", "E1", "2025")
    assert (found["severity"], found["link_probability"]) == ("medium", pytest.approx(0.94))
    # six heads × 60 % of 8,000 × nine months in the mean × 26 %
    assert found["estimate_low"] == found["estimate_likely"] == found["estimate_high"] == Decimal("67392.00")
    assert [(e["dataset"], e["role"]) for e in found["evidence"]] == [
        ("employer", "subject"),
        ("taxpayer", "support"),
        *[("wage", "support")] * 10,
    ]
    told = town.told(RULE)["E1"]
    assert (told["insured"], told["paid"], told["gap"], told["share"]) == (4, 10, 6, 0.6)


def test_more_insured_than_paid_has_no_estimate(town):
    employer(town, 1, 10)
    staff(town, 1, 5)
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["estimate_likely"]) == ("hit", "low", None)


@pytest.mark.parametrize(
    ("insured", "paid", "hit"),
    [(10, 5, True), (10, 6, False), (5, 10, True), (6, 10, False), (50, 45, False), (49, 44, True), (45, 50, False)],
)
def test_the_difference_and_its_share(town, insured, paid, hit):
    employer(town, 1, insured)
    staff(town, 1, paid)
    assert town.check().counts(RULE) == ((1, 1, 0) if hit else (0, 2, 0))


def test_a_person_counts_once_and_a_record_sent_twice_too(town):
    employer(town, 1, 5)
    employer(town, 1, 5, "S1b")
    staff(town, 1, 5)
    for who in range(1000, 1005):  # paid by a second wage record of the same enterprise
        wage(town, who, 1, 10000, 6, record=f"X{who}")
    staff(town, 2, 8)  # and eight others by nobody that insures
    employer(town, 2, 8)
    assert town.check().counts(RULE) == (0, 3, 0)


def test_wages_of_another_year_do_not_count(town):
    employer(town, 1, 10)
    staff(town, 1, 3)
    for who in range(1000, 1010):
        wage(town, who, 1, 10000, year=2024)
    assert town.told(RULE)["E1"]["paid"] == 3


def test_who_pays_nobody(town):
    employer(town, 1, 5)  # is known to the tax register: no wages is an answer
    employer(town, 2, 5, registered=False)
    employer(town, 3, 4)
    checked = town.check()
    assert checked.counts(RULE) == (1, 2, 1)
    assert [f["master_id"] for f in checked.of(RULE, "hit")] == ["E1"]
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_wages": 1}


def test_who_insures_nobody_is_not_comparable(town):
    taxpayer(town, 1)
    staff(town, 1, 5)
    taxpayer(town, 2)
    staff(town, 2, 4)
    employer(town, 3, None)
    staff(town, 3, 9)
    checked = town.check()
    assert checked.counts(RULE) == (0, 2, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"count_missing": 1, "not_insuring": 1}
    roles = {f["master_id"]: f["evidence"][0]["role"] for f in checked.of(RULE)}
    assert roles == {"E1": "subject", "E3": "subject"}


def stranger(city, at, count):
    """Wages of people whom the population base does not know."""
    for who in range(at * 1000 + 500, at * 1000 + 500 + count):
        city.add("tax.natural_person", {"record_id": f"N{who}", "name": "李娜"})
        wage(city, who, at, 60000)


def test_people_who_are_unknown_matter_where_they_change_the_outcome(town):
    employer(town, 1, 10)
    staff(town, 1, 4)
    stranger(town, 1, 2)  # four or six of ten
    employer(town, 2, 20)
    staff(town, 2, 10)
    stranger(town, 2, 2)  # ten or twelve of twenty: too few either way
    employer(town, 3, 5)
    staff(town, 3, 10)
    stranger(town, 3, 9)  # too many either way
    employer(town, 4, 10)
    staff(town, 4, 10)
    stranger(town, 4, 4)  # ten or fourteen of ten: in order either way
    employer(town, 5, 10)
    staff(town, 5, 10)
    stranger(town, 5, 5)
    checked = town.check()
    assert checked.counts(RULE) == (2, 2, 2)
    assert sorted(f["master_id"] for f in checked.of(RULE, "hit")) == ["E2", "E3"]
    assert sorted(f["master_id"] for f in checked.of(RULE, "not_comparable")) == ["E1", "E5"]


def test_wages_under_an_id_that_two_hold_are_unknown_heads_of_both(town):
    employer(town, 1, 10)
    taxpayer(town, 2, tax_number(1))
    employer(town, 2, 0, registered=False)
    staff(town, 1, 10)
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"unresolved": 2}
    assert len(checked.of(RULE)[0]["evidence"]) > 2


def test_those_whom_another_employer_insures_explain_the_gap(town):
    """Dispatched or part-time: still found, as the formula says, and of low severity; one short of enough is not."""
    employer(town, 1, 4)
    employer(town, 2, 2)
    staff(town, 1, 10)
    for who in range(1000, 1002):
        insured_elsewhere(town, who)
    [found] = town.check().of(RULE)
    assert (found["severity"], found["master_id"]) == ("low", "E1")
    assert (town.told(RULE)["E1"]["aside"], town.told(RULE)["E1"]["gap"]) == (2, 6)
    del town.rows["social_security.insured"][-1]
    assert town.check().of(RULE)[0]["severity"] == "medium"


def insured_elsewhere(town, who, at=2):
    town.add(
        "social_security.insured",
        {"record_id": f"I{who}", "name": "张伟", "employer_no": f"S{at}", "status": "1"},
    )
    town.link(f"P{who}", f"social_security.insured:I{who}")


@pytest.mark.parametrize(("born", "severity"), [("1964-12-31", "low"), ("1965-01-01", "medium")])
def test_the_rehired_explain_the_gap(town, born, severity):
    """Sixty before 2025 began."""
    employer(town, 1, 4)
    staff(town, 1, 10)
    for row in town.rows["tax.natural_person"][-6:]:
        row["birth_date"] = date.fromisoformat(born)
    assert [found["severity"] for found in town.check().of(RULE)] == [severity]


def test_the_insured_of_the_employer_itself_explain_nothing(town):
    employer(town, 1, 4)
    staff(town, 1, 10)
    for who in range(1000, 1006):
        insured_elsewhere(town, who, at=1)
    assert [found["severity"] for found in town.check().of(RULE)] == ["medium"]
