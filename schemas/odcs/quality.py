"""Quality rules of an ODCS file as expectations.

Reads the standard's own metrics (`nullValues`, `duplicateValues`, `invalidValues`, `rowCount`) and rules written for
the engine great-expectations. A rule that bounds nothing, or whose bound this reader does not know, is refused.
"""

import re
from collections.abc import Iterable, Mapping
from typing import get_args

from open_data_contract_standard.model import DataQuality

from schemas.contract import QualityRule, Severity
from schemas.odcs.place import Place, extras, text

KNOWN = frozenset({"descriptionZh"})

SEVERITIES: tuple[Severity, ...] = get_args(Severity)

Expectation = tuple[str, Mapping[str, object]]


def read_rules(items: Iterable[DataQuality] | None, column: str | None, place: Place) -> tuple[QualityRule, ...]:
    """The rules stated at a column, or at the dataset where `column` is null."""
    return tuple(_rule(item, column, place.at(f"quality[{item.name}]")) for item in items or ())


def _rule(item: DataQuality, column: str | None, place: Place) -> QualityRule:
    own = extras(item.customProperties, place, KNOWN)
    severity = next((known for known in SEVERITIES if known == item.severity), None)
    if severity is None:
        raise place.at("severity").fault(f"{item.severity!r} is not known", expected=", ".join(SEVERITIES))
    expectation, arguments = _custom(item, place) if item.type == "custom" else _metric(item, column, place)
    return QualityRule(
        name=text(item.name, place.at("name")),
        column=column,
        expectation=expectation,
        arguments=arguments,
        severity=severity,
        description=text(item.description, place.at("description")),
        description_zh=text(own.get("descriptionZh"), place.at("descriptionZh")),
    )


def _custom(item: DataQuality, place: Place) -> Expectation:
    stated = item.implementation
    if item.engine != "great-expectations" or not isinstance(stated, dict):
        raise place.fault(f"engine {item.engine!r} is not read", expected="great-expectations with type and kwargs")
    kind, arguments = stated.get("type"), stated.get("kwargs")
    if not re.fullmatch(r"expect_[a-z_]+", str(kind)) or not isinstance(arguments, dict) or len(stated) > 2:
        raise place.at("implementation").fault("this is not an expectation", expected="type: expect_…, kwargs: {…}")
    return str(kind), arguments


def _metric(item: DataQuality, column: str | None, place: Place) -> Expectation:
    match item.metric, column is not None:
        case "nullValues", True:
            return "expect_column_values_to_not_be_null", _mostly(item, place)
        case "duplicateValues", True:
            _mostly_all(item, place)
            return "expect_column_values_to_be_unique", {}
        case "invalidValues", True:
            return _invalid_values(item, place)
        case "rowCount", False:
            return "expect_table_row_count_to_be_between", _between(item, place)
    expected = "nullValues, duplicateValues or invalidValues at a column, rowCount at a dataset"
    raise place.at("metric").fault(f"{item.metric!r} is not read here", expected=expected)


def _invalid_values(item: DataQuality, place: Place) -> Expectation:
    arguments = item.arguments or {}
    match arguments:
        case {"validValues": list(values)} if len(arguments) == 1:
            return "expect_column_values_to_be_in_set", {"value_set": values, **_mostly(item, place)}
        case {"pattern": str(pattern)} if len(arguments) == 1:
            return "expect_column_values_to_match_regex", {"regex": pattern, **_mostly(item, place)}
    raise place.at("arguments").fault("these arguments are not read", expected="validValues or pattern")


def _mostly(item: DataQuality, place: Place) -> dict[str, object]:
    """The least share of good rows: `mustBe: 0`, or `mustBeLessOrEqualTo` with `unit: percent`."""
    if item.mustBeLessOrEqualTo is None:
        _mostly_all(item, place)
        return {}
    limit = item.mustBeLessOrEqualTo
    if item.unit != "percent" or not 0 <= limit <= 100:
        raise place.fault(f"limit {limit} has no share", expected="unit: percent and a limit from 0 to 100")
    return {"mostly": round(1 - limit / 100, 6)}


def _mostly_all(item: DataQuality, place: Place) -> None:
    if item.mustBe != 0 or isinstance(item.mustBe, bool):
        raise place.fault("no bound is given", expected="mustBe: 0, or mustBeLessOrEqualTo with unit: percent")


def _between(item: DataQuality, place: Place) -> dict[str, object]:
    if item.mustBeBetween is not None:
        return {"min_value": item.mustBeBetween[0], "max_value": item.mustBeBetween[1]}
    if item.mustBeGreaterOrEqualTo is not None:
        return {"min_value": item.mustBeGreaterOrEqualTo}
    raise place.fault("no bound is given", expected="mustBeGreaterOrEqualTo or mustBeBetween")
