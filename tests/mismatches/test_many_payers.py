"""Many small payers: the third, the amount, what makes payers one party, ids that lead nowhere."""

import pytest

from tests.mismatches.payroll import tax_number, wage

RULE = "many_payers"
NUMBER = "11010519491231002X"


def payer(city, key, name=None, **values):
    row = {
        "record_id": f"T{key}",
        "name": name or f"青岛{'甲乙丙丁戊己庚辛'[key % 8]}{key}商贸有限公司",
        "taxpayer_id": tax_number(key),
    }
    city.add("tax.taxpayer", row | values)
    city.link(f"E{key}", f"tax.taxpayer:T{key}", probability=0.94)


def person(city, who=1):
    city.add("tax.natural_person", {"record_id": f"N{who}", "name": "张伟"})
    city.link(f"P{who}", f"tax.natural_person:N{who}", probability=0.95)


@pytest.fixture
def town(city):
    person(city)
    for key in (1, 2, 3):
        payer(city, key)
    return city


def test_three_payers_below_the_amount_are_one_finding_of_the_person(town):
    for at in (1, 2, 3):
        wage(town, 1, at, 40000)
    wage(town, 1, 2, 10000, record="Wb")
    [found] = town.check().of(RULE)
    assert (found["subject_kind"], found["master_id"], found["period"]) == ("person", "P1", "2025")
    assert (found["outcome"], found["severity"], found["estimate_likely"]) == ("hit", "medium", None)
    assert sorted((e["dataset"], e["record_id"], e["role"]) for e in found["evidence"]) == [
        ("natural_person", "N1", "support"),
        ("taxpayer", "T1", "support"),
        ("taxpayer", "T2", "support"),
        ("taxpayer", "T3", "support"),
        ("wage", "W1-1-2025", "subject"),
        ("wage", "W1-2-2025", "subject"),
        ("wage", "W1-3-2025", "subject"),
        ("wage", "Wb", "subject"),
    ]
    assert found["link_probability"] == pytest.approx(0.94)
    told = town.told(RULE)["P1"]
    assert (told["payers"], told["parties"], told["highest"], told["wages"]) == (3, 3, 50000.00, 130000.00)


@pytest.mark.parametrize(
    ("amounts", "hit"),
    [
        (("59999.99", "59999.99", "59999.99"), True),
        (("60000", "59999.99", "59999.99"), False),
        (("0.01", "0.01", "0.01"), True),
        (("0", "50000", "50000"), False),  # paid nothing
        (("50000", "50000"), False),
    ],
)
def test_the_amount_and_the_number(town, amounts, hit):
    for at, amount in enumerate(amounts, 1):
        wage(town, 1, at, amount)
    assert town.check().counts(RULE) == ((1, 0, 0) if hit else (0, 1, 0))


def test_one_payer_in_two_halves_is_above_the_amount(town):
    wage(town, 1, 1, 30000, 6, record="Wa")
    wage(town, 1, 1, 30000, 6, record="Wb")
    wage(town, 1, 2, 30000)
    wage(town, 1, 3, 30000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_years_are_not_added_up(town):
    wage(town, 1, 1, 30000)
    wage(town, 1, 2, 30000)
    wage(town, 1, 3, 30000, year=2024)
    assert town.check().counts(RULE) == (0, 1, 0)


def same_representative(city):
    for key in (2, 3):
        city.rows["tax.taxpayer"][key - 1]["legal_representative_id_number"] = NUMBER


def a_shareholder_who_represents_another(city):
    city.add(
        "commerce.enterprise",
        {"record_id": "C2", "name": "青岛乙2商贸有限公司", "legal_representative_id_number": NUMBER},
    )
    city.link("E2", "commerce.enterprise:C2")
    city.add("commerce.enterprise", {"record_id": "C3", "name": "青岛丙3商贸有限公司"})
    city.link("E3", "commerce.enterprise:C3")
    city.add("commerce.officer", {"record_id": "O1", "enterprise_record_id": "C3", "role": "2", "id_number": NUMBER})


def a_branch_and_its_head_office(city):
    city.rows["tax.taxpayer"][1]["name"] = "青岛海川科技有限公司"
    city.rows["tax.taxpayer"][2]["name"] = "青岛海川科技有限公司市南分公司"


def before_and_after_a_renaming(city):
    city.rows["tax.taxpayer"][1]["name"] = "青岛海川科技有限公司"
    city.add(
        "commerce.enterprise",
        {"record_id": "C3", "name": "青岛新名科技有限公司", "former_name": "青岛海川科技有限公司"},
    )
    city.link("E3", "commerce.enterprise:C3")


@pytest.mark.parametrize(
    "relate",
    [
        same_representative,
        a_shareholder_who_represents_another,
        a_branch_and_its_head_office,
        before_and_after_a_renaming,
    ],
)
def test_related_payers_are_one_party(town, relate):
    relate(town)
    for at in (1, 2, 3):
        wage(town, 1, at, 40000)
    assert town.check().counts(RULE) == (0, 1, 0)
    payer(town, 4)
    wage(town, 1, 4, 40000)
    assert town.check().counts(RULE) == (1, 0, 0)


def test_relations_carry_on_from_one_to_the_next(town):
    """The first and second share a representative, the second and third a name: all three are one party."""
    town.rows["tax.taxpayer"][0]["legal_representative_id_number"] = NUMBER
    town.rows["tax.taxpayer"][1]["legal_representative_id_number"] = NUMBER
    a_branch_and_its_head_office(town)
    payer(town, 4)
    for at in (1, 2, 3, 4):
        wage(town, 1, at, 40000)
    assert town.check().counts(RULE) == (0, 1, 0)


def test_what_cannot_be_told_is_not_comparable_only_where_it_decides(town):
    for who in (2, 3, 4):
        person(town, who)
    wage(town, 1, 1, 40000)
    wage(town, 1, 2, 40000)
    wage(town, 1, 77, 40000)  # an id that leads nowhere
    wage(town, 2, 1, 40000)
    wage(town, 2, 2, 40000)
    wage(town, 2, 3, None)
    wage(town, 3, 1, 40000)
    wage(town, 3, 77, 40000)  # two in any case
    for at in (1, 2, 3, 77):
        wage(town, 4, at, 40000)  # three in any case
    checked = town.check()
    assert checked.counts(RULE) == (1, 1, 2)
    assert [f["master_id"] for f in checked.of(RULE, "hit")] == ["P4"]
    assert checked.rule(RULE)["not_comparable_reasons"] == {"amount_missing": 1, "payer_unresolved": 1}


def test_settings_are_dated(town):
    for at in (1, 2, 3):
        wage(town, 1, at, 40000, year=2018)
    checked = town.check()
    assert not checked.rule(RULE)["ran"]
    assert checked.rule(RULE)["year"] == 2018
