"""Citizen ids against the standard's examples, a slow oracle, and the laws of their check."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import identifiers
from schemas.calendar_days import epoch_days
from schemas.characters import cleaned_numbers, matrix, texts
from schemas.identifiers.check_digits import citizen_check

AS_OF = date(2026, 11, 1)
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def with_check(first17: str) -> str:
    """The slow obvious version."""
    return first17 + "10X98765432"[sum(int(c) * w for c, w in zip(first17, WEIGHTS, strict=True)) % 11]


def checked(*numbers: object) -> list[tuple[str | None, set[str]]]:
    result = identifiers.citizen_ids(pa.array(numbers), as_of=AS_OF)
    return [
        (canonical, {name for name, rows in result.flags.items() if rows[row]})
        for row, canonical in enumerate(result.canonical.to_pylist())
    ]


births = st.dates(date(1900, 1, 2), date(2025, 12, 31))
citizens = st.builds(
    lambda division, born, sequence: with_check(f"{division}{born:%Y%m%d}{sequence:03d}"),
    st.sampled_from(["370202", "372126", "110105", "379013", "830000"]),
    births,
    st.integers(1, 999),
)


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002X",
        "440524188001010014",
        "932682198501010017",
        "KAZ110090123105",
        with_check("83000019900101001"),
    ],
)
def test_numbers_that_were_published_or_can_be_issued_stay(number: str) -> None:
    assert checked(number) == [(number, set())]


@pytest.mark.parametrize(
    ("number", "canonical", "flags"),
    [
        (None, None, set()),
        ("", None, set()),
        (" 　", None, set()),
        ("11010519491231002", None, {"length"}),
        ("110105194912310021", None, {"check_digit"}),
        ("1101051949123100AX", None, {"alphabet"}),
        ("370202197502300011", None, {"impossible_date"}),
        ("110105491231002", "11010519491231002X", {"upgraded_from_15"}),
        ("110105490230002", None, {"impossible_date"}),
        ("110105491231996", with_check("11010518491231996"), {"upgraded_from_15"}),
        ("KAZ110090123104", None, {"length"}),
        ("1" * 18, None, {"placeholder"}),
        ("1" * 15, None, {"placeholder"}),
        ("无", None, {"placeholder"}),
        ("123456", None, {"placeholder"}),
        ("000000", None, {"placeholder"}),
        (with_check("12345619900101001"), None, {"placeholder"}),
        (with_check("37020219900101000"), with_check("37020219900101000"), {"placeholder"}),
        (with_check("99999919900101001"), with_check("99999919900101001"), {"unknown_division"}),
        (with_check("37020220991231001"), with_check("37020220991231001"), {"future_birth"}),
        ("37020219850101001ｘ", None, {"check_digit"}),
        ("４４0524-1880 0101.0014", "440524188001010014", set()),
    ],
)
def test_outcomes(number: str | None, canonical: str | None, flags: set[str]) -> None:
    assert checked(number) == [(canonical, flags)]


def test_numeric_columns() -> None:
    assert checked(440524188001010014) == [("440524188001010014", set())]
    assert checked(110105491231002.0) == [("11010519491231002X", {"upgraded_from_15"})]


def test_raw_is_kept_where_invalid_or_upgraded() -> None:
    result = identifiers.citizen_ids(pa.array(["11010519491231002X", "110105491231002", "x1", None, ""]))
    assert result.raw_kept.tolist() == [False, True, True, False, False]


@given(citizens)
def test_valid_numbers_are_their_own_canonical_form(number: str) -> None:
    assert checked(number) == [(number, set())]
    assert checked(f" {number.lower()} ") == [(number, set())]


@given(citizens, st.integers(0, 16), st.integers(1, 9))
def test_every_single_digit_error_is_found(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert checked(wrong)[0][0] is None


@given(citizens, st.integers(0, 16))
def test_every_transposition_of_neighbours_is_found(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    canonical = checked(swapped)[0][0]
    assert canonical is None if swapped != number else canonical == number


@given(births, st.integers(1, 995))
def test_upgrading_is_idempotent(born: date, sequence: int) -> None:
    if not 1900 <= born.year <= 1999:
        return
    short = f"370202{born:%y%m%d}{sequence:03d}"
    upgraded = checked(short)[0][0]
    assert upgraded == with_check(f"370202{born:%Y%m%d}{sequence:03d}") or upgraded is None
    if upgraded is not None:
        assert checked(upgraded) == [(upgraded, set())]


@given(st.lists(st.text(max_size=24) | st.none(), max_size=30))
def test_checking_is_total_and_cleaning_idempotent(values: list[str | None]) -> None:
    array = pa.array(values, pa.string())
    once = cleaned_numbers(array)
    assert cleaned_numbers(once).to_pylist() == once.to_pylist()
    for check in (identifiers.citizen_ids, identifiers.person_documents):
        result = check(array, as_of=AS_OF)
        assert len(result.canonical) == len(array)
        assert all(len(rows) == len(array) for rows in result.flags.values())
        again = check(result.canonical, as_of=AS_OF)
        assert again.canonical.to_pylist() == result.canonical.to_pylist()


@given(st.lists(st.text("0123456789", min_size=17, max_size=17), min_size=1, max_size=40))
def test_the_check_against_the_oracle(numbers: list[str]) -> None:
    first17 = matrix(pa.array(numbers), 17)
    assert texts(np.vstack([first17, citizen_check(first17)])).to_pylist() == [with_check(n) for n in numbers]


@given(st.integers(0, 3100), st.integers(0, 14), st.integers(0, 33))
def test_the_calendar_against_the_library(year: int, month: int, day: int) -> None:
    days, possible = epoch_days(*(np.array([part], np.int32) for part in (year, month, day)))
    try:
        expected = (date(year, month, day) - date(1970, 1, 1)).days if 1800 <= year < 3000 else None
    except ValueError:
        expected = None
    assert possible[0] == (expected is not None)
    assert days[0] == (expected or 0)


def test_parts_of_a_number() -> None:
    numbers = pa.array(["11010519491231002X", "932682198501010017", "E12345678", None, "KAZ110090123105"])
    assert identifiers.birth_dates(numbers).to_pylist() == [date(1949, 12, 31), date(1985, 1, 1), None, None, None]
    assert identifiers.sexes(numbers).to_pylist() == ["2", "1", None, None, None]
    assert identifiers.divisions(numbers).to_pylist() == ["110105", None, None, None, None]
    assert identifiers.birth_dates(pa.chunked_array([numbers[:1], numbers[1:]])).null_count == 3


def test_documents_that_are_no_citizen_ids_are_kept_as_written() -> None:
    numbers = ["e 12345678", "H12345678(01)", "军字第1234567号", "123", "0" * 6, "37020219850101001", "110105491231002"]
    result = identifiers.person_documents(pa.array(numbers), as_of=AS_OF)
    expected = ["E12345678", "H1234567801", "军字第1234567号", None, None, None, "11010519491231002X"]
    assert result.canonical.to_pylist() == expected
    assert {name: np.flatnonzero(rows).tolist() for name, rows in result.flags.items()} == {
        "length": [3, 5],
        "placeholder": [4],
        "upgraded_from_15": [6],
    }


def test_blocks_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = pa.array(["11010519491231002X", None, "x", "110105491231002", "1" * 18, ""] * 7)
    whole = identifiers.citizen_ids(numbers, as_of=AS_OF)
    monkeypatch.setattr("schemas.identifiers.citizen.BLOCK", 4)
    parts = identifiers.citizen_ids(pa.chunked_array([numbers[:5], numbers[5:]]), as_of=AS_OF)
    assert parts.canonical.equals(whole.canonical)
    assert parts.raw_kept.tolist() == whole.raw_kept.tolist()
    assert {k: v.tolist() for k, v in parts.flags.items()} == {k: v.tolist() for k, v in whole.flags.items()}


def test_slices_of_columns() -> None:
    numbers = pa.array(["x", None, "11010519491231002X", "110105491231002", "y"])
    assert identifiers.citizen_ids(numbers[2:4]).canonical.to_pylist() == ["11010519491231002X"] * 2
