"""Errors say what, where, expected, and remedy; redaction keeps no value."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import BadSpecification, ContractBroken
from schemas.redaction import redact


def test_an_error_has_its_parts_and_one_line() -> None:
    for kind in (ContractBroken, BadSpecification):
        error = kind("column missing", where="tax.wage", expected="the column", remedy="ask the sender")
        assert (error.what, error.where, error.expected, error.remedy) == error.args
        assert str(error) == "tax.wage: column missing. Expected: the column. Remedy: ask the sender"


def test_what_redaction_keeps() -> None:
    assert redact("37020219850101001X") == "<18 characters: digits, letters>"
    assert redact("王小明") == "<3 characters: Chinese>"
    assert redact(None) == "<null>"
    assert redact("") == "<empty>"
    assert redact("x" * 41) == "<more than 40 characters: letters>"
    assert redact(" -") == "<2 characters: blanks, marks>"


@given(st.text("0123456789王小明", min_size=4, max_size=30))
def test_redaction_keeps_no_value(value: str) -> None:
    assert value not in redact(value)
