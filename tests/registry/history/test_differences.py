"""Differences of versions: in random histories the feed leads to the next version, and every version can be asked."""

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry.history.consumer import apply_feed
from registry.history.differences import EVENTS, FEED, HISTORY, POSITIONS, Snapshot, Step, attributes, write_differences
from registry.history.timeline import Change, Event, Past, state_at
from registry.history.times import times
from registry.identities import Past as LastVersion
from registry.identities import assign
from registry.members import Sources
from registry.survivorship import write_golden
from schemas.contract import product_contract
from schemas.rendering.arrow import ARROW_TYPES

AS_OF = dt.date(2026, 4, 30)
POLICE, INSURED = "police.resident", "social_security.insured"
RECORDS = (f"{POLICE}/p0", f"{POLICE}/p1", f"{POLICE}/p2", f"{INSURED}/s0", f"{INSURED}/s1", f"{INSURED}/s2")
NAMES = attributes("person")
CHANGES = product_contract("person_changes")

# One version: each record absent or in a cluster, with a value that it states.
values = st.tuples(st.integers(0, 3), st.sampled_from(["甲", "乙"]), st.sampled_from([None, "1", "2"]))
record = st.one_of(st.none(), values)
version = st.lists(record, min_size=len(RECORDS), max_size=len(RECORDS)).filter(any)
histories = st.tuples(version, st.lists(st.one_of(version, st.integers(0, 2)), max_size=4)).map(lambda h: [h[0], *h[1]])


class Base:
    """Successive versions of a base in a folder of their own; a number instead of records goes back to a version."""

    def __init__(self, folder, accepted, matched):
        self.folder, self.accepted, self.matched = Path(folder), accepted, matched
        self.versions, self.last, self.changes, self.events = [], None, [], []

    def publish(self, made):
        number = len(self.versions) + 1
        snapshot = self.versions[made % len(self.versions)] if isinstance(made, int) else self._snapshot(number, made)
        out, work = self.folder / f"step{number}", self.folder / f"work{number}"
        out.mkdir()
        work.mkdir()
        kinds = write_differences(Step("person", number, AS_OF, self.last, snapshot), out, work)
        for row in pq.read_table(out / HISTORY).to_pylist():
            self.changes.append((row.pop("master_id"), Change(**row)))
        for row in pq.read_table(out / EVENTS).to_pylist():
            self.events.append((row.pop("master_id"), Event(**row)))
        copy = self.last.golden if self.last else None
        self.last = snapshot
        self.versions.append(snapshot)
        return copy, out / FEED, kinds

    def past(self, master):
        return Past(
            [change for one, change in self.changes if one == master],
            [event for one, event in self.events if one == master],
            self.rows(self.last).get(master),
        )

    def rows(self, snapshot):
        """master_id → values as text."""
        with duckdb.connect() as connection:
            texts = connection.read_parquet(str(snapshot.golden)).project("COLUMNS(*)::VARCHAR")
            rows = texts.to_arrow_table().to_pylist()
        return {row["master_id"]: {name: row[name] for name in NAMES} for row in rows}

    def _snapshot(self, number, made):
        folder = self.folder / f"v{number}"
        ids, work = folder / "ids", folder / "work"
        for one in (folder, ids, work):
            one.mkdir()
        stated = {POLICE: [], INSURED: []}
        clusters = {}
        for name, item in zip(RECORDS, made, strict=True):
            if item is None:
                continue
            cluster, value, status = item
            dataset, key = name.split("/")
            day = dt.datetime(2026, 4, number, 12)  # noqa: DTZ001 - local time, as departments send it
            row = {"record_id": key, "name": value, "address": value, "status": status, "updated_at": day}
            stated[dataset].append(row)
            clusters.setdefault(f"c{cluster}", []).append(name)
        tables = self.accepted(folder, stated)
        match = self.matched(folder / "match", clusters) / "crosswalk.parquet"
        found = assign("person", match, self._past(folder), b"key", ids)
        write_golden("person", Sources(found.crosswalk, tables), AS_OF, folder, work)
        shutil.copy(found.ledger, folder / "master_ids.parquet")
        return Snapshot(folder / "data.parquet", folder / "provenance.parquet", found.ledger, found.crosswalk)

    def _past(self, folder):
        """The last version with every id ever given: those of versions gone back from stand retired."""
        if self.last is None:
            return None
        known = pq.read_table(self.last.ledger).to_pylist()
        numbers = {row["sequence"] for row in known}
        for other in self.versions:
            for row in pq.read_table(other.ledger).to_pylist():
                if row["sequence"] not in numbers:
                    numbers.add(row["sequence"])
                    known.append(row | {"state": "retired", "target": None})
        whole = folder / "ledger.parquet"
        known.sort(key=lambda row: row["sequence"])
        pq.write_table(pa.Table.from_pylist(known, pq.read_schema(self.last.ledger)), whole)
        return LastVersion(whole, self.last.crosswalk)


@pytest.fixture
def base(tmp_path, accepted, matched):
    return Base(tmp_path, accepted, matched)


def law(test):
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    phases = [phase for phase in Phase if phase is not Phase.shrink]  # an example takes half a second
    return settings(max_examples=15, phases=phases, suppress_health_check=checks)(given(histories)(test))


