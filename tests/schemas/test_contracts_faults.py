"""What the reader says of a contract file that cannot be used: file, path, and what was expected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.errors import BadSpecification
from schemas.odcs import parse_contract, read_contract
from schemas.odcs.reader import CONTRACTS

WAGE = CONTRACTS / "sources" / "tax.wage.yaml"

Edit = Callable[[dict[str, Any]], object]


def column(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in document["schema"][0]["properties"] if item["name"] == name)


def set_extra(holder: dict[str, Any], name: str, value: object) -> None:
    kept = [item for item in holder["customProperties"] if item["property"] != name]
    holder["customProperties"] = [*kept, {"property": name, "value": value}]


def rule(document: dict[str, Any], name: str) -> dict[str, Any]:
    return column(document, name)["quality"][0]


FAULTS: dict[str, tuple[Edit, str]] = {
    "version of the standard": (lambda d: d.update(apiVersion="v2.2.2"), "apiVersion"),
    "unknown top property": (lambda d: d.update(colour="red"), "colour"),
    "no owner": (lambda d: d.pop("team"), "team"),
    "no purpose": (lambda d: d.pop("description"), "description"),
    "no table": (lambda d: d.update(schema=[]), "schema"),
    "two tables": (lambda d: d["schema"].append(d["schema"][0]), "schema"),
    "no columns": (lambda d: d["schema"][0].update(properties=[]), "properties"),
    "column twice": (lambda d: d["schema"][0]["properties"].append(column(d, "wages")), "properties[wages]"),
    "column name": (lambda d: column(d, "wages").update(name="Wages; drop"), "name"),
    "no Chinese name": (lambda d: column(d, "wages").pop("businessName"), "properties[wages].businessName"),
    "no English name": (lambda d: column(d, "wages").update(customProperties=[]), "properties[wages].nameEn"),
    "type": (lambda d: column(d, "wages").update(physicalType="float"), "properties[wages]"),
    "personal data": (lambda d: column(d, "wages").update(classification="secret"), "properties[wages].classification"),
    "unknown extra": (lambda d: set_extra(column(d, "wages"), "lenjent", True), "properties[wages].customProperties"),
    "identifier": (lambda d: set_extra(column(d, "wages"), "identifier", "passport"), "properties[wages].identifier"),
    "lenient": (lambda d: set_extra(column(d, "wages"), "lenient", "yes"), "properties[wages].lenient"),
    "presence": (lambda d: set_extra(column(d, "wages"), "presence", "often"), "properties[wages].presence"),
    "option": (
        lambda d: column(d, "wages").update(logicalTypeOptions={"pattern": "[0-9]"}),
        "properties[wages].logicalTypeOptions",
    ),
    "format": (
        lambda d: column(d, "tax_year").update(logicalTypeOptions={"format": "yy"}),
        "properties[tax_year]",
    ),
    "reference": (
        lambda d: column(d, "person_record_id").update(relationships=[{"to": "somewhere"}]),
        "properties[person_record_id].relationships",
    ),
    "key gap": (lambda d: column(d, "record_id").update(primaryKeyPosition=2), "schema[tax.wage]"),
    "no key": (lambda d: column(d, "record_id").update(primaryKey=False), "schema[tax.wage]"),
    "cursor": (lambda d: set_extra(d, "cursor", "nowhere"), "cursor"),
    "mode": (lambda d: set_extra(d, "mode", "stream"), "mode"),
    "sharing": (lambda d: set_extra(d, "sharingClass", "maybe"), "sharingClass"),
    "cycle": (lambda d: set_extra(d, "updateCycle", "sometimes"), "updateCycle"),
    "unknown floor": (lambda d: set_extra(d, "floors", {"minrows": 1}), "floors"),
    "floor ratio": (lambda d: set_extra(d, "floors", {"minRatio": 80}), "floors.minRatio"),
    "floor column": (lambda d: set_extra(d, "floors", {"maxNullShare": {"age": 0.1}}), "floors.maxNullShare"),
    "freshness": (lambda d: d["slaProperties"][0].update(unit="h"), "slaProperties[freshness]"),
    "rule severity": (lambda d: rule(d, "months").update(severity="urgent"), "quality[months_in_year].severity"),
    "rule engine": (lambda d: rule(d, "months").update(engine="soda"), "quality[months_in_year]"),
    "rule expectation": (
        lambda d: rule(d, "months").update(implementation={"type": "drop", "kwargs": {}}),
        "quality[months_in_year].implementation",
    ),
    "metric": (
        lambda d: column(d, "wages").update(quality=[metric("rowCount", mustBeGreaterOrEqualTo=1)]),
        "quality[known].metric",
    ),
    "metric without bound": (
        lambda d: column(d, "wages").update(quality=[metric("nullValues")]),
        "properties[wages].quality[known]",
    ),
    "metric without unit": (
        lambda d: column(d, "wages").update(quality=[metric("nullValues", mustBeLessOrEqualTo=5)]),
        "properties[wages].quality[known]",
    ),
}


def metric(name: str, **bounds: object) -> dict[str, Any]:
    texts = {"description": "Known", "customProperties": [{"property": "descriptionZh", "value": "已知"}]}
    return {"name": "known", "metric": name, "severity": "low", **texts, **bounds}


def edited(edit: Edit) -> str:
    document = yaml.safe_load(WAGE.read_text(encoding="utf-8"))
    edit(document)
    return yaml.safe_dump(document, allow_unicode=True)


@pytest.mark.parametrize(("edit", "path"), FAULTS.values(), ids=FAULTS)
def test_faults_name_file_and_path(edit: Edit, path: str) -> None:
    with pytest.raises(BadSpecification) as caught:
        parse_contract(edited(edit), file="tax.wage.yaml")

    assert caught.value.where.startswith("tax.wage.yaml: ")
    assert caught.value.where.endswith(path)
    assert caught.value.expected
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "", "just text"])
def test_text_that_is_no_document(text: str) -> None:
    with pytest.raises(BadSpecification, match=r"^odd\.yaml"):
        parse_contract(text, file="odd.yaml")


def test_the_file_is_named_as_its_contract(tmp_path: Path) -> None:
    path = tmp_path / "tax.salary.yaml"
    path.write_text(WAGE.read_text(encoding="utf-8"), encoding="utf-8")

    with pytest.raises(BadSpecification, match=r"tax\.salary\.yaml: name: .*'tax\.wage'"):
        read_contract(path)


def test_an_unchanged_file_has_no_fault() -> None:
    assert parse_contract(edited(lambda document: document), file=WAGE.name) == read_contract(WAGE)


@pytest.mark.parametrize(
    ("stated", "expectation", "arguments"),
    [
        (metric("nullValues", mustBe=0), "expect_column_values_to_not_be_null", {}),
        (
            metric("nullValues", mustBeLessOrEqualTo=5, unit="percent"),
            "expect_column_values_to_not_be_null",
            {"mostly": 0.95},
        ),
        (metric("duplicateValues", mustBe=0), "expect_column_values_to_be_unique", {}),
        (
            metric("invalidValues", mustBe=0, arguments={"pattern": "^a$"}),
            "expect_column_values_to_match_regex",
            {"regex": "^a$"},
        ),
        (
            metric("invalidValues", mustBe=0, arguments={"validValues": ["a", "b"]}),
            "expect_column_values_to_be_in_set",
            {"value_set": ["a", "b"]},
        ),
    ],
)
def test_metrics_of_the_standard(stated: dict[str, Any], expectation: str, arguments: dict[str, object]) -> None:
    text = edited(lambda document: column(document, "wages").update(quality=[stated]))

    (rule,) = [item for item in parse_contract(text, file="tax.wage.yaml").rules if item.column == "wages"]

    assert (rule.expectation, dict(rule.arguments)) == (expectation, arguments)


@pytest.mark.parametrize(
    ("bound", "arguments"),
    [
        ({"mustBeGreaterOrEqualTo": 10}, {"min_value": 10}),
        ({"mustBeBetween": [10, 20]}, {"min_value": 10, "max_value": 20}),
    ],
)
def test_row_count_of_the_standard(bound: dict[str, Any], arguments: dict[str, object]) -> None:
    text = edited(lambda document: document["schema"][0].update(quality=[metric("rowCount", **bound)]))

    (rule,) = [item for item in parse_contract(text, file="tax.wage.yaml").rules if item.column is None]

    assert (rule.expectation, dict(rule.arguments)) == ("expect_table_row_count_to_be_between", arguments)
