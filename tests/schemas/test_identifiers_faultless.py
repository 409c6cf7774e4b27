"""The short way past the checks of citizen ids gives what the checks give."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.characters import cleaned_numbers, matrix
from schemas.identifiers.check_digits import citizen_check
from schemas.identifiers.citizen import checked_citizen_ids, citizen_ids, in_blocks
from schemas.identifiers.documents import _checked, person_documents
from schemas.identifiers.faultless import faultless
from schemas.identifiers.result import IdentifierResult

AS_OF = date(2026, 4, 1)
DIVISIONS = ("370202", "110101", "810000", "123456", "000000", "999999", "911156")
BIRTHS = ("19850101", "20000229", "19000229", "20260401", "20260402", "17991231", "00000000", "29991231", "20001301")
SEQUENCES = ("001", "000", "996", "999")


def _check(first17: str) -> str:
    return first17 + chr(citizen_check(matrix(pa.array([first17]), 17))[0])


def _spoilt(number: str, how: int) -> str:
    spellings = (
        number, number[:-1] + ("0" if number[-1] != "0" else "1"), number.lower(), f" {number}", f"'{number}",
        number[:6] + number[8:17], number[:17], number[:16] + ":" + number[17], number[:5] + "七" + number[6:],
    )  # fmt: skip
    return spellings[how % len(spellings)]


numbers = st.builds(
    lambda *parts: _spoilt(_check("".join(parts[:3])), parts[3]),
    st.sampled_from(DIVISIONS), st.sampled_from(BIRTHS), st.sampled_from(SEQUENCES), st.integers(0, 8),
)  # fmt: skip
anything = numbers | st.none() | st.sampled_from(["", "无", "E12345678", "1" * 18, "1" * 15, "3.70E+17"])


def _same(short: IdentifierResult, long: IdentifierResult) -> None:
    assert short.canonical.to_pylist() == long.canonical.to_pylist()
    assert short.raw_kept.tolist() == long.raw_kept.tolist()
    assert {name: rows.tolist() for name, rows in short.flags.items()} == {
        name: rows.tolist() for name, rows in long.flags.items()
    }


@given(st.lists(anything, max_size=40))
def test_the_short_way_gives_what_the_checks_give(values: list[str | None]) -> None:
    column = pa.array([None, *values], pa.string()).slice(1)
    long = in_blocks(column, lambda block: checked_citizen_ids(cleaned_numbers(block), AS_OF))
    _same(citizen_ids(column, as_of=AS_OF), long)
    _same(
        person_documents(column, as_of=AS_OF), in_blocks(column, lambda block: _checked(cleaned_numbers(block), AS_OF))
    )


@pytest.mark.parametrize(
    ("number", "fine"),
    [
        (_check("37020219850101001"), True),
        (_check("37020219850101000"), False),
        (_check("12345619850101001"), False),
        (_check("37020219850230001"), False),
        (_check("37020220260402001"), False),
        ("370202198501010019", False),
        (None, False),
    ],
)
def test_what_is_faultless(number: str | None, fine: bool) -> None:
    assert faultless(pa.array([number, "x"], pa.string()), AS_OF).tolist() == [fine, False]


def test_blocks_do_not_matter() -> None:
    column = pa.array([_check("37020219850101001"), "370202850101001", None, "?"] * 9000, pa.string())
    found = citizen_ids(column, as_of=AS_OF)
    _same(found, in_blocks(column, lambda block: checked_citizen_ids(cleaned_numbers(block), AS_OF)))
    assert np.flatnonzero(found.flags["upgraded_from_15"]).tolist() == list(range(1, len(column), 4))
