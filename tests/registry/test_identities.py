"""Ids stay: laws over random histories of clusterings, an obvious slow version beside them, and the cases by name."""

import random
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.identities import Past, assign
from registry.policy import policy
from storage.errors import BadSpecification

KEY = b"key"
RECORDS = tuple(
    f"{dataset}/{number}"
    for dataset in ("police.resident", "social_security.insured", "tax.natural_person")
    for number in range(3)
)

# A history: for each version, the cluster of each record, or None where the record is absent.
labels = st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=len(RECORDS), max_size=len(RECORDS))
histories = st.lists(labels.filter(lambda found: any(item is not None for item in found)), min_size=1, max_size=4)


def clusters_of(found, names=None):
    names = names or {number: f"c{number}" for number in range(6)}
    result = {}
    for record, label in zip(RECORDS, found, strict=True):
        if label is not None:
            result.setdefault(names[label], []).append(record)
    return result


class World:
    """Successive versions in a folder of their own."""

    def __init__(self, folder, matched, shuffle=None):
        self.folder, self.matched, self.shuffle = Path(folder), matched, shuffle
        self.past, self.count, self.last = None, 0, None

    def step(self, clusters):
        self.count += 1
        match = self.matched(self.folder / f"match{self.count}", clusters) / "crosswalk.parquet"
        if self.shuffle is not None:
            table = pq.read_table(match)
            order = list(range(table.num_rows))
            random.Random(self.shuffle).shuffle(order)  # noqa: S311 - an order, no secret
            pq.write_table(table.take(order), match)
        out = self.folder / f"out{self.count}"
        out.mkdir()
        self.last = assign("person", match, self.past, KEY, out)
        self.past = Past(self.last.ledger, self.last.crosswalk)
        return self

    @property
    def ids(self):
        rows = pq.read_table(self.last.crosswalk).to_pylist()
        return {f"{row['source']}.{row['dataset']}/{row['record_id']}": row["master_id"] for row in rows}

    @property
    def ledger(self):
        return pq.read_table(self.last.ledger).to_pylist()

    def target(self, master):
        return next(row["target"] for row in self.ledger if row["master_id"] == master)


@pytest.fixture
def world(tmp_path, matched):
    return World(tmp_path, matched)


def anchor(row):
    return f"{row['source']}.{row['dataset']}/{row['record_id']}"


def trust(record):
    dataset, _, number = record.partition("/")
    return policy("person").datasets.index(dataset), number


def slow(ledger, previous, clusters):
    """The rule as one would say it, over sets: (record → sequence, sequence → state, sequence → anchor)."""
    home = {record: name for name, records in clusters.items() for record in records}
    anchors = {row["sequence"]: anchor(row) for row in ledger}
    state = {row["sequence"]: row["state"] for row in ledger}
    taken = set(anchors.values())
    for sequence, record in list(anchors.items()):
        if record not in home and state[sequence] == "live":
            rest = [other for other, owner in previous.items() if owner == sequence and other in home]
            if rest:
                anchors[sequence] = min(rest, key=lambda other: (other in taken, trust(other)))
    bearer = {}
    for name, records in clusters.items():
        claims = [sequence for sequence, record in anchors.items() if record in records]
        living = [sequence for sequence in claims if state[sequence] == "live"]
        bearer[name] = min(living or claims, default=None)
    founders = {name: min(records, key=trust) for name, records in clusters.items() if bearer[name] is None}
    following = len(ledger)
    for name, record in sorted(founders.items(), key=lambda item: trust(item[1])):
        bearer[name], anchors[following] = following, record
        following += 1
    return {record: bearer[name] for record, name in home.items()}, anchors


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_laws_over_a_history(matched, history):
    with tempfile.TemporaryDirectory() as folder:
        world, ledger, previous = World(folder, matched), [], {}
        for found in history:
            clusters = clusters_of(found)
            expected, anchors = slow(ledger, previous, clusters)
            world.step(clusters)
            now = {row["sequence"]: row for row in world.ledger}
            live = {row["master_id"]: row["sequence"] for row in world.ledger if row["state"] == "live"}
            assert {record: live[master] for record, master in world.ids.items()} == expected
            assert {sequence: anchor(row) for sequence, row in now.items()} == anchors
            assert len({row["master_id"] for row in world.ledger}) == len(now)  # none is given twice
            assert all(now[row["sequence"]]["master_id"] == row["master_id"] for row in ledger)  # none is lost
            assert all((row["target"] in live) == (row["state"] == "merged") for row in world.ledger)  # one step
            ledger, previous = world.ledger, expected


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories, st.integers(0, 99))
def test_neither_the_order_of_rows_nor_the_names_of_clusters_matter(matched, history, seed):
    names = [f"other{number}" for number in range(6)]
    random.Random(seed).shuffle(names)  # noqa: S311 - an order, no secret
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        plain, shuffled = World(one, matched), World(two, matched, shuffle=seed)
        for found in history:
            plain.step(clusters_of(found))
            shuffled.step(clusters_of(found, dict(enumerate(names))))
        assert plain.ids == shuffled.ids
        assert plain.ledger == shuffled.ledger


