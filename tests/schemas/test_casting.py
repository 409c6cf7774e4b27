"""Casting: tables of spellings, round trips, and columns that are typed already."""

# ruff: noqa: DTZ001 - what is tested is local time without a zone

import decimal
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.casting import BAD_RULES, cast
from schemas.contract import ValueType
from schemas.rendering.arrow import ARROW_TYPES

DAY = date(1985, 1, 2)
RECEIVED = [ValueType.STRING, *BAD_RULES]


def one(value: object, value_type: ValueType) -> tuple[object, bool]:
    result = cast(value if isinstance(value, pa.Array) else pa.array([value]), value_type)
    assert result.values.type == ARROW_TYPES[value_type]
    return result.values[0].as_py(), bool(result.bad[0])


@pytest.mark.parametrize(
    "text",
    [
        "1985-01-02", "19850102", "1985/1/2", "1985/01/02", "1985-1-2", "1985.1.2", "1985年1月2日", "1985年01月02日",
        "１９８５年１月２日", " 1985-01-02 ", "1985-01-02 10:11:12", "1985-01-02T10:11:12", "1985-01-02 10:11:12.123",
        "1985-01-02T10:11:12+08:00", "1985-01-02T01:00:00Z", "19850102101112", "1985-1-2 8:05", "31049", "31049.5",
        "1985-01-02 00:00:00.000000000", "19850102.0", 19850102, 31049, 19850102.0, DAY, datetime(1985, 1, 2, 3, 4, 5),
        datetime(1985, 1, 1, 20, tzinfo=UTC), decimal.Decimal("19850102.00"),
    ],
)  # fmt: skip
def test_one_day_in_many_spellings(text: object) -> None:
    assert one(text, ValueType.DATE) == (DAY, False)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "　", None, "00000000", "0000-00-00", "0", "0000/00/00", "19000101", "1900-01-01", "1900/1/1",
        "1900年1月1日", "1900-01-01 00:00:00", "99991231", "9999-12-31", "9999-12-31 23:59:59", "-", "无", "NULL",
        "\\N", "null", "NaN", float("nan"), 0, date(1900, 1, 1), date(9999, 12, 31), datetime(1900, 1, 1),
    ],
)  # fmt: skip
def test_spellings_of_no_date(text: object) -> None:
    if text is None:
        assert one(pa.array([None], pa.string()), ValueType.DATE) == (None, False)
        return
    assert one(text, ValueType.DATE) == (None, False)
    assert one(text, ValueType.TIMESTAMP) == (None, False)


@pytest.mark.parametrize(
    "text",
    ["19750230", "1975-02-30", "1975-13-01", "20230229", "abc", "1985年1月", "1985-01", "85-01-02", "19999",
     "90000", "1985-01-02 25:00:00", "198501021", "1700-01-01", "4000-01-01", 19750230, "12.5万"],
)  # fmt: skip
def test_texts_that_are_no_date(text: object) -> None:
    assert one(text, ValueType.DATE) == (None, True)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-02", datetime(2024, 1, 2)),
        ("2024-01-02 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02T03:04:05.5", datetime(2024, 1, 2, 3, 4, 5, 500_000)),
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 11, 4, 5)),
        ("2024-01-02T03:04:05+0900", datetime(2024, 1, 2, 2, 4, 5)),
        ("20240102030405", datetime(2024, 1, 2, 3, 4, 5)),
        ("20240102 030405", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024年1月2日 3时4分5秒", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024/1/2 3:04", datetime(2024, 1, 2, 3, 4)),
        ("45000.5", datetime(2023, 3, 15, 12)),
        (datetime(2024, 1, 2, 3, 4, 5), datetime(2024, 1, 2, 3, 4, 5)),
        (datetime(2024, 1, 2, 3, tzinfo=UTC), datetime(2024, 1, 2, 11)),
        (date(2024, 1, 2), datetime(2024, 1, 2)),
    ],
)
def test_moments(text: object, moment: datetime) -> None:
    assert one(text, ValueType.TIMESTAMP) == (moment, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,234.5", 1234.5), ("１２", 12.0), ("¥12", 12.0), ("(12)", -12.0), ("（12）", -12.0),
     ("1e3", 1000.0), ("12%", 0.12), ("12元", 12.0), (".5", 0.5), ("5.", 5.0), ("+3", 3.0), ("-1,000", -1000.0),
     (2, 2.0), (decimal.Decimal("1.50"), 1.5)],
)  # fmt: skip
def test_numbers(text: object, value: float) -> None:
    assert one(text, ValueType.NUMBER) == (value, False)


@pytest.mark.parametrize("text", ["", "-", "--", "NULL", "null", "\\N", "无", "NaN", float("nan"), " "])
@pytest.mark.parametrize("value_type", [ValueType.NUMBER, ValueType.INTEGER, ValueType.MONEY])
def test_spellings_of_no_number(text: object, value_type: ValueType) -> None:
    assert one(text, value_type) == (None, False)


@pytest.mark.parametrize("text", ["12.5万", "1,2", "1,23,456", "abc", "--5", "1-2", "inf", "1.2.3", "十二", "0x10"])
@pytest.mark.parametrize("value_type", [ValueType.NUMBER, ValueType.INTEGER, ValueType.MONEY])
def test_texts_that_are_no_number(text: str, value_type: ValueType) -> None:
    assert one(text, value_type) == (None, True)


