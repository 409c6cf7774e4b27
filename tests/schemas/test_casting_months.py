"""Casting of months and years: tables of spellings, and what is refused."""

# ruff: noqa: DTZ001 - what is tested is local time without a zone

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.casting import cast
from schemas.contract import ValueType


def one(value: object, value_type: ValueType = ValueType.MONTH) -> tuple[object, bool]:
    result = cast(value if isinstance(value, pa.Array) else pa.array([value]), value_type)
    return result.values[0].as_py(), bool(result.bad[0])


@pytest.mark.parametrize(
    "text",
    [
        "2025-03", "202503", "2025/03", "2025/3", "2025-3", "2025.03", "2025.3", "2025年3月", "2025年03月",
        "2025年03月份", "2025 年 3 月", "２０２５－０３", " 2025-03 ", "2025-03-31", "20250331", "2025/3/31",
        "2025年3月31日", "2025-03-31 23:59:59", "45731", 202503, 202503.0, Decimal("202503"), 20250331,
        date(2025, 3, 31), datetime(2025, 3, 31, 23, 59), datetime(2025, 3, 31, 15, 59, tzinfo=UTC),
    ],
)  # fmt: skip
def test_one_month_in_many_spellings(text: object) -> None:
    assert one(text) == ("2025-03", False)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "无", "NULL", "0", "000000", "0000-00", "00000000", "190001", "1900-01-01", "9999-12",
             "99991231", date(9999, 12, 31), float("nan")]
)  # fmt: skip
def test_spellings_of_no_month(text: object) -> None:
    assert one(text) == (None, False)


@pytest.mark.parametrize(
    "text", ["2025Q1", "2025年第一季度", "2025-01至2025-03", "2025", "2025-13", "2025-00", "202513", "25-03", "三月",
             "2025-02-30", "1700-01", "4000-01", "2025.1", "20253", 2025.1, "2025年"]
)  # fmt: skip
def test_texts_that_are_no_month(text: object) -> None:
    assert one(text) == (None, True)


@given(st.dates(date(1901, 1, 1), date(2999, 12, 31)))
def test_every_month_is_read_back(day: date) -> None:
    for text in (
        f"{day:%Y-%m}",
        f"{day:%Y%m}",
        f"{day.year}/{day.month}",
        f"{day.year}年{day.month}月",
        day.isoformat(),
    ):
        assert one(text) == (f"{day:%Y-%m}", False)


@pytest.mark.parametrize(
    "text", ["2025", 2025, 2025.0, "2025.0", "2025年", "2025年度", "２０２５年", "2025-03", "202512", 20251231,
             "2025-12-31", date(2025, 6, 1), datetime(2025, 12, 31, 23)]
)  # fmt: skip
def test_one_year_in_many_spellings(text: object) -> None:
    assert one(text, ValueType.YEAR) == (2025, False)


@pytest.mark.parametrize("text", ["二〇二五", "2025-2026", "2025.55", "abc", "2025年13月", "123456", 9_000_000])
def test_texts_that_are_no_year(text: object) -> None:
    assert one(text, ValueType.YEAR) == (None, True)


def test_columns_keep_their_order() -> None:
    texts = pa.array(["2025-03", None, "202412", "no month", "2025-03"])
    assert cast(texts, ValueType.MONTH).values.to_pylist() == ["2025-03", None, "2024-12", None, "2025-03"]
    assert cast(texts.dictionary_encode(), ValueType.MONTH).bad.tolist() == [False, False, False, True, False]
