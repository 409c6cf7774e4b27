"""Text: blanks, placeholders, and the text form of every column type."""

import decimal
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.text import BLANKS, NO_VALUE_WORDS, are_words, as_text, is_ascii, tidy


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array([370202198501010012, None]), ["370202198501010012", None]),
        (pa.array([13800000000.0, float("nan"), 1.5, 1e20]), ["13800000000", None, "1.5", "100000000000000000000"]),
        (pa.array([decimal.Decimal("10.00"), decimal.Decimal("1.50")]), ["10", "1.5"]),
        (pa.array([decimal.Decimal("100")], pa.decimal128(10, 0)), ["100"]),
        (pa.array([date(2024, 1, 2)]), ["2024-01-02"]),
        (pa.array([True, None]), ["true", None]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array(["青岛"]).cast(pa.binary()), ["青岛"]),
        (pa.array(["青岛"], pa.string_view()), ["青岛"]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_columns_as_text(column: pa.Array, texts: list[str | None]) -> None:
    assert as_text(column).to_pylist() == texts


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array([{"a": 1}]), pa.array([b"\xff\xfe"])])
def test_columns_that_are_no_text(column: pa.Array) -> None:
    with pytest.raises(TypeError):
        as_text(column)


@pytest.mark.parametrize(
    "blank", ["", " ", "　", "\u00a0", "\u200b", "\ufeff", "\x00", "\t\r\n", " 　\u200d ", "NULL", "\\N"]
)
def test_blanks_are_null(blank: str) -> None:
    assert tidy(pa.array([blank, f"{blank}"])).to_pylist() == [None, None]


def test_what_stays() -> None:
    kept = ["无", "不详", "a b", "·", "龘", "Null"]
    assert tidy(pa.array([f"　{text}\u00a0" for text in kept])).to_pylist() == kept
    assert tidy(pa.array(["张\x00三", None])).to_pylist() == ["张三", None]


@given(st.lists(st.text(max_size=12) | st.none()))
def test_tidying_is_idempotent_and_total(values: list[str | None]) -> None:
    once = tidy(pa.array(values, pa.string()))
    assert tidy(once).equals(once)
    for text in filter(None, once.to_pylist()):
        assert text.strip(BLANKS) == text
        assert "\x00" not in text


def test_slices_are_judged_by_their_own_rows() -> None:
    values = pa.array(["无", "a", None, "-"])
    assert are_words(values[1:], NO_VALUE_WORDS).tolist() == [False, False, True]
    assert tidy(values[1:2]).to_pylist() == ["a"]


@given(st.lists(st.builds("".join, st.lists(st.sampled_from([*BLANKS, *"a王老龘㐀Ａ·é"]), max_size=5)) | st.none()))
def test_blanks_come_off_both_ends_and_nothing_else(values: list[str | None]) -> None:
    column = pa.array(["王", *values], pa.string()).slice(1)
    plain = [None if value is None else value.replace("\x00", "").strip(BLANKS) or None for value in values]
    assert tidy(column).to_pylist() == plain


@given(st.lists(st.text(max_size=4) | st.none()))
def test_ascii_is_known(values: list[str | None]) -> None:
    column = pa.array(["é", *values], pa.string()).slice(1)
    if is_ascii(column):
        assert all(value.isascii() for value in values if value)


def test_other_bytes_are_not_ascii() -> None:
    assert is_ascii(pa.array(["a", None, "bc"]))
    assert not is_ascii(pa.array(["a", "青"]))
    assert not is_ascii(pa.array([b"\xff"]).view(pa.string()))
