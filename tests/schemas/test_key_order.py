"""The order of record ids against Python's own, whatever their widths."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.key_order import is_ascending, sorted_places

IDS = st.one_of(
    st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=12),
    st.text("019", min_size=7, max_size=7).map(lambda text: f"PR{text}"),
    st.integers(0, 10**9).map(lambda number: f"P{number}"),
)


def by_bytes(text: str | None) -> tuple[bool, bytes]:
    return text is None, (text or "").encode()


@given(st.lists(IDS | st.none()), st.integers(0, 3))
def test_keys_are_sorted_by_their_bytes(keys: list[str | None], before: int) -> None:
    whole = pa.array([*["x"] * before, *keys], pa.string())
    array = whole.slice(before)
    assert [array[place].as_py() for place in sorted_places(array)] == sorted(keys, key=by_bytes)


@given(st.lists(IDS, max_size=6), st.integers(0, 6))
def test_ascending_keys_across_chunks(keys: list[str], cut: int) -> None:
    chunks = pa.chunked_array([pa.array(keys[:cut], pa.string()), pa.array(keys[cut:], pa.string())])
    ordered = [key.encode() for key in keys]
    assert is_ascending(chunks) == (ordered == sorted(set(ordered)))


@pytest.mark.parametrize("keys", [[], [None], [None, None], [""], ["", ""], ["a", "a"]])
def test_small_columns(keys: list[str | None]) -> None:
    assert sorted(sorted_places(pa.array(keys, pa.string()))) == list(range(len(keys)))
