"""Matching what changed: whatever the changes and their order, the result is that of matching everything at once."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.incremental.changes import Withdrawn
from matching.incremental.run import Sent, match_changes
from matching.model import declared
from matching.run import MatchOptions, match_with

COLUMNS = ["id_number", "name", "birth_date", "mobile", "address", "former_name"]


def tightened(model, largest):
    """The model with blocks so small that most are paired along a window."""
    rules = tuple(rule.model_copy(update={"largest": largest}) for rule in model.blocking)
    return model.model_copy(update={"blocking": rules})


def rows(table):
    return {row["record_id"]: row for row in table.to_pylist()}


def altered(draw, row, others):
    """A record with some of its values lost or taken from another one."""
    row, other = dict(row), draw.choice(others)
    for column in draw.sample(
        ["id_number", "name", "birth_date", "mobile", "address", "former_name"], draw.randint(1, 3)
    ):
        row[column] = draw.choice([other[column], None]) if column != "name" else other[column]
    return row


def day(draw, state, spare):
    """Changes of one day: by dataset rows to put and record ids to take away; `state` is changed alike."""
    sent = {}
    for name, records in state.items():
        keys = sorted(records)
        gone = draw.sample(keys, min(len(keys), draw.randint(0, 4)))
        put = {}
        for key in draw.sample(keys, min(len(keys), draw.randint(0, 6))):
            put[key] = altered(draw, records[key], list(records.values()))
        for key in draw.sample(sorted(spare[name]), min(len(spare[name]), draw.randint(0, 6))):
            put[key] = spare[name].pop(key)
        gone = [key for key in gone if key not in put]
        for key in gone:
            spare[name][key] = records.pop(key)
        records.update(put)
        sent[name] = (put, gone)
    return sent


def as_sent(schema, changes):
    return {
        name: Sent(pa.Table.from_pylist(list(put.values()), schema[name]), Withdrawn(pa.array(gone, pa.string())))
        for name, (put, gone) in changes.items()
    }


def tables_of(schema, state):
    return {name: pa.Table.from_pylist(list(records.values()), schema[name]) for name, records in state.items()}


def crosswalk(folder):
    return pq.read_table(folder / "crosswalk.parquet")


@pytest.fixture(scope="module")
def village(city):
    """400 persons, with names of few so that blocks are crowded."""
    return city.drops(400, 23, city.Rates().harsher(3))[0]


@pytest.mark.parametrize("largest", [None, 3])
@given(seed=st.integers(0, 10**6), days=st.integers(1, 3))
@settings(max_examples=8, deadline=None)
def test_changes_one_after_the_other_give_what_a_rebuild_gives(village, tmp_path_factory, largest, seed, days):
    draw, folder = random.Random(seed), tmp_path_factory.mktemp("days")  # noqa: S311 - test data, repeatable by seed
    model = declared("person") if largest is None else tightened(declared("person"), largest)
    schema = {name: table.schema for name, table in village.items()}
    state = {name: rows(table) for name, table in village.items()}
    spare = {name: {key: state[name].pop(key) for key in sorted(state[name])[::7]} for name in state}
    match_with(model, tables_of(schema, state), folder / "0", options=MatchOptions(only="crosswalk"))
    for number in range(days):
        match_changes(folder / f"{number}", as_sent(schema, day(draw, state, spare)), folder / f"{number + 1}")
    frozen = MatchOptions(only="crosswalk", model=folder / "0" / "model.json")
    match_with(model, tables_of(schema, state), folder / "whole", options=frozen)
    assert crosswalk(folder / f"{days}").equals(crosswalk(folder / "whole"))
    for name in ("pairs.left", "pairs.right", "pairs.bits", "nodes.first", "nodes.size", "nodes.settled"):
        one, other = (np.load(folder / last / "state" / f"{name}.npy") for last in (f"{days}", "whole"))
        np.testing.assert_array_equal(one, other, name)
