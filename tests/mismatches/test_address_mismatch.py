"""Districts of the two registers: their history, codes against addresses, several sites."""

import pytest

RULE = "address_mismatch"


def licence(city, key, code, address=None, record=None):
    record = record or f"C{key}"
    city.add("commerce.enterprise", {"record_id": record, "name": "甲公司", "division_code": code, "address": address})
    city.link(f"E{key}", f"commerce.enterprise:{record}", probability=0.97)


def taxpayer(city, key, code, address=None, record=None):
    record = record or f"T{key}"
    city.add("tax.taxpayer", {"record_id": record, "name": "甲公司", "division_code": code, "address": address})
    city.link(f"E{key}", f"tax.taxpayer:{record}", probability=0.93)


@pytest.fixture
def town(city):
    """A city in which a code is known in each register."""
    licence(city, 0, "370202")
    taxpayer(city, 0, "370202")
    return city


def test_registers_that_differ_are_hit(town):
    licence(town, 1, "370202")
    taxpayer(town, 1, "370212")
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 0)
    [found] = checked.of(RULE)
    assert (found["subject_kind"], found["master_id"], found["severity"]) == ("enterprise", "E1", "low")
    assert found["period"] is None
    assert found["estimate_likely"] is None
    assert [(e["source"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("commerce", "C1", "subject"),
        ("tax", "T1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.93)
    assert town.told(RULE)["E1"]["commerce_district"] == "370202"


SAME = (
    ("370203", "370205"),  # 四方 joined 市北 in 2012
    ("370203", "370204"),  # 台东 joined 市北 in 1994
    ("370213", "370206"),  # 沧口 became 李沧
    ("370211", "370284"),  # 胶南 joined 黄岛
    ("370215", "370282"),  # 即墨 became a district in 2017
    ("370215", "370222"),  # and was a county before 1989
    ("370202", "370202001000"),  # a street of the district
)


def test_the_history_is_applied(town):
    for key, (now, then) in enumerate(SAME, 1):
        licence(town, key, now)
        taxpayer(town, key, then)
    licence(town, 20, "370202")
    taxpayer(town, 20, "370205")
    checked = town.check()
    assert [f["master_id"] for f in checked.of(RULE)] == ["E20"]
    assert checked.counts(RULE) == (1, 1 + len(SAME), 0)


def test_the_address_tells_where_the_code_does_not(town):
    licence(town, 1, None, "青岛市崂山区海尔路1号")
    taxpayer(town, 1, "370212")
    licence(town, 2, "999999", "青岛市崂山区海尔路1号")
    taxpayer(town, 2, "370202")
    licence(town, 3, "370211")
    taxpayer(town, 3, None, "胶南市人民路8号")  # the name of a city that is part of 黄岛 today
    checked = town.check()
    assert checked.counts(RULE) == (1, 3, 0)
    assert [f["master_id"] for f in checked.of(RULE)] == ["E2"]


def test_a_place_that_nothing_tells_is_not_comparable(town):
    licence(town, 1, None, "海尔路1号")
    taxpayer(town, 1, "370202")
    licence(town, 2, "370202")
    taxpayer(town, 2, None)
    checked = town.check()
    assert checked.counts(RULE) == (0, 1, 2)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_commerce_district": 1, "no_tax_district": 1}


def test_several_sites_agree_where_the_registers_have_one_in_common(town):
    licence(town, 1, "370202")
    licence(town, 1, "370212", record="C1b")
    taxpayer(town, 1, "370212")
    assert town.check().counts(RULE) == (0, 2, 0)


def test_enterprises_of_one_register_alone_are_no_subjects(town):
    licence(town, 1, "370202")
    taxpayer(town, 2, "370212")
    assert town.check().counts(RULE) == (0, 1, 0)
