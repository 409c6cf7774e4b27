"""Provenance in layers says, of every master that there is, what the last version that made him anew said."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.layers import FIRST, add_layer, as_one, layers, newest_rows, unite_many

masters = st.sets(st.integers(0, 40), max_size=30)
days = st.lists(st.tuples(masters, masters), min_size=1, max_size=4)
"""Masters made anew, and masters that are no more, of each day."""


def written(rows, path):
    columns = {"master_id": pa.array([f"P{one:03d}" for one in sorted(rows)], pa.string())}
    policy = pa.array([rows[one] for one in sorted(rows)], pa.dictionary(pa.int8(), pa.string()))
    columns["name"] = pa.StructArray.from_arrays([policy], ["policy"])
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return path


def said(table):
    return {row["master_id"]: row["name"]["policy"] for row in table.sort_by("master_id").to_pylist()}


@given(first=masters, days=days)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_newest_row_counts(tmp_path_factory, first, days):
    folder = tmp_path_factory.mktemp("days")
    truth, version = dict.fromkeys(first, "whole"), folder / "0"
    version.mkdir()
    written(truth, version / FIRST)
    for number, (anew, gone) in enumerate(days, start=1):
        made = dict.fromkeys(anew - gone, f"day {number}")
        truth = {one: what for one, what in (truth | made).items() if one not in gone}
        before, version = version, folder / str(number)
        version.mkdir()
        golden = written(truth, version / "data.parquet")
        add_layer(before / FIRST, written(made, folder / "made.parquet"), version)
        expected = {f"P{one:03d}": what for one, what in sorted(truth.items())}
        one = as_one(version / FIRST, golden, folder / "one.parquet", folder)
        assert pq.read_schema(one).equals(pq.read_schema(folder / "0" / FIRST))
        assert list(said(pq.read_table(one)).items()) == list(expected.items())
        rows = said(duckdb.sql(newest_rows(version / FIRST)).to_arrow_table())
        assert {master: rows.get(master) for master in expected} == expected
        assert all((version / path.name).samefile(path) for path in layers(before / FIRST))


@pytest.mark.parametrize(("share", "left"), [(4, 2), (3, 1)])
def test_many_layers_become_one(tmp_path, share, left):
    before, after = tmp_path / "1", tmp_path / "2"
    before.mkdir()
    after.mkdir()
    rows = dict.fromkeys(range(12), "whole")
    written(rows, before / FIRST)
    anew = dict.fromkeys(range(12 // share), "anew")
    golden = written(rows, after / "data.parquet")
    add_layer(before / FIRST, written(anew, tmp_path / "anew.parquet"), after)
    unite_many(after / FIRST, golden, tmp_path)
    assert len(layers(after / FIRST)) == left
    assert said(pq.read_table(before / FIRST)) == {f"P{one:03d}": "whole" for one in range(12)}
    assert said(duckdb.sql(newest_rows(after / FIRST)).to_arrow_table()) == {
        f"P{one:03d}": (rows | anew)[one] for one in range(12)
    }
