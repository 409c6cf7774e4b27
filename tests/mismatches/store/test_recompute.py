"""A finding is judged again, to the cent, from what the database holds of it and nothing else."""

import re
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from inspect import getsource

import pytest

from mismatches.cases.access import Actor
from mismatches.cases.errors import UnknownFinding
from mismatches.cases.queries.recomputing import stored_finding
from mismatches.declarations import shipped_rules
from mismatches.store.recompute import recompute
from mismatches.store.recording import record
from storage.errors import BadSpecification
from tests.mismatches.conftest import City

RULES = {rule.id: rule for rule in shipped_rules()}
CHIEF = Actor("chief", "supervisor", None)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, new_engine):
    """One under-declared base of 12 months at 10,333.33 yuan against 5,000, beside a pair that is in order."""
    city = City(tmp_path_factory.mktemp("city"), only=("underdeclared_contribution_base",))
    engine = new_engine()
    for key, base in ((1, "5000"), (2, "12000")):
        number = f"91370202MA3C0000{key}X"
        city.add("social_security.employer", {"record_id": f"S{key}", "name": "单位"})
        city.add("tax.taxpayer", {"record_id": f"T{key}", "name": "单位", "taxpayer_id": number})
        city.link(f"E{key}", f"social_security.employer:S{key}", f"tax.taxpayer:T{key}")
        city.add("tax.natural_person", {"record_id": f"N{key}", "name": "张伟"})
        city.add(
            "social_security.insured",
            {"record_id": f"I{key}", "name": "张伟", "employer_no": f"S{key}", "contribution_base": Decimal(base),
             "status": "1"},
        )  # fmt: skip
        city.link(f"P{key}", f"tax.natural_person:N{key}", f"social_security.insured:I{key}")
        city.add(
            "tax.wage",
            {"record_id": f"W{key}", "taxpayer_id": number, "person_record_id": f"N{key}", "tax_year": 2025,
             "wages": Decimal("123999.96")},
        )  # fmt: skip
    checked = city.check(record=lambda *found: record(engine, *found))
    [finding] = checked.of("underdeclared_contribution_base", "hit")
    with engine.connect() as connection:
        with pytest.raises(UnknownFinding):
            stored_finding(connection, Actor("li", "auditor", frozenset({"370299"})), finding["finding_id"])
        return stored_finding(connection, CHIEF, finding["finding_id"])


def test_every_rule_has_tests_whose_findings_are_made_again_from_what_is_stored():
    """See the fixture `city` of `tests/mismatches`, which makes them again after each test of a rule."""
    for rule in RULES:
        module = import_module(f"tests.mismatches.test_{rule}")
        assert rule == module.RULE
        assert re.search(r"^def \w+\(.*\bcity\b", getsource(module), re.MULTILINE), rule


def test_the_same_cents_come_out_again(stored):
    again = recompute(stored, RULES[stored.rule])
    assert again.same
    assert again.again.estimate_low == ((Decimal("0.9") * Decimal("123999.96") - 60000) * Decimal("0.26")).quantize(
        Decimal("0.01")
    )


def test_another_value_or_setting_gives_another_amount(stored):
    altered = [
        {**cited, "values": {**cited["values"], "wages": "124000.06"}} if cited["dataset"] == "wage" else cited
        for cited in stored.evidence
    ]
    assert not recompute(replace(stored, evidence=altered), RULES[stored.rule]).same
    other = replace(stored, parameters={**stored.parameters, "contribution_rate": Decimal("0.24")})
    assert not recompute(other, RULES[stored.rule]).same


def test_without_its_records_it_is_not_made_again(stored):
    assert recompute(replace(stored, evidence=[]), RULES[stored.rule]).again is None


def test_another_version_of_the_rule_does_not_speak_for_the_one_that_found_it(stored):
    with pytest.raises(BadSpecification, match="version"):
        recompute(replace(stored, rule_version="0.9.0"), RULES[stored.rule])
