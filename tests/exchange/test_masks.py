"""Masks hide what they say, on characters and not on bytes, and agree with their slow obvious versions."""

import hashlib
import hmac

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.agreement import Mask
from exchange.masks import COMPOUND_SURNAMES, KEY_VARIABLE, fingerprint, hash_pads, masked, recipient_key
from storage.errors import BadSpecification

KEY = "k" * 32
CONNECTION = duckdb.connect()


def shown(value, mask, parameters=None, kind="VARCHAR"):
    statement = f"SELECT {masked('v', mask)} FROM (SELECT CAST($value AS {kind}) AS v)"
    return CONNECTION.execute(statement, {"value": value, **(parameters or {})}).fetchone()[0]


@pytest.mark.parametrize(
    ("value", "mask", "left"),
    [
        ("440524188001010014", Mask.LAST4, "**************0014"),
        ("12345", Mask.LAST4, "*2345"),
        ("1234", Mask.LAST4, "****"),
        ("𠮷", Mask.LAST4, "*"),
        ("", Mask.LAST4, ""),
        ("王伟", Mask.SURNAME, "王**"),
        ("欧阳修文", Mask.SURNAME, "欧阳**"),
        ("万俟", Mask.SURNAME, "万**"),
        ("𠮷样例", Mask.SURNAME, "𠮷**"),
        ("买买提·艾力", Mask.SURNAME, "买**"),
        ("370202001", Mask.DISTRICT, "370202"),
        ("370202", Mask.DISTRICT, "370202"),
        ("as it is", Mask.NONE, "as it is"),
    ],
)
def test_what_is_left(value, mask, left):
    assert shown(value, mask) == left


def test_only_the_year_of_a_date_is_left():
    assert shown("1980-12-31", Mask.YEAR, kind="DATE") == "1980"


@pytest.mark.parametrize("mask", list(Mask))
def test_null_stays_null(mask):
    parameters = hash_pads(b"key") if mask is Mask.KEYED_HASH else {}
    assert shown(None, mask, parameters, "DATE" if mask is Mask.YEAR else "VARCHAR") is None


text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(text, st.binary(min_size=1, max_size=64))
def test_the_keyed_hash_is_that_of_the_standard_library(value, key):
    expected = hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
    assert shown(value, Mask.KEYED_HASH, hash_pads(key)) == expected


@given(text)
def test_no_more_than_four_characters_are_left(value):
    left = shown(value, Mask.LAST4)
    assert len(left) == len(value)
    assert left == ("*" * (len(value) - 4) + value[-4:] if len(value) > 4 else "*" * len(value))


def test_recipients_cannot_join_what_they_got(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert recipient_key("a") == recipient_key("a") != recipient_key("b")
    monkeypatch.setenv(KEY_VARIABLE, KEY + "other")
    assert fingerprint(recipient_key("a")) != fingerprint(hmac.digest(KEY.encode(), b"a", "sha256"))


@pytest.mark.parametrize("value", [None, "", "short"])
def test_a_missing_or_short_key_is_told_without_it(monkeypatch, value):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(KEY_VARIABLE, value)
    with pytest.raises(BadSpecification, match=KEY_VARIABLE) as caught:
        recipient_key("a")
    assert "short" not in str(caught.value)


def test_compound_surnames_are_of_two_characters_and_stand_once():
    assert {len(surname) for surname in COMPOUND_SURNAMES} == {2}
    assert len(set(COMPOUND_SURNAMES)) == len(COMPOUND_SURNAMES)
