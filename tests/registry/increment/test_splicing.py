"""Splicing equals sorting all rows anew, whatever is replaced and however the file is cut into row groups."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.increment.splicing import Replacement, splice

KINDS = {"text": pa.string(), "number": pa.int64()}


def key(kind, number):
    return f"户{number:04d}" if kind == "text" else number  # record ids may be of any letters


def table(kind, rows):
    """Two rows a key, with a nested column and a dictionary, as provenance has them."""
    keys = [key(kind, number) for number in sorted(rows) for _ in range(2)]
    word = pa.array([rows[number] for number in sorted(rows) for _ in range(2)], pa.string())
    places = pa.array([[at % 2, None] for at in range(len(keys))], pa.list_(pa.int16()))
    return pa.table(
        {
            "key": pa.array(keys, KINDS[kind]),
            "word": word.dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
            "places": places,
        }
    )


numbers = st.sets(st.integers(0, 60), max_size=40)


@pytest.mark.parametrize("kind", KINDS)
@given(old=numbers, touched=numbers, new=numbers, cut=st.integers(1, 30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_splicing_is_sorting_anew(tmp_path, kind, old, touched, new, cut):
    new -= old - touched  # none of the new keys stands among the rows that stay
    rows, change = dict.fromkeys(old, "old"), dict.fromkeys(new, "new")
    pq.write_table(table(kind, rows), tmp_path / "old.parquet", row_group_size=cut)
    pq.write_table(table(kind, change), tmp_path / "new.parquet")
    removed = pa.array([key(kind, one) for one in sorted(touched)], KINDS[kind])
    asked = Replacement("key", tmp_path / "new.parquet", removed)
    splice(tmp_path / "old.parquet", asked, tmp_path / "out.parquet", tmp_path / "gone.parquet")
    stays = {number: word for number, word in rows.items() if number not in touched}
    gone = dict.fromkeys(old & touched, "old")
    for name, expected in {"out": stays | change, "gone": gone}.items():
        found = pq.read_table(tmp_path / f"{name}.parquet")
        assert found.schema.equals(pq.read_schema(tmp_path / "old.parquet"))
        assert found.to_pylist() == table(kind, expected).to_pylist()


pairs = st.sets(st.tuples(st.one_of(st.none(), st.integers(0, 9)), st.integers(0, 9)), max_size=40)


@given(old=pairs, gone=pairs, new=pairs, cut=st.integers(1, 30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_single_rows_go_by_their_place(tmp_path, old, gone, new, cut):
    """Others of the same value stay, and new ones stand among them; nulls come last."""

    def write(rows, name):
        ordered = sorted(rows, key=lambda row: (row[0] is None, row))
        columns = {"key": pa.array([None if a is None else f"P{a:09d}" for a, _ in ordered], pa.string())}
        columns["at"] = pa.array([b for _, b in ordered], pa.int64())
        pq.write_table(pa.table(columns), tmp_path / name, row_group_size=cut)
        return ordered

    ordered = write(old, "old.parquet")
    write(new - (old - gone), "new.parquet")
    places = np.array([at for at, row in enumerate(ordered) if row in gone], np.int64)
    change = Replacement("key", tmp_path / "new.parquet", places=places, order=("key", "at"))
    splice(tmp_path / "old.parquet", change, tmp_path / "out.parquet")
    write((old - gone) | new, "expected.parquet")
    assert (
        pq.read_table(tmp_path / "out.parquet").to_pylist() == pq.read_table(tmp_path / "expected.parquet").to_pylist()
    )
