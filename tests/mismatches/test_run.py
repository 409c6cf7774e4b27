"""The stage as a whole: absence, identity, order, the layout of its files."""

import json
import random
import stat
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mismatches.declarations import shipped_rules
from mismatches.request import CheckSettings, InputState
from mismatches.run import FINDINGS_COLUMNS, cross_check
from schemas.bilingual import Bilingual
from schemas.contract import product_contract
from tests.mismatches.conftest import ENGINE_RULES

NUMBER = "11010519491231002X"
USCC = "91350100M000100Y43"


@pytest.fixture
def town(city):
    """One hit of each of four rules."""
    city.only = ENGINE_RULES
    city.add(
        "commerce.enterprise",
        {"record_id": "C1", "name": "甲公司", "status": "1", "established_on": date(2024, 5, 1),
         "legal_representative": "张伟", "legal_representative_id_number": NUMBER},
        {"record_id": "C2", "name": "乙公司", "status": "3", "ended_on": date(2025, 3, 1)},
    )  # fmt: skip
    city.add("tax.taxpayer", {"record_id": "T2", "name": "乙公司", "taxpayer_id": USCC})
    city.add("social_security.employer", {"record_id": "S2", "name": "乙公司"})
    city.add(
        "tax.declaration",
        {"record_id": "D1", "taxpayer_id": USCC, "period": "2025-08", "taxable_amount": Decimal(5)},
    )
    city.add(
        "police.resident",
        {"record_id": "R1", "name": "张伟", "id_number": NUMBER, "status": "2", "death_date": date(2025, 1, 1)},
    )
    city.add("tax.natural_person", {"record_id": "N1", "name": "李娜"})
    city.add(
        "tax.wage",
        {"record_id": "W1", "taxpayer_id": USCC, "person_record_id": "N1", "tax_year": 2025, "wages": Decimal(120000)},
    )
    city.add(
        "social_security.insured",
        {"record_id": "I1", "name": "李娜", "employer_no": "S2", "contribution_base": Decimal(5000), "status": "1"},
    )
    city.link("E1", "commerce.enterprise:C1", probability=None)
    city.link("E2", "commerce.enterprise:C2", "tax.taxpayer:T2", "social_security.employer:S2")
    city.link("P1", "police.resident:R1", probability=None)
    city.link("P2", "tax.natural_person:N1", "social_security.insured:I1")
    return city


def test_one_hit_of_each_rule(town):
    checked = town.check()
    assert [f["rule"] for f in checked.findings] == sorted(checked.manifest.facts["rules"])
    assert checked.manifest.rows == 4
    assert checked.manifest.facts["totals"]["hit"] == 4


def test_the_columns_are_those_of_the_contract(town):
    table = pq.read_table(town.check().out / "findings.parquet")
    assert tuple(table.column_names) == FINDINGS_COLUMNS == product_contract("findings").column_names
    record = pa.struct([(name, pa.string()) for name in ("source", "dataset", "record_id", "role")])
    kinds = {"evidence": pa.list_(record)} | dict.fromkeys(
        ("link_probability", "estimate_low", "estimate_likely", "estimate_high"), pa.float64()
    )
    for field in table.schema:
        expected = kinds.get(field.name, pa.string())
        assert field.type == expected or (field.name == "evidence" and field.type.value_type == record)


def test_nothing_at_all_runs_no_rule_and_still_reports(city):
    checked = city.check(reports=True)
    assert checked.findings == []
    assert not any(rule["ran"] for rule in checked.manifest.facts["rules"].values())
    assert all(rule["absent"] for rule in checked.manifest.facts["rules"].values())
    assert {path.name for path in checked.out.iterdir()} == {
        "findings.parquet", "findings.xlsx", "report.html", "report.pdf", "summary.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "silenced"),
    [
        ("tax.taxpayer", {"unregistered_taxpayer"}),
        ("tax.declaration", {"ended_enterprise_declaring"}),
        ("police.resident", {"deceased_legal_representative"}),
        ("tax.wage", {"underdeclared_contribution_base"}),
        ("social_security.insured", {"underdeclared_contribution_base"}),
        ("social_security.employer", set()),
        (
            "commerce.enterprise",
            {"unregistered_taxpayer", "ended_enterprise_declaring", "deceased_legal_representative"},
        ),
    ],
)
def test_a_rule_without_a_dataset_does_not_run_and_says_so(town, dataset, silenced):
    del town.rows[dataset]
    rules = town.check().manifest.facts["rules"]
    assert {name for name, rule in rules.items() if not rule["ran"]} == silenced
    for name in silenced:
        assert dataset in rules[name]["absent"][0]["en"]
        assert rules[name]["counts"] == {}


