"""Industries of the two registers: divisions, editions of the standard, mixed business, unknown codes."""

import pytest

from schemas.industries import former_divisions

RULE = "industry_mismatch"


def enterprise(city, key, commerce, tax):
    city.add("commerce.enterprise", {"record_id": f"C{key}", "name": "甲公司", "industry_code": commerce})
    city.add("tax.taxpayer", {"record_id": f"T{key}", "name": "甲公司", "industry_code": tax})
    city.link(f"E{key}", f"commerce.enterprise:C{key}", probability=0.97)
    city.link(f"E{key}", f"tax.taxpayer:T{key}", probability=0.93)


def test_divisions_that_differ_are_hit(city):
    enterprise(city, 1, "5211", "1311")
    [found] = city.check().of(RULE)
    assert (found["subject_kind"], found["master_id"], found["severity"]) == ("enterprise", "E1", "medium")
    assert [(e["source"], e["record_id"], e["role"]) for e in found["evidence"]] == [
        ("commerce", "C1", "subject"),
        ("tax", "T1", "support"),
    ]
    assert found["link_probability"] == pytest.approx(0.93)
    assert found["estimate_likely"] is None
    told = city.told(RULE)["E1"]
    assert (told["commerce_division"], told["tax_division"]) == ("52", "13")


def test_a_code_is_judged_by_its_division(city):
    for key, (commerce, tax) in enumerate(
        [("5211", "5299"), ("52", "5211"), ("F5211", "5211"), ("F52", "52"), (" f5211 ", "5210")], 1
    ):
        enterprise(city, key, commerce, tax)
    enterprise(city, 9, "5211", "5111")  # wholesale and retail are divisions of one section
    checked = city.check()
    assert checked.counts(RULE) == (1, 5, 0)
    assert [f["master_id"] for f in checked.of(RULE)] == ["E9"]


def test_what_no_edition_knows_is_not_comparable(city):
    enterprise(city, 1, "5211", "5211")
    enterprise(city, 2, None, "5211")
    enterprise(city, 3, "5211", "零售")
    enterprise(city, 4, "0011", "5211")
    checked = city.check()
    assert checked.counts(RULE) == (0, 1, 3)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_commerce_industry": 2, "no_tax_industry": 1}


def test_a_code_of_an_old_edition_is_told_and_weighs_less(city):
    former, present = sorted(former_divisions())[0]
    enterprise(city, 1, f"{present}10", f"{former}10")
    enterprise(city, 2, f"{former}10", f"{present}10")
    checked = city.check()
    assert checked.counts(RULE) == (2, 0, 0)
    assert {f["severity"] for f in checked.of(RULE)} == {"low"}
    assert {t["reason"] for t in city.told(RULE).values()} == {"old_edition"}


def test_mixed_business_agrees_where_the_registers_have_one_division_in_common(city):
    enterprise(city, 1, "5211", "1311")
    city.add("commerce.enterprise", {"record_id": "C1b", "name": "甲公司", "industry_code": "1399"})
    city.link("E1", "commerce.enterprise:C1b")
    assert city.check().counts(RULE) == (0, 1, 0)


def test_enterprises_of_one_register_alone_are_no_subjects(city):
    enterprise(city, 1, "5211", "5211")
    city.add("commerce.enterprise", {"record_id": "C2", "name": "乙公司", "industry_code": "5211"})
    city.link("E2", "commerce.enterprise:C2")
    assert city.check().counts(RULE) == (0, 1, 0)