A, B, C = "police.resident/a", "police.resident/b", "tax.natural_person/c"


def test_the_same_clusters_again_change_nothing(world):
    before = world.step({"x": [A, C], "y": [B]}).ids
    assert world.step({"p": [B], "q": [C, A]}).ids == before
    assert pq.read_metadata(world.last.changes).num_rows == 0
    assert (world.last.created, world.last.merged, world.last.split) == (0, 0, 0)


def test_on_a_merge_the_older_id_survives_and_the_other_redirects(world):
    before = world.step({"x": [A], "y": [B]}).ids
    world.step({"x": [A, B]})
    assert set(world.ids.values()) == {before[A]}
    assert world.target(before[B]) == before[A]
    assert world.last.merged == 1


def test_redirects_of_redirects_resolve_in_one_step(world):
    before = world.step({"x": [A], "y": [B], "z": [C]}).ids
    world.step({"x": [A], "y": [B, C]})
    world.step({"x": [A, B, C]})
    assert world.target(before[C]) == world.target(before[B]) == before[A]


def test_on_a_split_the_id_stays_with_its_anchor(world):
    before = world.step({"x": [A, B, C]}).ids
    world.step({"x": [A], "y": [B, C]})
    assert world.ids[A] == before[A]
    assert world.ids[B] == world.ids[C] != before[A]
    assert (world.last.split, world.last.created) == (1, 1)


def test_unmerge_restores_the_merged_id(world):
    before = world.step({"x": [A], "y": [B, C]}).ids
    world.step({"x": [A, B, C]})
    assert world.step({"x": [A], "y": [B, C]}).ids == before
    assert world.last.revived == 1


def test_an_id_whose_records_are_gone_retires_and_is_never_given_to_others(world):
    before = world.step({"x": [A], "y": [B]}).ids
    world.step({"x": [A]})
    world.step({"x": [A], "z": [C]})
    assert world.ids[C] not in before.values()
    assert world.last.retired == 0
    assert world.step({"x": [A], "y": [B]}).ids == before  # its own record brings it back


def test_the_role_of_a_lost_anchor_passes_on(world):
    before = world.step({"x": [A, C]}).ids
    assert world.step({"x": [C]}).ids[C] == before[A]
    assert world.step({"x": [C], "y": [A]}).ids == {C: before[C], A: world.ids[A]}
    assert world.ids[A] != before[A]


def test_a_merged_id_follows_its_target_when_its_anchor_is_gone(world):
    before = world.step({"x": [A], "y": [B], "z": [C]}).ids
    world.step({"x": [A], "y": [B, C]})
    world.step({"x": [A, B]})  # C's record is deleted while its id redirects to B's, which merges into A's
    assert world.target(before[C]) == before[A]


def test_records_of_another_entity_are_refused(world):
    with pytest.raises(BadSpecification, match="do not make up the person base"):
        world.step({"x": ["commerce.enterprise/1"]})