@pytest.mark.parametrize(
    ("text", "value", "bad"),
    [("2025.0", 2025, False), ("2025", 2025, False), (2025.0, 2025, False), ("2025.5", None, True),
     (2025.5, None, True), ("1,000", 1000, False), ("9223372036854775807", 2**63 - 1, False),
     ("9223372036854775808", None, True), ("1e999", None, True), (decimal.Decimal("3.00"), 3, False)],
)  # fmt: skip
def test_integers(text: object, value: int | None, bad: bool) -> None:
    assert one(text, ValueType.INTEGER) == (value, bad)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", "1.00"), ("12.345", "12.34"), ("12.335", "12.34"), ("1,234.565", "1234.56"), ("（5.5）", "-5.50"),
     ("1e3", "1000.00"), ("0.005", "0.00"), (2.675, "2.68"), (0.125, "0.12"), (-2.675, "-2.68"), (7, "7.00"),
     (decimal.Decimal("1.2345"), "1.23"), ("12.1234567890123", "12.12"), (1e15, "1000000000000000.00")],
)  # fmt: skip
def test_money_is_rounded_half_to_even(text: object, value: str) -> None:
    assert one(text, ValueType.MONEY) == (decimal.Decimal(value), False)


@pytest.mark.parametrize("text", ["99999999999999999", "1e20", 1e17, float("inf"), 2**60, decimal.Decimal(10) ** 20])
def test_amounts_too_large(text: object) -> None:
    assert one(text, ValueType.MONEY) == (None, True)


@given(st.lists(st.decimals(-(10**15), 10**15, places=4), min_size=1))
def test_money_against_the_library(amounts: list[decimal.Decimal]) -> None:
    expected = [amount.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_EVEN) for amount in amounts]
    assert cast(pa.array([f"{amount:f}" for amount in amounts]), ValueType.MONEY).values.to_pylist() == expected
    assert cast(pa.array(amounts, pa.decimal128(30, 4)), ValueType.MONEY).values.to_pylist() == expected


@given(st.lists(st.floats(-1e15, 1e15), min_size=1))
def test_money_of_floats_is_that_of_their_shortest_form(amounts: list[float]) -> None:
    cent = decimal.Decimal("0.01")
    expected = [decimal.Decimal(repr(amount)).quantize(cent, decimal.ROUND_HALF_EVEN) for amount in amounts]
    assert cast(pa.array(amounts), ValueType.MONEY).values.to_pylist() == expected


@given(st.lists(st.datetimes(datetime(1901, 1, 1), datetime(2999, 12, 31)), min_size=1))
def test_moments_round_trip(moments: list[datetime]) -> None:
    for spelled in ([str(moment) for moment in moments], [moment.isoformat() for moment in moments]):
        result = cast(pa.array(spelled), ValueType.TIMESTAMP)
        assert result.values.to_pylist() == moments
    days = cast(pa.array([f"{moment:%Y}/{moment.month}/{moment.day}" for moment in moments]), ValueType.DATE)
    assert days.values.to_pylist() == [moment.date() for moment in moments]


@given(st.integers(20000, 80000))
def test_day_numbers_of_spreadsheets(serial: int) -> None:
    assert one(str(serial), ValueType.DATE) == (date(1899, 12, 30) + timedelta(serial), False)


@given(st.lists(st.text(max_size=20) | st.none()), st.sampled_from(RECEIVED))
def test_casting_is_total(values: list[str | None], value_type: ValueType) -> None:
    result = cast(pa.array(values, pa.string()), value_type)
    assert len(result.values) == len(result.bad) == len(values)
    assert not any(bad and value is not None for bad, value in zip(result.bad, result.values.to_pylist(), strict=True))


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()), pa.binary()]
)
@pytest.mark.parametrize(
    ("value_type", "text"),
    [(ValueType.DATE, "1985-01-02"), (ValueType.MONEY, "1.50"), (ValueType.STRING, "青岛"), (ValueType.INTEGER, "7"),
     (ValueType.TIMESTAMP, "1985-01-02 03:04:05"), (ValueType.NUMBER, "0.5"),
     (ValueType.MONTH, "2025-03"), (ValueType.YEAR, "2025")],
)  # fmt: skip
def test_every_kind_of_text_column(kind: pa.DataType, value_type: ValueType, text: str) -> None:
    plain = pa.array([text, None, text])
    column = plain.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else plain.cast(kind)
    assert cast(column, value_type).values.equals(cast(plain, value_type).values)


@pytest.mark.parametrize("value_type", RECEIVED)
def test_columns_without_values(value_type: ValueType) -> None:
    for kind in (pa.null(), pa.string(), pa.float64(), pa.int32(), pa.decimal128(10, 2)):
        result = cast(pa.nulls(3, kind), value_type)
        assert result.values.null_count == 3
        assert not result.bad.any()
        assert len(cast(pa.nulls(0, kind), value_type).values) == 0


def test_nested_columns_are_refused() -> None:
    with pytest.raises(TypeError):
        cast(pa.array([[1]]), ValueType.STRING)


def test_every_type_that_is_received_but_text_can_be_bad() -> None:
    assert set(BAD_RULES) == set(ARROW_TYPES) - {ValueType.STRING, ValueType.EVIDENCE}
