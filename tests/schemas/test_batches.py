"""The accepted state: against a dictionary that is updated row by row."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.batches import Changes, apply_batch, changes, compose

SCHEMA = pa.schema(
    {
        "record_id": pa.string(),
        "name": pa.string(),
        "_flags": pa.dictionary(pa.int32(), pa.string()),
        "_batch": pa.string(),
    }
)


def state_of(rows: dict[str, str | None]) -> pa.Table:
    return pa.table(
        [
            pa.array(rows, pa.string()),
            pa.array(rows.values(), pa.string()),
            pa.array(["f" if value == "b" else None for value in rows.values()], pa.string()).dictionary_encode(),
            pa.array(["b"] * len(rows)),
        ],
        schema=SCHEMA,
    )


def delta_of(rows: dict[str, str | None], deletes: set[str]) -> pa.Table:
    return state_of(rows).append_column("op", pa.array(["D" if key in deletes else "U" for key in rows], pa.string()))


def content(table: pa.Table) -> list[tuple[str, str | None]]:
    return [(row["record_id"], row["name"]) for row in table.to_pylist()]


keys = st.text("ab1９é", min_size=1, max_size=3)
rows = st.dictionaries(keys, st.sampled_from(["a", "b", None]), max_size=12)


@given(rows, rows, st.sets(keys))
def test_a_delta_against_the_oracle(
    before: dict[str, str | None], delta: dict[str, str | None], deletes: set[str]
) -> None:
    state = apply_batch(None, state_of(before), "snapshot")
    accepted = delta_of(delta, deletes)
    after = apply_batch(state, accepted, "delta")
    expected = dict(before)
    for key, value in delta.items():
        if key in deletes:
            expected.pop(key, None)
        else:
            expected[key] = value
    assert content(after) == sorted(expected.items(), key=lambda item: item[0].encode())
    assert after.schema.equals(SCHEMA)
    assert changes(state, accepted, "delta") == Changes(
        added=len(set(delta) - deletes - set(before)),
        replaced=len((set(delta) - deletes) & set(before)),
        deleted=len(set(delta) & deletes & set(before)),
        unknown_deletes=len(set(delta) & deletes - set(before)),
    )
    assert content(apply_batch(after, accepted, "delta")) == content(after)


@given(rows, rows, st.randoms())
def test_a_snapshot_replaces_and_order_does_not_matter(before: dict, after: dict, random: object) -> None:  # type: ignore[type-arg]
    state = apply_batch(None, state_of(before), "snapshot")
    shuffled = list(after.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    result = apply_batch(state, state_of(dict(shuffled)), "snapshot")
    assert result.equals(apply_batch(None, state_of(after), "snapshot"))
    assert content(result) == sorted(after.items(), key=lambda item: item[0].encode())
    assert changes(state, state_of(after), "snapshot").deleted == len(set(before) - set(after))


def test_the_first_batch_may_be_a_delta() -> None:
    first = apply_batch(None, delta_of({"b": "1", "a": "2", "c": "3"}, {"c"}), "delta")
    assert content(first) == [("a", "2"), ("b", "1")]
    assert "op" not in first.column_names


@pytest.mark.parametrize("pieces", [1, 3])
def test_states_in_pieces(pieces: int) -> None:
    state = pa.concat_tables([state_of({f"{piece}{n}": "x" for n in range(3)}) for piece in range(pieces)])
    after = apply_batch(state, delta_of({"01": "y", "0": "z", "9": "z"}, set()), "delta")
    assert len(after) == 3 * pieces + 2
    assert content(after)[0] == ("0", "z")


def test_a_state_of_an_earlier_contract_version() -> None:
    old = state_of({"a": "1", "b": "2"}).drop_columns(["name"]).append_column("gone", pa.array([1, 2]))
    after = apply_batch(old, delta_of({"b": "3"}, set()), "delta")
    assert content(after) == [("a", None), ("b", "3")]
    assert after.schema.equals(SCHEMA)
    assert apply_batch(old, delta_of({"x": None}, {"x"}), "delta").schema.equals(SCHEMA)


def test_a_state_that_lost_its_dictionary() -> None:
    state = state_of({"a": "b", "c": None})
    plain = state.set_column(2, "_flags", state.column("_flags").cast(pa.string()))
    plain = plain.set_column(0, "record_id", plain.column("record_id").cast(pa.string_view()))
    after = apply_batch(plain, delta_of({"b": "b"}, set()), "delta")
    assert after.schema.equals(SCHEMA)
    assert [row["_flags"] for row in after.to_pylist()] == ["f", "f", None]


batches = st.lists(st.tuples(st.sampled_from(["snapshot", "delta", "delta"]), rows, st.sets(keys)), max_size=5)


@given(rows, batches)
def test_composed_changes_do_what_the_batches_do_one_after_the_other(before, sent):
    state = apply_batch(None, state_of(before), "snapshot")
    composed, whole, expected = None, False, state
    for mode, values, deletes in sent:
        accepted = state_of(values) if mode == "snapshot" else delta_of(values, deletes)
        composed, whole = compose(composed, accepted, mode), whole or mode == "snapshot"
        expected = apply_batch(expected, accepted, mode)
    if composed is None:
        return
    if whole:
        state = state.slice(0, 0)
    assert content(apply_batch(state, composed, "delta")) == content(expected)
