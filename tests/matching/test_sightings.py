"""Codes by sorting are those of a table of all texts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.standardise.sightings import first_sights, grouped, hashes, same_texts
from matching.standardise.values import distinct

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=30), st.sampled_from(["张伟", "张伟1", "370202198506060017"])))


@given(st.lists(TEXTS, max_size=4), st.integers(0, 3))
def test_texts_get_the_codes_of_a_table(columns: list[list[str | None]], offset: int) -> None:
    chunks = [pa.array(column, pa.string())[offset:] for column in columns]
    codes, texts = same_texts(chunks)
    expected, values = distinct(pa.concat_arrays([pa.array([], pa.string()), *chunks]))
    assert codes.tolist() == expected.tolist()
    assert texts.to_pylist() == values.to_pylist()


def test_a_text_has_one_hash_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array([f"{'香港中路' * (row % 5)}{row % 91}" for row in range(1000)])
    whole = hashes(texts)
    monkeypatch.setattr("matching.standardise.sightings.SLICE", 7)
    assert np.array_equal(hashes(texts), whole)
    assert np.array_equal(hashes(texts[3:]), whole[3:])
    assert len(np.unique(whole)) == len(set(texts.to_pylist()))


@given(st.lists(st.sampled_from([0, 1, 2, 3, 1 << 40, (1 << 40) + 1, (1 << 63) + 5]), max_size=60))
def test_keys_that_share_their_first_bits_are_told_apart(keys: list[int]) -> None:
    codes, seen = first_sights(np.array(keys, np.uint64))
    order = list(dict.fromkeys(key for key in keys if key))
    assert codes.tolist() == [order.index(key) if key else -1 for key in keys]
    assert [keys[place] for place in seen] == order
    assert seen.tolist() == [keys.index(key) for key in order]


@given(st.lists(st.integers(1, 9) | st.sampled_from([1 << 50, (1 << 50) + 1]), max_size=60), st.integers(1, 3))
def test_groups_are_whole_and_in_order_of_place(keys: list[int], least: int) -> None:
    places, sizes = grouped(np.array(keys, np.uint64), least)
    groups = [group.tolist() for group in np.split(places, np.cumsum(sizes)[:-1])] if len(sizes) else []
    expected = [[place for place, other in enumerate(keys) if other == key] for key in dict.fromkeys(keys)]
    assert sorted(groups) == sorted(group for group in expected if len(group) >= least)
