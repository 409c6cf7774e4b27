"""What a declaration must say, and what is refused when it is read."""

from decimal import Decimal
from importlib import resources

import pytest
import yaml

from mismatches.declarations import parse_rule, placeholders, shipped_rules
from mismatches.engine import RuleRun
from mismatches.evidence import evidence_columns
from mismatches.rule import DatedValue, Floor, Parameter
from storage.errors import BadSpecification
from tests.mismatches.conftest import ENGINE_RULES

CATALOGUE = {
    "unregistered_taxpayer", "ended_enterprise_declaring", "cancelled_taxpayer_insuring", "abnormal_taxpayer_active",
    "deceased_legal_representative", "hub_person", "hub_address", "address_mismatch", "industry_mismatch",
    "underdeclared_contribution_base", "overdeclared_contribution_base", "headcount_gap", "fund_base_cap",
    "deceased_payee", "many_payers", "land_grant_without_deed_tax", "land_area_underdeclared", "project_tax_gap",
    "underpriced_equity_transfer", "equity_transfer_without_iit", "stamp_duty_missing", "vat_cit_revenue_gap",
    "threshold_clustering", "split_to_stay_small", "zero_filer_active", "key_taxpayer_drop",
}  # fmt: skip
# the rules for which the catalogue names a law
LAWFUL = {"land_grant_without_deed_tax": "契税法", "underpriced_equity_transfer": "2014年第67号"}
FOLDER = resources.files("mismatches") / "rules"


def texts(name="underdeclared_contribution_base"):
    declaration = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return declaration, (FOLDER / f"{name}.sql").read_text("utf-8")


def parse(declaration, query):
    return parse_rule(yaml.safe_dump(declaration, allow_unicode=True), query, file="a.yaml")


def test_the_shipped_rules():
    ids = [rule.id for rule in shipped_rules()]
    assert ids == sorted(set(ids))
    assert set(ids) <= CATALOGUE
    assert set(ENGINE_RULES) <= set(ids)


def test_a_rule_that_mixes_units_of_time_without_an_allocation_is_refused():
    declaration, query = texts()
    assert parse(declaration, query).time.allocation is not None
    del declaration["time"]["allocation"]
    with pytest.raises(BadSpecification, match=r"mixes units of time.*allocation"):
        parse(declaration, query)


def test_one_unit_of_time_needs_no_allocation():
    declaration, query = texts("unregistered_taxpayer")
    assert "allocation" not in declaration["time"]
    assert parse(declaration, query).time.allocation is None


@pytest.mark.parametrize(
    "field", ["title", "grain", "severities", "reasons", "false_positives", "evidence", "time", "needs"]
)
def test_a_missing_part_is_refused(field):
    declaration, query = texts()
    del declaration[field]
    with pytest.raises(BadSpecification, match=field):
        parse(declaration, query)


def test_an_unknown_part_and_text_that_is_no_mapping_are_refused():
    declaration, query = texts()
    with pytest.raises(BadSpecification, match="colour"):
        parse(declaration | {"colour": "red"}, query)
    with pytest.raises(BadSpecification, match="YAML"):
        parse_rule("a: [", query, file="a.yaml")


def test_bound_names_and_parameters_must_be_the_same():
    declaration, query = texts()
    with pytest.raises(BadSpecification, match="differ in: surprise"):
        parse(declaration, query + " -- $comment\n where $surprise")
    del declaration["parameters"]["city_mean_wage"]
    with pytest.raises(BadSpecification, match="city_mean_wage"):
        parse(declaration, query)


def test_the_legal_basis_is_to_be_confirmed_unless_stated():
    for rule in shipped_rules():
        assert (LAWFUL[rule.id] in rule.legal_basis.zh) if rule.id in LAWFUL else (rule.legal_basis.zh == "待核定")


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.id)
def test_what_a_rule_names_exists(rule):
    steps = [FOLDER.parent / "steps" / f"{step}.sql" for step in rule.steps]
    queries = rule.query + "".join(step.read_text("utf-8") for step in steps if step.is_file())
    for name in rule.reasons:
        assert f"'{name}'" in queries
    for text in [rule.formula, *rule.reasons.values(), *([rule.estimate] if rule.estimate else [])]:
        assert placeholders(text.zh) == placeholders(text.en)
        for figure in placeholders(text.zh) - {"as_of", "year"} - {p.name for p in rule.parameters}:
            assert f"{figure}:" in rule.query
    assert evidence_columns(RuleRun(rule))
    assert set(rule.evidence) <= set(rule.needs.datasets)


def test_the_nearest_city_then_the_latest_year_wins():
    values = (
        DatedValue("*", 2020, None, 1),
        DatedValue("*", 2024, None, 2),
        DatedValue("37", 2020, 2024, 3),
        DatedValue("3702", 2022, 2022, 4),
    )
    parameter = Parameter("p", None, None, values)
    assert [parameter.value("3702", year) for year in (2019, 2020, 2022, 2025)] == [None, 3, 4, 2]
    assert parameter.value("1101", 2022) == 1


def test_a_rule_may_run_in_shadow_and_have_a_floor():
    declaration, query = texts()
    plain = parse(declaration, query)
    assert (plain.shadow, plain.floor.precision) == (False, 0)
    told = parse({**declaration, "mode": "shadow", "floor": {"precision": 0.3, "cases": 20}}, query)
    assert (told.shadow, told.floor) == (True, Floor(Decimal("0.3"), 20))
    for floor in ({"precision": 1.1, "cases": 20}, {"precision": 0.3, "cases": 0}, {"precision": 0.3}):
        with pytest.raises(BadSpecification):
            parse({**declaration, "floor": floor}, query)
