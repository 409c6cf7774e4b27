"""A contract as a Great Expectations suite, in plain dicts: nothing here imports Great Expectations.

What columns state (key, nulls, codes, identifiers, months), freshness and row count become expectations, and the
contract's own rules follow. Every expectation carries the contract's rule in `meta`: name, column, severity and both
titles. The suite knows no clock: freshness refers to the parameter `freshest_allowed`, a date.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.casting.months import MONTH_FORM
from schemas.code_tables import code_table
from schemas.contract import Column, Contract, Identifier, QualityRule, Severity, ValueType

FRESHEST_ALLOWED: Final = "freshest_allowed"

GX_SEVERITIES: Final[Mapping[Severity, str]] = MappingProxyType(
    {"high": "critical", "medium": "warning", "low": "info"},
)

KNOWN_CODES: Final = 0.99
"""Least share of known codes: an unknown one is kept and flagged, so a few are no reason to stop."""

_USCC = "[0-9A-HJ-NPQRTUWXY]"
IDENTIFIER_FORMS: Final[Mapping[Identifier, str]] = MappingProxyType(
    {
        Identifier.CITIZEN_ID: r"^[0-9]{17}[0-9X]$",
        Identifier.PERSON_DOCUMENT: r"^\S+$",
        Identifier.USCC: rf"^{_USCC}{{18}}$",
        Identifier.ORGANIZATION_CODE: r"^[0-9A-Z]{8}[0-9X]$",
        Identifier.REGISTRATION_NUMBER: r"^\S+$",
        Identifier.TAXPAYER_ID: r"^[0-9A-Z]{15}([0-9A-Z]{2,3}|[0-9A-Z]{5})?$",
    }
)
"""What canonical forms look like; free-form documents and old registration numbers only hold no blanks."""

CODE_SHAPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"division": ("", "([0-9]{3}){0,2}"), "industry": ("[A-T]?", "[0-9]{0,2}")}
)
"""Tables that hold beginnings only: what may stand before them (a section) and after them (street, village; class)."""


def suite(contract: Contract) -> dict[str, Any]:
    """The suite of a contract, as `ExpectationSuite(**suite)` takes it."""
    rules = [*_of_table(contract), *_of_columns(contract.columns), *contract.rules]
    return {"name": contract.name, "expectations": [_expectation(rule) for rule in rules]}


def _expectation(rule: QualityRule) -> dict[str, object]:
    subject = {} if rule.column is None else {"column": rule.column}
    return {
        "type": rule.expectation,
        "kwargs": {**subject, **rule.arguments},
        "severity": GX_SEVERITIES[rule.severity],
        "meta": {
            "rule": rule.name,
            "column": rule.column,
            "severity": rule.severity,
            "title_zh": rule.description_zh,
            "title_en": rule.description,
        },
    }


def _of_table(contract: Contract) -> Iterator[QualityRule]:
    yield QualityRule(
        "columns_present",
        None,
        "expect_table_columns_to_match_set",
        {"column_set": list(contract.column_names), "exact_match": False},
        "high",
        "Every column of the contract is there",
        "契约的所有列都存在",
    )
    least = contract.floors.min_rows
    yield QualityRule(
        "rows",
        None,
        "expect_table_row_count_to_be_between",
        {"min_value": least},
        "high",
        f"At least {least} row(s)",
        f"不少于{least}行",
    )
    yield _unique(contract.key)
    if contract.cursor and contract.freshness_days:
        yield QualityRule(
            "fresh",
            contract.cursor,
            "expect_column_max_to_be_between",
            {"min_value": {"$PARAMETER": FRESHEST_ALLOWED}},
            "medium",
            f"The newest {contract.cursor} is at most {contract.freshness_days} days old",
            f"最新的{contract.column(contract.cursor).name_zh}距今不超过{contract.freshness_days}天",
        )


def _unique(key: tuple[str, ...]) -> QualityRule:
    names = ", ".join(key)
    texts = (f"No two rows share {names}", f"{names} 不重复")
    if len(key) == 1:
        return QualityRule("key_unique", key[0], "expect_column_values_to_be_unique", {}, "high", *texts)
    arguments = {"column_list": list(key)}
    return QualityRule("key_unique", None, "expect_compound_columns_to_be_unique", arguments, "high", *texts)


def _of_columns(columns: Iterable[Column]) -> Iterator[QualityRule]:
    for column in columns:
        if not column.nullable:
            yield _rule(column, "not_null", {}, "high", ("is never empty", "不为空"))
        if column.codes is not None:
            yield _known_codes(column, column.codes)
        if column.identifier is not None:
            form = {"regex": IDENTIFIER_FORMS[column.identifier]}
            yield _rule(column, "form", form, "high", ("is canonical where it is given", "如有，须为规范形式"))
        if column.type is ValueType.MONTH:
            yield _rule(column, "form", {"regex": MONTH_FORM}, "high", ("is a month YYYY-MM", "为年月 YYYY-MM"))


def _known_codes(column: Column, table: str) -> QualityRule:
    codes = code_table(table).codes
    texts = (f"is in the code table {table}", f"在代码表 {table} 中")
    if table not in CODE_SHAPES:
        return _rule(column, "code_known", {"value_set": list(codes), "mostly": KNOWN_CODES}, "low", texts)
    head, tail = CODE_SHAPES[table]
    form = {"regex": f"^{head}{prefix_tree(codes)}{tail}$", "mostly": KNOWN_CODES}
    return _rule(column, "code_known", form, "low", texts)


def prefix_tree(codes: Iterable[str]) -> str:
    """One regular expression for all the codes; those with the same first four characters share them.

    >>> prefix_tree(["370202", "370203", "371000"])
    '(3702(02|03)|3710(00))'
    """
    branches: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        branches.setdefault(re.escape(code[:4]), []).append(re.escape(code[4:]))
    stems = (stem + (f"({'|'.join(ends)})" if any(ends) else "") for stem, ends in branches.items())
    return f"({'|'.join(stems)})"


_EXPECTATIONS: Final = MappingProxyType(
    {
        "not_null": "expect_column_values_to_not_be_null",
        "form": "expect_column_values_to_match_regex",
        "value_set": "expect_column_values_to_be_in_set",
    }
)


def _rule(
    column: Column, kind: str, arguments: Mapping[str, object], severity: Severity, texts: tuple[str, str]
) -> QualityRule:
    expectation = "not_null" if not arguments else "form" if "regex" in arguments else "value_set"
    english, chinese = texts
    return QualityRule(
        f"{column.name}_{kind}",
        column.name,
        _EXPECTATIONS[expectation],
        arguments,
        severity,
        f"{column.name_en} {english}",
        f"{column.name_zh}{chinese}",
    )