@pytest.mark.parametrize(
    ("dataset", "column", "silenced"),
    [
        ("commerce.enterprise", "ended_on", {"ended_enterprise_declaring"}),
        ("tax.declaration", "taxable_amount", {"ended_enterprise_declaring"}),
        ("commerce.enterprise", "legal_representative_id_number", {"deceased_legal_representative"}),
        ("police.resident", "death_date", {"deceased_legal_representative"}),
        ("police.resident", "status", set()),
        ("social_security.insured", "status", {"underdeclared_contribution_base"}),
        ("social_security.insured", "contribution_base", {"underdeclared_contribution_base"}),
        ("tax.wage", "months", set()),
        ("tax.wage", "wages", {"underdeclared_contribution_base"}),
    ],
)
def test_a_column_that_nobody_filled_is_absent(town, dataset, column, silenced):
    for row in town.rows[dataset]:
        row.pop(column, None)
    rules = town.check().manifest.facts["rules"]
    assert {name for name, rule in rules.items() if not rule["ran"]} == silenced


def test_a_column_that_came_empty_is_not_absent(town):
    for row in town.rows["commerce.enterprise"]:
        row.pop("ended_on", None)
    columns = frozenset({"record_id", "name", "status", "ended_on", "established_on", "legal_representative_id_number"})
    town.inputs = {"commerce.enterprise": InputState("v1", None, columns)}
    checked = town.check()
    assert checked.counts("ended_enterprise_declaring") == (0, 0, 1)
    town.inputs = {"commerce.enterprise": InputState("v1", None, columns - {"ended_on"})}
    assert not town.check().rule("ended_enterprise_declaring")["ran"]


def test_an_empty_table_is_not_an_absent_one(town):
    town.rows["tax.declaration"] = []
    assert town.check().counts("ended_enterprise_declaring") == (0, 1, 0)


def test_without_a_crosswalk_nothing_runs(town):
    request = town.request()
    products = {"enterprise_crosswalk": request.products["enterprise_crosswalk"]}
    manifest = cross_check(
        type(request)(request.tables, products, request.as_of, request.out, request.made_at),
        [rule for rule in shipped_rules() if rule.id in ENGINE_RULES],
        reports=False,
    )
    rules = manifest.facts["rules"]
    assert {name for name, rule in rules.items() if not rule["ran"]} == {
        "deceased_legal_representative", "underdeclared_contribution_base",
    }  # fmt: skip


def test_the_order_of_rows_changes_nothing(town):
    first = town.check()
    draw = random.Random(3)  # noqa: S311 - test data, not a secret
    for rows in [*town.rows.values(), *town.links.values()]:
        draw.shuffle(rows)
    second = town.check()
    assert first.findings == second.findings
    assert (first.out / "summary.json").read_text("utf-8") == (second.out / "summary.json").read_text("utf-8")


def test_identity_outlives_the_day_the_records_and_the_outcome(town):
    ids = {f["rule"]: f["finding_id"] for f in town.check().findings}
    assert len(set(ids.values())) == 4
    town.as_of = date(2026, 5, 1)
    town.add(
        "tax.declaration", {"record_id": "D0", "taxpayer_id": USCC, "period": "2025-05", "taxable_amount": Decimal(1)}
    )
    town.rows["police.resident"][0] |= {"death_date": None}
    town.inputs = {"police.resident": InputState("v2", None, frozenset({"id_number", "death_date", "status", "name"}))}
    later = {f["rule"]: f for f in town.check().findings}
    assert {rule: f["finding_id"] for rule, f in later.items()} == ids
    assert later["deceased_legal_representative"]["outcome"] == "not_comparable"
    assert later["ended_enterprise_declaring"]["period"] == "2025-05"


def test_files_are_private_and_the_summary_is_the_manifests(town):
    checked = town.check(reports=True)
    for path in checked.out.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads((checked.out / "summary.json").read_text("utf-8")) == json.loads(
        json.dumps(checked.manifest.facts)
    )
    assert (checked.manifest.kind, checked.manifest.version) == ("report", "2026-03-31")
    assert NUMBER not in json.dumps(checked.manifest.facts)


def test_counts_add_up_to_the_subjects(town):
    for rule in town.check().manifest.facts["rules"].values():
        assert sum(rule["not_comparable_reasons"].values()) == rule["counts"]["not_comparable"]
        assert sum(rule["hits_by_severity"].values()) == rule["counts"]["hit"]


def test_a_suspended_rule_does_not_run_and_says_why(city):
    city.settings = CheckSettings(suspended={"unregistered_taxpayer": Bilingual("规则已暂停", "the rule is suspended")})
    checked = city.check(reports=True)
    told = checked.rule("unregistered_taxpayer")
    assert (told["ran"], told["suspended"]) == (False, True)
    assert told["absent"] == [{"zh": "规则已暂停", "en": "the rule is suspended"}]
    assert "规则已暂停" in (checked.out / "report.html").read_text("utf-8")
