"""Weeks of records, judgements, publications and rollbacks in any order, and the laws that hold through all of it.

A match that honours judgements is stood in for by one that puts records of one name together; everything after it is
the registry itself on a real PostgreSQL.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from registry.history.consumer import apply_feed, leads_from, steps
from registry.judgements import acts, ledger
from registry.judgements.judgement import Author, RecordKey, override, suppress
from registry.publication import PublishRequest, publish
from registry.rollback import kept, roll_back
from storage.manifest import read_manifest
from storage.zones import Zones
from tests.registry.conftest import run_after
from tests.registry.test_publication import AS_OF, AT, POLICE, rows

STEWARD = Author("wang", "paper file")
RECORDS = [f"r{number}" for number in range(8)]
STILL = [f"still{number}" for number in range(60)]  # nobody does anything to them: most of a base
WAIVED = frozenset({"fewer_masters", "attribute_drift", "source_coverage", "rolled_back"})

pick = st.integers(0, 99)
act = st.one_of(
    st.tuples(st.just("merge"), pick, pick), st.tuples(st.just("split"), pick, pick),
    st.tuples(st.just("unmerge"), pick), st.tuples(st.just("override"), pick, st.sampled_from(["判甲", "判乙"])),
    st.tuples(st.just("suppress"), pick), st.tuples(st.just("withdraw"), pick),
    st.tuples(st.just("rename"), pick, st.sampled_from(["甲", "乙", "丙"])), st.tuples(st.just("gone"), pick),
)  # fmt: skip
week = st.lists(
    st.one_of(
        st.tuples(st.just("changes"), st.lists(act, max_size=4)),
        st.tuples(st.just("whole"), st.lists(act, max_size=3)),
        st.tuples(st.just("back"), st.just([])),
    ),
    min_size=3, max_size=6,
)  # fmt: skip


class World:
    """What departments state, and the base that is made of it and of the ledger."""

    def __init__(self, engine, zones, folder, make):
        self.engine, self.zones, self.folder, (self.accepted, self.matched) = engine, zones, folder, make
        self.names = {record: "甲乙丙"[at % 3] + str(at) for at, record in enumerate(RECORDS)}
        self.number, self.since, self.ever = 0, None, {}

    def judge(self, kind, *chosen):
        """One act of a steward; what it needs may not be there."""
        with self.engine.begin() as connection:
            known = connection.execute(text("SELECT DISTINCT master_id FROM population.person ORDER BY 1")).scalars()
            masters, held = list(known), ledger.read(connection)
            taken = {one.said.withdraws for one in held}
            free = [one.number for one in held if one.said.kind != "withdraw" and one.number not in taken]
            said = []
            if kind == "withdraw" and free:
                ledger.take_back(connection, STEWARD, [free[chosen[0] % len(free)]], AT)
            elif kind == "suppress":
                said = [suppress(RecordKey.parse(f"{POLICE}/{RECORDS[chosen[0] % len(RECORDS)]}"))]
            elif masters and kind in ("merge", "split", "unmerge", "override"):
                one = masters[chosen[0] % len(masters)]
                records = acts.records_of(connection, "person", one)
                if kind == "override":
                    said = [override(one, "name", chosen[1])]
                elif kind == "merge" and (other := masters[chosen[1] % len(masters)]) != one:
                    said = acts.merge(records, acts.records_of(connection, "person", other))
                elif kind == "split" and len(records) > 1:
                    said = acts.split(records[:1], records[1:])
                elif kind == "unmerge" and (links := acts.unmerge(ledger.live(connection), records)):
                    ledger.take_back(connection, STEWARD, links, AT)
            if said:
                ledger.add(connection, STEWARD, said, AT)

    def groups(self, live):
        """Records of one name and those of links together, never those of a not-link, by strongest first."""
        suppressed = {one.record_id for one in live.suppressed}
        group = {record: {record} for record in [*self.names, *STILL] if record not in suppressed}
        apart = [(one.said.record.record_id, one.said.other.record_id) for one in live.not_links]

        def join(one, other):
            if one not in group or other not in group or group[one] is group[other]:
                return
            together = group[one] | group[other]
            if not any(a in together and b in together for a, b in apart):
                for record in together:
                    group[record] = together

        for said in live.links:
            join(said.said.record.record_id, said.said.other.record_id)
        for one in self.names:
            for other in self.names:
                if self.names[one][0] == self.names[other][0] and int(one[1:]) % 2 == int(other[1:]) % 2:
                    join(one, other)
        return {min(records): sorted(records) for records in group.values()}

    def publish(self, way):
        self.number += 1
        with self.engine.begin() as connection:
            live = ledger.live(connection).of("person")
        place = self.folder / str(self.number)
        stated = [{"record_id": key, "name": name} for key, name in self.names.items()]
        stated += [{"record_id": key, "name": f"常{key}"} for key in STILL]
        groups = self.groups(live)
        matched = {record for records in groups.values() for record in records}
        tables = self.accepted(place, {POLICE: [row for row in stated if row["record_id"] in matched]})
        clusters = {f"c{key}": [f"{POLICE}/{record}" for record in records] for key, records in groups.items()}
        match = self.matched(place / "match", clusters)
        run_after(match, f"run{self.number}", self.since if way == "changes" else None)
        touch(match, self.names, self.since)
        request = PublishRequest(as_of=AS_OF, tables=tables, person=match, at=AT, keep=99, waived=WAIVED)
        publish(self.engine, self.zones, request)
        self.since = match
        return live, {record: key for key, of in groups.items() for record in of}

    def back(self):
        found = kept(self.engine, self.zones)
        others = [one for one in found if not one.is_as(found[0])]
        if others:
            roll_back(self.engine, self.zones, others[0].version, AT)
            self.since = None


def touch(match: Path, names, since) -> None:
    """A record that changed in any column is touched too; here all that may change are."""
    file = match / "touched.parquet"
    if since is not None and file.exists():
        source, dataset = POLICE.split(".")
        there = pq.read_table(file).to_pylist()
        every = {(row["source"], row["dataset"], row["record_id"]) for row in there}
        every |= {(source, dataset, record) for record in names}
        columns = zip(*sorted(every), strict=True)
        pq.write_table(pa.table(dict(zip(("source", "dataset", "record_id"), columns, strict=True))), file)


@pytest.fixture
def world(new_database, tmp_path, accepted, matched):
    def make():
        engine = new_database()
        name = str(engine.url.database)
        return World(engine, Zones(tmp_path / f"home-{name}").create(), tmp_path / name, (accepted, matched))

    return make


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(week=week)
def test_the_laws_hold_through_any_weeks(world, week, tmp_path):
    here, copy, at = world(), None, 0
    here.publish("whole")
    for way, doings in week:
        for kind, *chosen in doings:
            if kind == "rename":
                record = sorted(here.names)[chosen[0] % len(here.names)]
                here.names[record] = chosen[1] + here.names[record][1:]
            elif kind == "gone" and len(here.names) > 4:
                del here.names[sorted(here.names)[chosen[0] % len(here.names)]]
            else:
                here.judge(kind, *chosen)
        if way == "back":
            here.back()
        else:
            judged_state_is_published(here, *here.publish(way))
        ids_never_change_hands(here)
        copy, at = the_feed_leads_to_the_base(here, copy, at, tmp_path)


def test_both_ways_are_taken(world):
    here = world()
    for way, since in (("whole", None), ("changes", "000001"), ("changes", "000002"), ("whole", None)):
        here.judge("merge", here.number, here.number + 3)
        here.publish(way)
        assert read_manifest(here.zones.current("person")).facts["since"] == since


def judged_state_is_published(here, live, groups):
    """Who is together, who is left out and what is overridden is what the ledger and the evidence say."""
    found = rows(here.engine, "SELECT record_id, master_id FROM population.person_crosswalk")
    assert {record for record, _ in found} == set(groups)
    master = dict(found)
    for one, other in zip(list(groups), list(groups)[1:], strict=False):
        assert (master[one] == master[other]) == (groups[one] == groups[other])
    for said in live.not_links:
        one, other = said.said.record.record_id, said.said.other.record_id
        assert one not in master or other not in master or master[one] != master[other]
    names = dict(rows(here.engine, "SELECT master_id, name FROM population.person"))
    target = dict(rows(here.engine, "SELECT master_id, target FROM population.redirect"))
    last = {target.get(key, key): said for (key, _), said in sorted(live.values.items(), key=lambda one: one[1].number)}
    for key, said in last.items():
        assert key not in names or names[key] == said.said.value


def ids_never_change_hands(here):
    """An id stays with its number for ever; redirects lead in one step to who is there."""
    given = dict(rows(here.engine, "SELECT master_id, sequence FROM population.master_id"))
    assert here.ever.items() <= given.items()
    assert sorted(given.values()) == list(range(len(given)))
    here.ever = given
    live = {one for (one,) in rows(here.engine, "SELECT master_id FROM population.person")}
    states = dict(rows(here.engine, "SELECT master_id, state FROM population.master_id"))
    assert {key for key, state in states.items() if state == "live"} == live
    for merged, target in rows(here.engine, "SELECT master_id, target FROM population.redirect"):
        assert (states[merged], target in live) == ("merged", True)


def the_feed_leads_to_the_base(here, copy, at, tmp_path):
    """The copy with every new step applied is the base, in the file and in the database."""
    for feed in steps(here.zones, "person", after=at):
        assert (leads_from(feed) is None) == (copy is None)
        at = int(feed.parent.name)
        out, work = (tmp_path / f"{here.engine.url.database}-{at}{ending}" for ending in (".parquet", "-work"))
        work.mkdir()
        apply_feed("person", copy, feed, out, work)
        copy = out
    served = pq.read_table(here.zones.current("person") / "data.parquet")
    assert pq.read_table(copy).equals(served)
    in_database = rows(here.engine, "SELECT * FROM population.person ORDER BY master_id")
    assert in_database == [tuple(row.values()) for row in served.to_pylist()]
    return copy, at