@law
def test_a_consumer_that_applies_each_step_has_each_version_exactly(accepted, matched, history):
    with tempfile.TemporaryDirectory() as folder:
        base = Base(folder, accepted, matched)
        last, copy = 0, None
        for number, made in enumerate(history, start=1):
            before, feed, kinds = base.publish(made)
            rows = pq.read_table(feed).to_pylist()
            assert [row["cursor"] for row in rows] == [number * POSITIONS + at for at in range(1, len(rows) + 1)]
            assert all(row["cursor"] > last for row in rows)
            assert sum(kinds.values()) == len(rows)
            last = rows[-1]["cursor"] if rows else last
            out, work = Path(folder) / f"copy{number}.parquet", Path(folder) / f"apply{number}"
            work.mkdir()
            apply_feed("person", copy, feed, out, work)
            assert pq.read_table(out).equals(pq.read_table(base.last.golden))
            said_before = pq.read_table(before).to_pylist() if before else []
            check_rows(rows, {row["master_id"]: row for row in said_before})
            copy = out


def check_rows(rows, before):
    """Each row says what was, what is, and in which attributes the two differ."""
    for row in rows:
        was, now = before.get(row["master_id"]), {name: row[name] for name in NAMES}
        if row["kind"] == "changed":
            named = row["changed"].split(";")
            assert named == [name for name in NAMES if was[name] != now[name]]
            assert named
        assert {name: row[f"{name}_before"] for name in NAMES} == (
            {name: was[name] for name in NAMES} if was else dict.fromkeys(NAMES)
        )
        assert (was is None) == (row["kind"] in ("added", "split", "unmerged"))


@law
def test_every_version_can_be_asked_again_of_the_last_one(accepted, matched, history):
    with tempfile.TemporaryDirectory() as folder:
        base = Base(folder, accepted, matched)
        for made in history:
            base.publish(made)
        everybody = {one for snapshot in base.versions for one in base.rows(snapshot)}
        pasts = {one: base.past(one) for one in everybody}
        for number, snapshot in enumerate(base.versions, start=1):
            there = base.rows(snapshot)
            for one, past in pasts.items():
                state = state_at(past, NAMES, times("person"), number, None)
                assert (state.presence == "present") == (one in there)
                assert state.values == there.get(one, {})


def person(cluster, value, status="1"):
    return cluster, value, status


def feed(base, made):
    _, path, _ = base.publish(made)
    return {row["master_id"]: row for row in pq.read_table(path).to_pylist()}


def happened(base, event):
    return [(master, one.valid_on, one.related) for master, one in base.events if one.event == event]


def test_merged_split_and_unmerged_ids_are_told_with_the_other_one(base):
    apart = [person(0, "甲"), person(1, "乙"), None, None, None, None]
    first, second = feed(base, apart)
    one = feed(base, [person(0, "甲"), person(0, "乙"), None, None, None, None])
    gone = next(row for row in one.values() if row["kind"] == "merged")
    survivor = gone["related_master_id"]
    assert {gone["master_id"], survivor} == {first, second}
    assert one[survivor]["kind"] == "changed"
    assert happened(base, "absorbed") == [(survivor, None, gone["master_id"])]
    back = feed(base, apart)
    assert (back[gone["master_id"]]["kind"], back[gone["master_id"]]["related_master_id"]) == ("unmerged", survivor)
    three = feed(base, [person(0, "甲"), person(1, "乙"), None, person(0, "甲"), None, None])
    assert {row["kind"] for row in three.values()} == {"changed"}
    parted = feed(base, [person(0, "甲"), person(1, "乙"), None, person(2, "甲"), None, None])
    assert [(row["kind"], row["related_master_id"]) for row in parted.values() if row["kind"] != "changed"] == [
        ("split", next(one for one, row in three.items() if row["sources"] == f"{POLICE};{INSURED}"))
    ]
    left = feed(base, [person(0, "甲"), None, None, person(2, "甲"), None, None])
    assert sorted(row["kind"] for row in left.values()) == ["changed", "changed", "removed"]


def test_an_unchanged_base_has_an_empty_feed(base):
    made = [person(0, "甲"), *[None] * 5]
    base.publish(made)
    snapshot = base.last
    out, work = base.folder / "again", base.folder / "work"
    out.mkdir()
    work.mkdir()
    assert write_differences(Step("person", 2, AS_OF, snapshot, snapshot), out, work) == {}
    assert pq.read_table(out / FEED).num_rows == pq.read_table(out / HISTORY).num_rows == 0


def test_a_first_publication_has_a_feed_of_the_columns_of_the_others(base):
    schemas = []
    for value in ("甲", "乙"):
        _, path, _ = base.publish([person(0, value), *[None] * 5])
        read = [pq.read_schema(path.with_name(name)) for name in (FEED, HISTORY, EVENTS)]
        schemas.append([[(field.name, field.type) for field in schema] for schema in read])
    assert schemas[0] == schemas[1]
    assert [name for name, _ in schemas[0][0]] == list(CHANGES.column_names)
    assert [kind for _, kind in schemas[0][0]] == [ARROW_TYPES[one.type] for one in CHANGES.columns]
