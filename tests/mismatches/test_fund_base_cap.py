"""Provident fund: exactly the cap of base and rate, sealed accounts, accounts sent twice, percent against share."""

from decimal import Decimal

import pytest

from tests.mismatches.payroll import employer, wage

RULE = "fund_base_cap"
CAP = "24000.00"  # three times 8,000
USCC = "91350100M000100Y43"
OTHER = "91350211M0000XUF46"


def account(city, record, base, rate=0.12, master="P1", **values):
    row = {
        "record_id": record,
        "name": "张伟",
        "employer_uscc": USCC,
        "contribution_base": None if base is None else Decimal(base),
        "contribution_rate": rate,
        "status": "1",
    }
    city.add("provident_fund.account", row | values)
    if master:
        city.link(master, f"provident_fund.account:{record}", probability=0.92)


@pytest.fixture
def town(city):
    """A city that knows wages of 2025, those of its first person, too."""
    employer(city, 1)
    for who in (1, 2):
        city.add("tax.natural_person", {"record_id": f"N{who}", "name": "张伟"})
        city.link(f"P{who}", f"tax.natural_person:N{who}")
        wage(city, who, 1, 96000)
    return city


def test_a_base_above_the_cap_is_hit(town):
    wage(town, 1, 1, 5000, year=2024)
    account(town, "F1", "24000.01")
    [found] = town.check().of(RULE)
    assert (found["subject_kind"], found["master_id"], found["period"]) == ("person", "P1", "2025")
    assert (found["outcome"], found["severity"], found["estimate_likely"]) == ("hit", "low", None)
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("account", "F1", "subject"),
        ("wage", "W1-1-2025", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.92)
    told = town.told(RULE)["P1"]
    assert (told["reason"], told["base"], told["cap"], told["wages"]) == ("base_above", 24000.01, 24000.00, 96000.00)


@pytest.mark.parametrize(
    ("base", "rate", "reason"),
    [
        (CAP, 0.12, None),
        (CAP, 12.0, None),  # in percent
        (CAP, 0.1201, "rate_above"),
        (CAP, 12.5, "rate_above"),
        (CAP, 1e9, "rate_above"),
        ("24000.01", 0.1201, "both_above"),
        ("24000.01", None, "base_above"),  # what is known is enough
        (None, 0.13, "rate_above"),
        ("0", 0.0, None),
    ],
)
def test_the_caps(town, base, rate, reason):
    account(town, "F0", "5000", 0.05, "P2")
    account(town, "F1", base, rate)
    assert [t["reason"] for t in town.told(RULE).values()] == ([reason] if reason else [])
    assert town.check().counts(RULE) == ((1, 1, 0) if reason else (0, 2, 0))


def test_what_is_missing_is_not_comparable(town):
    account(town, "F1", None)
    account(town, "F2", "5000", None, "P2")
    account(town, "F3", "-1", 0.05, "P3")
    account(town, "F4", "99999", master=None)
    account(town, "F5", "5000", float("nan"), "P5")
    checked = town.check()
    assert checked.counts(RULE) == (0, 0, 5)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"amounts_missing": 4, "unlinked": 1}


def test_an_account_sent_twice_counts_once(town):
    account(town, "F1", "20000")
    account(town, "F2", "20000")
    account(town, "F3", "99999", employer_uscc=OTHER)
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 0)
    [found] = checked.of(RULE)
    assert [e["record_id"] for e in found["evidence"] if e["role"] == "subject"] == ["F3"]


@pytest.mark.parametrize("status", ["2", "03", "封存", "已销户", "停缴"])
def test_an_account_that_does_not_pay_is_no_subject(town, status):
    account(town, "F1", "99999", status=status)
    assert town.check().counts(RULE) == (0, 0, 0)


@pytest.mark.parametrize("status", ["1", "01", "正常", None])
def test_an_account_that_pays_is_one(town, status):
    account(town, "F1", "99999", status=status)
    assert town.check().counts(RULE) == (1, 0, 0)


def test_a_person_without_wages_is_judged_by_the_cap(town):
    account(town, "F1", "99999", master="P7")
    [found] = town.check().of(RULE)
    assert [e["dataset"] for e in found["evidence"]] == ["account"]


def test_without_the_city_mean_of_the_year_it_does_not_run(town):
    town.rows["tax.wage"] = []
    wage(town, 1, 1, 96000, year=2024)
    account(town, "F1", "99999")
    checked = town.check()
    assert not checked.rule(RULE)["ran"]
    assert checked.of(RULE) == []
