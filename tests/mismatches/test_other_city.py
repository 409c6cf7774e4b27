"""On a city drawn from the rule catalogue alone, unlike the simulated one: what the rules find is what was planted.

Records are linked by matching itself. Every rule of the catalogue is planted.
"""

from datetime import UTC, date, datetime

import pytest

from benchmarks.cities.facts.sending import write_city
from benchmarks.findings import judge
from connectors.direct import write_drop
from mismatches.declarations import shipped_rules
from mismatches.request import CrossCheckRequest
from mismatches.run import cross_check
from schemas.contract import source_contracts
from tests.sitong.homes import call

RULES = sorted(rule.id for rule in shipped_rules())
AS_OF = date(2026, 3, 31)
BAR = 0.98


@pytest.fixture(scope="module", params=[11, 12])
def judged(request, tmp_path_factory):
    """The counts of one city by rule, and by kind of case."""
    folder = tmp_path_factory.mktemp("city")
    drop, accepted = folder / "drop", folder / "accepted"
    write_city(drop, 24_000, seed=request.param)
    accepted.mkdir()
    write_drop(drop, set(source_contracts()), accepted, as_of=AS_OF)
    products = {}
    for kind in ("person", "enterprise"):
        outcome = call("match", f"{kind}s", "--drops", drop, "--out", folder / kind, "--only", "crosswalk")
        assert outcome.status == 0, outcome.said
        products[f"{kind}_crosswalk"] = folder / kind / "crosswalk.parquet"
    tables = {name: path for name in source_contracts() if (path := accepted / f"{name}.parquet").exists()}
    out = folder / "out"
    cross_check(CrossCheckRequest(tables, products, AS_OF, out, datetime.now(UTC)), reports=False)
    rules, kinds = judge(out / "findings.parquet", drop / "truth" / "findings_truth.parquet")
    return {one.rule: one for one in rules}, kinds


def test_every_rule_is_planted(judged):
    assert sorted(judged[0]) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_what_is_found_is_what_was_planted(judged, rule):
    count = judged[0][rule]
    assert count.planted >= 30
    assert count.precision >= BAR, [one for one in judged[1] if one.rule == rule]
    assert count.recall >= BAR, [one for one in judged[1] if one.rule == rule]


@pytest.mark.parametrize("rule", RULES)
def test_estimates_are_those_of_the_catalogue(judged, rule):
    assert judged[0][rule].agreed == judged[0][rule].estimated


def test_what_is_near_a_hit_is_planted_too(judged):
    """A rule whose cases are all hits could find everything and be right."""
    assert {one.rule for one in judged[1] if one.planted in {"clear", "mild"}} == set(RULES)
