"""Identifiers of organisations against published examples and slow oracles."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import identifiers
from schemas.identifiers.check_digits import ORGANIZATION_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS
from schemas.identifiers.result import IdentifierResult


def uscc_with_check(first17: str) -> str:
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(first17, USCC_WEIGHTS, strict=True))
    return first17 + USCC_ALPHABET[(31 - total % 31) % 31]


def organization_with_check(first8: str) -> str:
    check = 11 - sum(int(c, 36) * w for c, w in zip(first8, ORGANIZATION_WEIGHTS, strict=True)) % 11
    return first8 + {10: "X", 11: "0"}.get(check, str(check))


def registration_with_check(first14: str) -> str:
    product = 10
    for digit in first14:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return first14 + str((11 - product) % 10)


def outcome(result: IdentifierResult) -> tuple[str | None, set[str]]:
    return result.canonical[0].as_py(), {name for name, rows in result.flags.items() if rows[0]}


@pytest.mark.parametrize(
    ("code", "canonical", "flags"),
    [
        ("91350100M000100Y43", "91350100M000100Y43", set()),
        (" 91350100m000100y43", "91350100M000100Y43", set()),
        ("91350211M0000XUF46", "91350211M0000XUF46", {"check_digit"}),
        ("91350100M000100Y4O", None, {"alphabet"}),
        ("91350100M000100Y4", None, {"length"}),
        (uscc_with_check("A1370202MB0000001"), uscc_with_check("A1370202MB0000001"), set()),
        (uscc_with_check("91999999MA3C00001"), uscc_with_check("91999999MA3C00001"), {"unknown_division"}),
        ("11010519491231002X", None, {"citizen_id"}),
        ("0" * 18, None, {"placeholder"}),
        ("无", None, {"placeholder"}),
        ("", None, set()),
    ],
)
def test_credit_codes(code: str, canonical: str | None, flags: set[str]) -> None:
    assert outcome(identifiers.usccs(pa.array([code]))) == (canonical, flags)


@pytest.mark.parametrize(
    ("code", "canonical", "flags"),
    [
        ("D2143569-X", "D2143569X", set()),
        ("D21435690", "D21435690", {"check_digit"}),
        ("D2143569", None, {"length"}),
        ("D2143569Y", None, {"alphabet"}),
        (None, None, set()),
    ],
)
def test_organization_codes(code: str | None, canonical: str | None, flags: set[str]) -> None:
    assert outcome(identifiers.organization_codes(pa.array([code], pa.string()))) == (canonical, flags)


@pytest.mark.parametrize(
    ("number", "canonical", "flags"),
    [
        ("110108000000016", "110108000000016", set()),
        ("110108000000017", "110108000000017", {"check_digit"}),
        ("企独鲁青总字第1号", "企独鲁青总字第1号", {"free_form"}),
        ("000000000000000", None, {"placeholder"}),
    ],
)
def test_registration_numbers(number: str, canonical: str | None, flags: set[str]) -> None:
    assert outcome(identifiers.registration_numbers(pa.array([number]))) == (canonical, flags)


@pytest.mark.parametrize(
    ("number", "flags", "organization", "person"),
    [
        ("91350100M000100Y43", set(), "M000100Y4", None),
        ("11010519491231002X", set(), None, "11010519491231002X"),
        ("370202D2143569X", set(), "D2143569X", None),
        ("370202D21435690", {"check_digit"}, "D21435690", None),
        ("999999D2143569X", {"unknown_division"}, "D2143569X", None),
        ("11010549123100201", set(), None, "11010519491231002X"),
        ("11010519491231002X01", set(), None, "11010519491231002X"),
        ("11010519491231002101", {"check_digit"}, None, None),
    ],
)
def test_taxpayer_ids(number: str, flags: set[str], organization: str | None, person: str | None) -> None:
    assert outcome(identifiers.taxpayer_ids(pa.array([number]))) == (number, flags)
    numbers = pa.array([None, number])
    assert identifiers.organization_code_of_taxpayer(numbers).to_pylist() == [None, organization]
    assert identifiers.citizen_id_of_taxpayer(numbers).to_pylist() == [None, person]


def test_the_organization_code_joins_the_departments() -> None:
    assert identifiers.organization_code_of(pa.array(["91350100M000100Y43", None, "1"])).to_pylist() == [
        "M000100Y4",
        None,
        None,
    ]


codes = st.text(USCC_ALPHABET, min_size=9, max_size=9)


@given(codes)
def test_credit_codes_against_the_oracle(tail: str) -> None:
    code = uscc_with_check(f"91370202{tail}")
    assert outcome(identifiers.usccs(pa.array([code]))) == (code, set())
    wrong = code[:-1] + next(c for c in USCC_ALPHABET if c not in {code[-1], "0"})
    assert outcome(identifiers.usccs(pa.array([wrong]))) == (wrong, {"check_digit"})


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8).filter(lambda t: len(set(t)) > 1))
def test_organization_codes_against_the_oracle(first8: str) -> None:
    code = organization_with_check(first8)
    canonical, flags = outcome(identifiers.organization_codes(pa.array([code])))
    assert "check_digit" not in flags
    assert canonical == code or "placeholder" in flags or first8.isalpha()


@given(st.text("0123456789", min_size=14, max_size=14).filter(lambda t: len(set(t)) > 2))
def test_registration_numbers_against_the_oracle(first14: str) -> None:
    number = registration_with_check(first14)
    assert outcome(identifiers.registration_numbers(pa.array([number])))[1] == set()


@given(st.lists(st.text(max_size=24) | st.none(), max_size=20))
def test_checks_are_total_and_idempotent(values: list[str | None]) -> None:
    array = pa.array(values, pa.string())
    for check in (
        identifiers.usccs,
        identifiers.organization_codes,
        identifiers.registration_numbers,
        identifiers.taxpayer_ids,
    ):
        result = check(array)
        assert check(result.canonical).canonical.equals(result.canonical)
        assert all(isinstance(rows, np.ndarray) and len(rows) == len(array) for rows in result.flags.values())
