"""Not filing, yet active: the last day of the months, what counts as active, moved and merged, shared taxpayer ids."""

from datetime import date

import pytest

RULE = "abnormal_taxpayer_active"
USCC = "91350100M000100Y43"
OTHER = "91350211M0000XUF46"


def taxpayer(city, key, number=None, master=None, **values):
    row = {
        "record_id": f"T{key}",
        "name": f"单位{key}",
        "taxpayer_id": number or f"91370202MA3C{key:05d}X",
        "status": "1",
    }
    city.add("tax.taxpayer", row | values)
    if master != "":
        city.link(master or f"E{key}", f"tax.taxpayer:T{key}", probability=0.94)


def insuring(city, key, count=5):
    city.add("social_security.employer", {"record_id": f"S{key}", "name": f"单位{key}", "insured_count": count})
    city.link(f"E{key}", f"social_security.employer:S{key}", probability=0.96)


def award(city, record, *contractors):
    city.add(
        "development_reform.project", {"record_id": record, "name": "桥", "contractor_usccs": ";".join(contractors)}
    )


def declare(city, record, filed_on, number=None, period="2025-09", key=1):
    city.add(
        "tax.declaration",
        {
            "record_id": record,
            "taxpayer_id": number or f"91370202MA3C{key:05d}X",
            "period": period,
            "tax_type": "VAT",
            "declared_on": filed_on,
        },
    )


@pytest.fixture
def town(city):
    """A city in which one enterprise has just filed, insures and builds."""
    taxpayer(city, 0, OTHER, uscc=OTHER)
    insuring(city, 0)
    award(city, "X0", OTHER)
    declare(city, "D0", date(2026, 3, 30), OTHER)
    return city


def test_an_insuring_taxpayer_that_stopped_filing_is_hit(town):
    taxpayer(town, 1)
    insuring(town, 1)
    declare(town, "D1", date(2025, 7, 10))
    declare(town, "D2", date(2025, 10, 15))
    [found] = town.check().of(RULE)
    assert (found["outcome"], found["severity"], found["period"]) == ("hit", "high", "2026-01")
    assert (found["subject_kind"], found["master_id"]) == ("enterprise", "E1")
    assert [(e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("taxpayer", "T1", "subject"),
        ("declaration", "D2", "support"),
        ("employer", "S1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.94)
    assert found["estimate_likely"] is None


@pytest.mark.parametrize(
    ("filed_on", "hit"),
    [
        (date(2025, 12, 31), True),  # three months to the day
        (date(2026, 1, 1), False),
        (date(2026, 3, 31), False),
        (date(2026, 4, 2), False),
    ],
)
def test_the_last_day(town, filed_on, hit):
    taxpayer(town, 1)
    insuring(town, 1)
    declare(town, "D1", filed_on)
    assert town.check().counts(RULE) == ((1, 1, 0) if hit else (0, 2, 0))


def test_a_filing_without_a_day_counts_from_the_day_after_its_period(town):
    for key, period in ((1, "2025-12"), (2, "2025-11")):
        taxpayer(town, key)
        insuring(town, key)
        declare(town, f"D{key}", None, period=period, key=key)
    checked = town.check()
    assert [f["master_id"] for f in checked.of(RULE)] == ["E2"]


def test_what_counts_as_active(town):
    taxpayer(town, 1, USCC, uscc=USCC)  # no insurance, an award
    award(town, "X1", OTHER, " " + USCC.lower())
    award(town, "X2", USCC)
    taxpayer(town, 2)
    insuring(town, 2, 0)  # nobody insured, no award
    taxpayer(town, 3)
    checked = town.check()
    assert checked.counts(RULE) == (1, 3, 0)
    [found] = checked.of(RULE)
    assert [e["record_id"] for e in found["evidence"]] == ["T1", "X1", "X2"]
    assert town.told(RULE)["E1"] | {"reason": "never_filed", "projects": 2, "heads": 0} == town.told(RULE)["E1"]


def test_who_is_no_subject_and_who_is_too_new(town):
    taxpayer(town, 1, status="3")
    insuring(town, 1)
    taxpayer(town, 2, registered_on=date(2026, 1, 1))
    insuring(town, 2)
    taxpayer(town, 3, registered_on=date(2025, 12, 31))
    insuring(town, 3)
    checked = town.check()
    assert checked.counts(RULE) == (1, 2, 0)
    assert [f["master_id"] for f in checked.of(RULE)] == ["E3"]


def test_an_enterprise_that_moved_files_under_its_other_registration(town):
    taxpayer(town, 1, status="3")
    taxpayer(town, 2, master="E1")
    insuring(town, 1)
    declare(town, "D2", date(2026, 3, 1), key=2)
    assert town.check().counts(RULE) == (0, 2, 0)


def test_a_filing_under_an_id_that_two_hold_is_not_comparable(town):
    taxpayer(town, 1, USCC)
    insuring(town, 1)
    taxpayer(town, 2, USCC)  # neither insures nor builds
    declare(town, "D1", date(2026, 3, 1), USCC)
    taxpayer(town, 3, master="")
    checked = town.check()
    assert checked.counts(RULE) == (0, 2, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"number_shared": 1, "unlinked": 1}


def test_an_old_filing_under_a_shared_id_excuses_nobody(town):
    taxpayer(town, 1, USCC)
    insuring(town, 1)
    taxpayer(town, 2, USCC)
    declare(town, "D1", date(2025, 3, 1), USCC)
    assert [f["master_id"] for f in town.check().of(RULE, "hit")] == ["E1"]


def test_without_projects_the_rule_does_not_run(town):
    del town.rows["development_reform.project"]
    checked = town.check()
    assert not checked.rule(RULE)["ran"]
    assert checked.of(RULE) == []
