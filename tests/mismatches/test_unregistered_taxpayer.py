"""Licensed but not registered: hits, misses, the thirtieth day, the named false positives."""

from datetime import date, timedelta

import pytest

RULE = "unregistered_taxpayer"
USCC = "91350100M000100Y43"


def licence(city, record="C1", master="E1", days=400, **values):
    row = {"record_id": record, "name": "甲公司", "status": "1", "established_on": city.as_of - timedelta(days)}
    city.add("commerce.enterprise", row | values)
    if master:
        city.link(master, f"commerce.enterprise:{record}", probability=None)


@pytest.fixture
def town(city):
    """A city whose tax register knows one other enterprise."""
    licence(city, "C0", "E0")
    city.add("tax.taxpayer", {"record_id": "T0", "name": "乙公司", "taxpayer_id": "370202196107200517"})
    city.link("E0", "tax.taxpayer:T0")
    return city


def test_an_active_enterprise_without_a_tax_record_is_hit(town):
    licence(town)
    [found] = town.check().of(RULE)
    assert found["outcome"] == "hit"
    assert (found["subject_kind"], found["master_id"], found["severity"]) == ("enterprise", "E1", "medium")
    assert found["evidence"] == [{"source": "commerce", "dataset": "enterprise", "record_id": "C1", "role": "subject"}]
    assert found["estimate_likely"] is None
    assert found["link_probability"] is None  # the record stands alone: no link was needed


def test_the_limit_itself_is_clear_and_the_day_after_is_not(town):
    licence(town, "C1", "E1", days=30)
    licence(town, "C2", "E2", days=31)
    licence(town, "C3", "E3", days=0)
    checked = town.check()
    assert [f["master_id"] for f in checked.of(RULE)] == ["E2"]
    assert checked.counts(RULE) == (1, 3, 0)
    assert checked.of(RULE)[0]["period"] == town.as_of.isoformat()[:7]


@pytest.mark.parametrize("status", ["2", "3", None])
def test_an_enterprise_that_is_not_active_is_no_subject(town, status):
    licence(town, status=status)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_a_tax_record_anywhere_in_the_cluster_clears(town):
    licence(town)
    town.add("tax.taxpayer", {"record_id": "T1", "name": "甲公司", "status": "3"})
    town.link("E1", "tax.taxpayer:T1", probability=0.7)
    assert town.check().of(RULE) == []


def test_two_licences_of_one_enterprise_are_one_finding_from_the_earlier_day(town):
    licence(town, "C1", "E1", days=10)
    licence(town, "C2", "E1", days=100)
    [found] = town.check().of(RULE)
    assert [e["record_id"] for e in found["evidence"]] == ["C1", "C2"]


def test_an_old_number_that_is_not_linked_is_not_comparable(town):
    licence(town, uscc=USCC)
    town.add("tax.taxpayer", {"record_id": "T1", "name": "甲", "taxpayer_id": "350100" + USCC[8:17]})
    town.link("E9", "tax.taxpayer:T1")
    [found] = town.check().of(RULE)
    assert found["outcome"] == "not_comparable"
    assert [e["record_id"] for e in found["evidence"] if e["role"] == "support"] == ["T1"]


def test_the_owners_own_tax_registration_without_a_licence_is_not_comparable(town):
    owner = "11010519491231002X"
    licence(town, legal_representative_id_number=owner)
    town.add("tax.taxpayer", {"record_id": "T1", "name": "王某", "taxpayer_id": owner + "01"})
    town.link("E9", "tax.taxpayer:T1")
    assert town.check().counts(RULE) == (0, 1, 1)


@pytest.mark.parametrize(
    ("owner", "number", "counts"),
    [
        (None, "370202196107200517", (0, 1, 1)),  # nobody knows whose number it is
        ("11010519491231002X", "370202196107200517", (1, 1, 0)),  # another person of that name
        (None, "91370202MA3C00001X", (1, 1, 0)),  # the code of another enterprise
    ],
)
def test_a_tax_record_under_its_owners_name_may_be_it(town, owner, number, counts):
    licence(town, legal_representative="王某", legal_representative_id_number=owner, uscc=USCC)
    town.add("tax.taxpayer", {"record_id": "T1", "name": "王某", "taxpayer_id": number})
    town.link("E9", "tax.taxpayer:T1")
    assert town.check().counts(RULE) == counts


@pytest.mark.parametrize(("code", "counts"), [(None, (0, 1, 1)), (USCC, (1, 1, 0))])
def test_a_tax_record_of_its_representative_may_be_it_where_the_licence_has_no_code(town, code, counts):
    owner = "11010519491231002X"
    licence(town, legal_representative_id_number=owner, uscc=code)
    town.add(
        "tax.taxpayer",
        {
            "record_id": "T1",
            "name": "丙公司",
            "taxpayer_id": "91370202MA3C00001X",
            "legal_representative_id_number": owner,
        },
    )
    town.link("E9", "tax.taxpayer:T1")
    assert town.check().counts(RULE) == counts


@pytest.mark.parametrize(("licensed", "counts"), [(False, (0, 1, 1)), (True, (1, 1, 0))])
def test_a_tax_record_of_its_name_that_belongs_to_no_licence_is_not_comparable(town, licensed, counts):
    licence(town, name="甲(青岛)公司")
    town.add("tax.taxpayer", {"record_id": "T1", "name": "甲（青岛）公司", "taxpayer_id": "1"})
    town.link("E0" if licensed else "E9", "tax.taxpayer:T1")
    checked = town.check()
    assert checked.counts(RULE) == counts
    if not licensed:
        assert checked.rule(RULE)["not_comparable_reasons"] == {"name_elsewhere": 1}


def test_a_licence_without_a_date_or_without_a_link_is_not_comparable(town):
    licence(town, established_on=None)
    licence(town, "C2", master=None)
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_date": 1, "unlinked": 1}
    assert {f["master_id"] for f in checked.of(RULE)} == {"E1", None}


def test_a_city_may_set_other_days(town):
    from mismatches.request import CheckSettings
    from mismatches.rule import DatedValue

    licence(town, days=45)
    town.settings = CheckSettings(
        parameters={"grace_days": (DatedValue("3702", 2020, None, 60), DatedValue("*", 2020, None, 10))}
    )
    assert town.check().counts(RULE) == (0, 2, 0)


def test_without_a_setting_for_the_year_the_rule_does_not_run(town):
    from mismatches.request import CheckSettings
    from mismatches.rule import DatedValue

    town.settings = CheckSettings(parameters={f"{RULE}.grace_days": (DatedValue("*", 2000, 2010, 30),)})
    checked = town.check()
    assert not checked.rule(RULE)["ran"]
    assert "grace_days" in checked.rule(RULE)["absent"][0]["en"]


def test_a_crosswalk_without_the_tax_register_does_not_accuse_everybody(city):
    licence(city)
    city.add("tax.taxpayer", {"record_id": "T0", "name": "乙公司", "taxpayer_id": "370202196107200517"})
    checked = city.check()
    assert checked.of(RULE) == []
    assert not checked.rule(RULE)["ran"]


def test_the_as_of_day_is_the_clock(town):
    licence(town, established_on=date(2026, 3, 1))
    assert town.check().counts(RULE) == (0, 2, 0)
    town.as_of = date(2026, 4, 1)
    assert town.check().counts(RULE) == (1, 1, 0)
