"""Matching what changed: whatever the changes and their order, the result is that of matching everything at once."""

import json
import random
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.incremental.changes import Withdrawn
from matching.incremental.retraining import match_retrained
from matching.incremental.run import Sent, match_changes
from matching.model import declared
from matching.run import MatchOptions, match_with
from storage.errors import BadSpecification

NOBODY = pa.array([], pa.string())
ONLY = MatchOptions(only="crosswalk")


def tightened(model, largest):
    """The model with blocks so small that most are paired along a window."""
    rules = tuple(rule.model_copy(update={"largest": largest}) for rule in model.blocking)
    return model.model_copy(update={"blocking": rules})


def rows(table):
    return {row["record_id"]: row for row in table.to_pylist()}


def altered(draw, row, others):
    """A record with some of its values lost or taken from another one."""
    row, other = dict(row), draw.choice(others)
    for column in draw.sample(sorted(set(row) - {"record_id"}), draw.randint(1, 3)):
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
def drawn(city, trade_register):
    """Some 400 persons with three times the errors, and 250 enterprises."""
    return {
        "person": city.drops(400, 23, city.Rates().harsher(3))[0],
        "enterprise": trade_register.register(23, 250).tables(),
    }


class Days:
    """The drawing of one entity, day by day, with the model that matched the first."""

    def __init__(self, tables, model, folder):
        self.schema = {name: table.schema for name, table in tables.items()}
        self.state = {name: rows(table) for name, table in tables.items()}
        self.spare = {name: {key: held.pop(key) for key in sorted(held)[::7]} for name, held in self.state.items()}
        self.model, self.folder = model, folder
        match_with(model, tables_of(self.schema, self.state), folder / "0", options=ONLY)

    def __repr__(self):
        return "Days"

    def live(self, draw, days):
        for number in range(days):
            sent = as_sent(self.schema, day(draw, self.state, self.spare))
            match_changes(self.folder / f"{number}", sent, self.folder / f"{number + 1}")

    def rebuild(self):
        frozen = MatchOptions(only="crosswalk", model=self.folder / "0" / "model.json")
        match_with(self.model, tables_of(self.schema, self.state), self.folder / "whole", options=frozen)


@pytest.mark.parametrize("entity", ["person", "enterprise"])
@pytest.mark.parametrize("largest", [None, 3])
@pytest.mark.parametrize("seed", range(4))
def test_changes_one_after_the_other_give_what_a_rebuild_gives(drawn, tmp_path, entity, largest, seed):
    draw, days = random.Random(f"{entity} {largest} {seed}"), 1 + seed % 3  # noqa: S311 - test data, repeatable by seed
    model = declared(entity) if largest is None else tightened(declared(entity), largest)
    lived = Days(drawn[entity], model, tmp_path)
    lived.live(draw, days)
    lived.rebuild()
    assert crosswalk(tmp_path / f"{days}").equals(crosswalk(tmp_path / "whole"))
    for name in ("pairs.left", "pairs.right", "pairs.bits", "nodes.first", "nodes.size", "nodes.settled"):
        one, other = (np.load(tmp_path / last / "state" / f"{name}.npy") for last in (f"{days}", "whole"))
        np.testing.assert_array_equal(one, other, name)


def test_a_snapshot_takes_away_what_it_lacks_and_equal_rows_change_nothing(drawn, tmp_path):
    tables, name = drawn["person"], "tax.natural_person"
    match_with(declared("person"), tables, tmp_path / "0", options=ONLY)
    rest = tables[name].slice(0, len(tables[name]) - 5)
    summary = match_changes(tmp_path / "0", {name: Sent(rest, Withdrawn(NOBODY, others=True))}, tmp_path / "1")
    assert (summary.added, summary.replaced, summary.removed) == (0, 0, 5)
    assert summary.records[name] == len(rest)
    assert len(crosswalk(tmp_path / "1")) == sum(map(len, tables.values())) - 5


def test_a_dataset_that_comes_later_takes_its_place(drawn, tmp_path):
    tables, name = dict(drawn["person"]), "social_security.insured"
    late = tables.pop(name)
    match_with(declared("person"), tables, tmp_path / "0", options=ONLY)
    match_changes(tmp_path / "0", {name: Sent(late, Withdrawn(NOBODY))}, tmp_path / "1")
    frozen = MatchOptions(only="crosswalk", model=tmp_path / "0" / "model.json")
    match_with(declared("person"), tables | {name: late}, tmp_path / "whole", options=frozen)
    assert crosswalk(tmp_path / "1").equals(crosswalk(tmp_path / "whole"))


def test_a_state_beside_another_trained_model_is_refused(tmp_path, drawn):
    tables = drawn["person"]
    match_with(declared("person"), tables, tmp_path / "0", options=ONLY)
    part = {name: table.slice(0, len(table) // 2) for name, table in tables.items()}
    match_with(declared("person"), part, tmp_path / "1", options=ONLY)
    shutil.rmtree(tmp_path / "1" / "state")
    shutil.copytree(tmp_path / "0" / "state", tmp_path / "1" / "state")
    with pytest.raises(BadSpecification, match="do not belong together"):
        match_changes(tmp_path / "1", {}, tmp_path / "2")


def test_a_folder_without_a_state_is_refused(tmp_path, drawn):
    match_with(declared("person"), drawn["person"], tmp_path / "0", options=ONLY)
    (tmp_path / "0" / "state" / "manifest.json").unlink()
    with pytest.raises(BadSpecification, match="keeps no state"):
        match_changes(tmp_path / "0", {}, tmp_path / "1")


def test_training_anew_on_the_same_records_changes_no_link(drawn, tmp_path):
    match_with(declared("person"), drawn["person"], tmp_path / "0", options=ONLY)
    found = match_retrained(tmp_path / "0", {}, tmp_path / "1")
    assert (found.joined, found.parted) == (0, 0)
    assert crosswalk(tmp_path / "0").equals(crosswalk(tmp_path / "1"))
    assert pq.read_metadata(tmp_path / "1" / "review.parquet").num_rows == found.summary.review_pairs


def test_training_anew_names_every_link_on_which_the_models_differ(drawn, tmp_path):
    strict = declared("person").model_copy(update={"link": 0.999999})
    match_with(strict, drawn["person"], tmp_path / "0", options=ONLY)
    content = json.loads((tmp_path / "0" / "model.json").read_text())
    content["trained"]["prior"] *= 1e-3  # as of a model that was trained on far more people
    (tmp_path / "0" / "model.json").write_text(json.dumps(content))
    frozen = MatchOptions(only="crosswalk", model=tmp_path / "0" / "model.json")
    match_with(strict, drawn["person"], tmp_path / "old", options=frozen)
    found = match_retrained(tmp_path / "old", {}, tmp_path / "new")
    changes = pq.read_table(tmp_path / "new" / "link_changes.parquet")
    assert found.joined > 0
    assert changes.num_rows == found.joined + found.parted
    masters = [masters_of(tmp_path / name) for name in ("old", "new")]
    for row in changes.to_pylist():
        left, right = (
            (row[f"{side}_source"], row[f"{side}_dataset"], row[f"{side}_record_id"]) for side in ("left", "right")
        )
        together = [one[left] == one[right] for one in masters]
        assert together == [row["change"] == "parted", row["change"] == "joined"]


def masters_of(folder):
    return {
        (row["source"], row["dataset"], row["record_id"]): row["master_id"] for row in crosswalk(folder).to_pylist()
    }
