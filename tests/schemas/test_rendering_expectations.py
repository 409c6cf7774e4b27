"""Suites rendered from contracts, as plain values."""

import json
import re
import sys
from subprocess import run
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.code_tables import code_table
from schemas.contract import Contract, ValueType, product_contracts, source_contract, source_contracts
from schemas.rendering.expectations import prefix_tree, suite

EVERY = [*source_contracts().values(), *product_contracts().values()]


def stated(contract: Contract) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {(item["meta"]["rule"], item["meta"]["column"]): item for item in suite(contract)["expectations"]}


@pytest.mark.parametrize("contract", EVERY, ids=lambda contract: contract.name)
def test_every_statement_of_a_contract_becomes_one_expectation(contract: Contract) -> None:
    expectations = suite(contract)["expectations"]
    found = stated(contract)

    assert len(found) == len(expectations), "a rule is named twice"
    assert ("columns_present", None) in found
    assert ("rows", None) in found
    assert ("fresh", contract.cursor) in found or contract.freshness_days is None
    for column in contract.columns:
        assert ((f"{column.name}_not_null", column.name) in found) == (not column.nullable)
        assert ((f"{column.name}_code_known", column.name) in found) == (column.codes is not None)
        has_form = column.identifier is not None or column.type is ValueType.MONTH
        assert ((f"{column.name}_form", column.name) in found) == has_form
    for rule in contract.rules:
        kwargs = found[(rule.name, rule.column)]["kwargs"]
        assert {**kwargs, **rule.arguments} == kwargs


@pytest.mark.parametrize("contract", EVERY, ids=lambda contract: contract.name)
def test_suites_are_plain_values_with_severity_and_both_titles(contract: Contract) -> None:
    rendered = suite(contract)

    assert json.loads(json.dumps(rendered)) == rendered
    severities = {"high": "critical", "medium": "warning", "low": "info"}
    for expectation in rendered["expectations"]:
        assert expectation["severity"] == severities[expectation["meta"]["severity"]]
        assert expectation["meta"]["title_zh"]
        assert expectation["meta"]["title_en"].isascii()


def test_keys_are_unique() -> None:
    assert stated(source_contract("tax.wage"))[("key_unique", "record_id")]["severity"] == "critical"
    crosswalk = stated(product_contracts()["person_crosswalk"])[("key_unique", None)]
    assert crosswalk["kwargs"] == {"column_list": ["source", "dataset", "record_id"]}


def test_freshness_refers_to_a_parameter_and_to_no_clock() -> None:
    fresh = stated(source_contract("tax.declaration"))[("fresh", "declared_on")]

    assert fresh["kwargs"] == {"column": "declared_on", "min_value": {"$PARAMETER": "freshest_allowed"}}
    assert suite(source_contract("tax.wage")) == suite(source_contract("tax.wage"))


@pytest.mark.parametrize(
    ("dataset", "column", "good", "bad"),
    [
        ("police.resident", "division_code", ["370202", "370202001", "370203001002"], ["3702", "3702020", "999999"]),
        ("commerce.enterprise", "industry_code", ["01", "A01", "0111", "6540"], ["00", "Z01", "01111", "農業"]),
    ],
)
def test_codes_that_a_table_begins(dataset: str, column: str, good: list[str], bad: list[str]) -> None:
    regex = stated(source_contract(dataset))[(f"{column}_code_known", column)]["kwargs"]["regex"]

    assert [code for code in good if not re.search(regex, code)] == []
    assert [code for code in bad if re.search(regex, code)] == []


def test_closed_tables_become_value_sets() -> None:
    known = stated(source_contract("police.resident"))[("sex_code_known", "sex")]["kwargs"]["value_set"]

    assert known == list(code_table("sex").codes)


@pytest.mark.parametrize(
    ("dataset", "column", "good", "bad"),
    [
        ("police.resident", "id_number", ["11010519491231002X"], ["11010519491231002x", "110105491231002", ""]),
        ("commerce.enterprise", "uscc", ["91350100M000100Y43"], ["91350100M000100I43", "91350100M000100Y4"]),
        ("quality_supervision.organization", "organization_code", ["D2143569X"], ["D2143569-X", "D214356"]),
        ("tax.taxpayer", "taxpayer_id", ["1" * 15, "1" * 17, "1" * 18, "1" * 20], ["1" * 16, "1" * 19, "1" * 21]),
        ("tax.declaration", "period", ["2025-01", "2025-12"], ["2025-13", "202501", "2025-1"]),
    ],
)
def test_forms(dataset: str, column: str, good: list[str], bad: list[str]) -> None:
    regex = stated(source_contract(dataset))[(f"{column}_form", column)]["kwargs"]["regex"]

    assert [text for text in good if not re.search(regex, text)] == []
    assert [text for text in bad if re.search(regex, text)] == []


codes = st.lists(st.text("0123.|", min_size=1, max_size=7), min_size=1, max_size=30)


@given(codes, codes)
def test_a_prefix_tree_matches_its_codes_and_nothing_else(known: list[str], others: list[str]) -> None:
    tree = re.compile(prefix_tree(known))

    for code in [*known, *others]:
        assert (tree.fullmatch(code) is not None) == (code in known), code


def test_great_expectations_is_not_imported_before_it_is_needed() -> None:
    program = "import sys, schemas.quality, schemas.rendering.expectations; print('great_expectations' in sys.modules)"

    assert run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
