"""Rollback: any kept version again, in one step, and nobody's id to anybody else afterwards."""

import datetime as dt
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from registry.naming import SCHEMAS
from registry.policy import policy
from registry.publication import PublishRequest, publish
from registry.rollback import kept, roll_back
from storage.errors import BadSpecification, PublicationHeld
from storage.zones import Zones
from tests.registry.conftest import run_after

AS_OF = dt.date(2026, 3, 31)
AT = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
POLICE, INSURED, *_ = policy("person").datasets


@pytest.fixture
def people(tmp_path, accepted, matched):
    """A request over persons by name: `groups` of records, each one person."""

    def make(name, groups, **more):
        folder = tmp_path / name
        records = sorted(record for group in groups for record in group)
        rows = {POLICE: [{"record_id": record, "name": f"名{record}"} for record in records]}
        clusters = {f"c{min(group)}": [f"{POLICE}/{record}" for record in group] for group in groups if group}
        options = {"inputs": {POLICE: name}, "waived": frozenset({"fewer_masters", "attribute_drift"}), "keep": 9}
        return PublishRequest(
            as_of=AS_OF, tables=accepted(folder, rows), person=matched(folder / "match", clusters), at=AT,
            **(options | more),
        )  # fmt: skip

    return make


def rows(engine, query):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def base(engine):
    """What readers of the person base find."""
    return {
        name: sorted(map(repr, rows(engine, f"SELECT * FROM population.{name}")))
        for name in ("person", "person_crosswalk", "provenance", "redirect")
    }


def ids(engine):
    return dict(rows(engine, "SELECT record_id, master_id FROM population.person_crosswalk"))


ONE = [("a", "b"), ("c",), ("d",), ("e",), ("f",)]
TWO = [("a",), ("b",), ("c", "d"), ("e",), ("f",), ("g",)]


def test_readers_find_the_older_version_again(engine, zones, people):
    publish(engine, zones, people("one", ONE))
    first = base(engine)
    publish(engine, zones, people("two", TWO))
    assert base(engine) != first
    done = roll_back(engine, zones, None, AT)
    assert (done.version, done.to.version, done.withdrawn) == (3, 1, (2,))
    assert base(engine) == first
    for product in ("person", "person_crosswalk"):
        assert zones.current(product).readlink().name == "000001"
    assert rows(engine, "SELECT version, status FROM registry.version ORDER BY 1") == [
        (1, "published"), (2, "withdrawn"), (3, "published"),
    ]  # fmt: skip


def test_a_version_whose_tables_went_on_is_loaded_again(engine, zones, people):
    """The second version changes the rows of the first in place; the third one's are its own."""
    many = [(f"x{number}",) for number in range(15)]
    one, two = people("one", [*many, *ONE]), people("two", [*many, ("a",), ("b",), *ONE[1:]])
    three = people("three", [*many, *TWO])
    for request, name, since in ((one, "one", None), (two, "two", one.person), (three, "three", None)):
        run_after(request.person, name, since)
    bases = []
    for request in (one, two, three):
        publish(engine, zones, replace(request, inputs={}))
        bases.append(base(engine))
    partitions = "SELECT product_version, stored FROM registry.version_product ORDER BY version"
    assert rows(engine, partitions) == [(1, None), (2, 1), (3, 3)]
    assert [one.version for one in kept(engine, zones)] == [3, 2, 1]
    for number, (to, stored) in enumerate([(1, 4), (2, 1), (3, 3), (1, 7)]):
        roll_back(engine, zones, to, AT)
        assert base(engine) == bases[to - 1], (number, to)
        assert rows(engine, "SELECT product_version, stored FROM registry.current_product") == [(to, stored)]
        assert rows(engine, "SELECT count(*) > 0 FROM population.provenance") == [(True,)]
    assert publish(engine, zones, replace(three, inputs={})).version == "000008"
    assert base(engine) == bases[2]
    assert [name for (name,) in rows(engine, _PARTITIONS)] == ["person_v7", "person_v8"]


_PARTITIONS = "SELECT relname FROM pg_class WHERE relname ~ '^person_v[0-9]+$' AND relispartition ORDER BY 1"


def test_what_comes_next_continues_and_no_id_is_given_to_anybody_else(engine, zones, people):
    publish(engine, zones, people("one", ONE))
    before = ids(engine)
    publish(engine, zones, people("two", TWO))
    withdrawn = ids(engine)
    roll_back(engine, zones, 1, AT)
    manifest = publish(engine, zones, people("three", [*ONE, ("h",), ("i",)]))
    assert manifest.version == "000004"
    after = ids(engine)
    assert {record: after[record] for record in before} == before
    assert not {after["h"], after["i"]} & set(withdrawn.values())
    publish(engine, zones, people("four", [*ONE, ("g",), ("h",), ("i",)]))
    assert ids(engine)["g"] == withdrawn["g"]  # the record comes back, and with it its id
    assert rows(engine, "SELECT count(*), count(DISTINCT master_id) FROM population.master_id")[0] == (9, 9)


def test_the_ledger_of_the_next_version_holds_every_id_ever_given(engine, zones, people):
    publish(engine, zones, people("one", ONE))
    publish(engine, zones, people("two", TWO))
    roll_back(engine, zones, 1, AT)
    publish(engine, zones, people("three", [*ONE, ("h",)]))
    file = pq.read_table(zones.current("person") / "master_ids.parquet").to_pylist()
    in_database = rows(engine, "SELECT * FROM population.master_id ORDER BY sequence")
    assert [tuple(row.values()) for row in file] == in_database


def test_a_rollback_is_taken_back_by_another(engine, zones, people):
    publish(engine, zones, people("one", ONE))
    publish(engine, zones, people("two", TWO))
    second = base(engine)
    roll_back(engine, zones, 1, AT)
    done = roll_back(engine, zones, 2, AT)
    assert (done.version, done.withdrawn) == (4, (3,))
    assert base(engine) == second
    assert next((one.version, one.status) for one in kept(engine, zones)) == (4, "published")


def test_the_same_records_do_not_come_back_by_themselves(engine, zones, people):
    publish(engine, zones, people("one", ONE))
    publish(engine, zones, people("two", TWO))
    roll_back(engine, zones, 1, AT)
    first, again = base(engine), people("two", TWO)
    with pytest.raises(PublicationHeld, match=r"those of version 2, which was rolled back.*--accept rolled_back"):
        publish(engine, zones, again)
    assert base(engine) == first
    accepted = replace(again, waived=again.waived | {"rolled_back"})
    assert publish(engine, zones, accepted).version == "000004"
    assert publish(engine, zones, replace(again, as_of=dt.date(2026, 4, 2))).version == "000005"


def test_a_withdrawn_version_goes_with_the_next_publication(engine, zones, people):
    publish(engine, zones, people("one", ONE))
    publish(engine, zones, people("two", TWO))
    roll_back(engine, zones, None, AT)
    publish(engine, zones, people("three", [*ONE, ("h",)]))
    assert [one.version for one in kept(engine, zones)] == [4, 3, 1]
    with pytest.raises(BadSpecification, match="version 2 is not kept; expected one of 1, 3, 4"):
        roll_back(engine, zones, 2, AT)


def test_what_cannot_be_gone_back_to_is_refused(engine, zones, people):
    with pytest.raises(BadSpecification, match="nothing has been published"):
        roll_back(engine, zones, None, AT)
    publish(engine, zones, people("one", ONE))
    with pytest.raises(BadSpecification, match="no older version is kept"):
        roll_back(engine, zones, None, AT)
    with pytest.raises(BadSpecification, match="is in force"):
        roll_back(engine, zones, 1, AT)
    publish(engine, zones, people("two", TWO))
    roll_back(engine, zones, None, AT)
    with pytest.raises(BadSpecification, match="no older version is kept"):
        roll_back(engine, zones, None, AT)


def test_an_entity_that_the_older_version_lacks_goes_and_comes_back_with_its_ids(
    engine, zones, people, accepted, matched, tmp_path
):
    publish(engine, zones, people("one", ONE))
    firms = PublishRequest(
        as_of=AS_OF, tables=accepted(tmp_path / "firms", {"commerce.enterprise": [{"record_id": "x", "status": "1"}]}),
        enterprise=matched(tmp_path / "firms/match", {"k": ["commerce.enterprise/x"]}), at=AT,
    )  # fmt: skip
    publish(engine, zones, firms)
    known = rows(engine, "SELECT master_id FROM enterprise.enterprise")
    roll_back(engine, zones, None, AT)
    assert rows(engine, "SELECT * FROM enterprise.enterprise") == []
    assert not zones.current("enterprise").exists()
    publish(engine, zones, firms)
    assert rows(engine, "SELECT master_id FROM enterprise.enterprise") == known


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.one_of(st.just("back"), st.sets(st.sampled_from("abcdefgh"), min_size=4)), min_size=3, max_size=6)
)
def test_an_id_never_changes_hands(new_database, tmp_path, people, steps):
    """Through any series of publications and rollbacks, a number keeps its id, and an id its anchor or none."""
    engine, given_to = new_database(), {}
    zones = Zones(tmp_path / f"home-{engine.url.database}").create()
    for number, step in enumerate(steps):
        if step == "back":
            if len({tuple(one.products.items()) for one in kept(engine, zones)}) > 1:
                roll_back(engine, zones, next(
                    one.version for one in kept(engine, zones) if one.products != kept(engine, zones)[0].products
                ), AT)  # fmt: skip
        else:
            groups = [(record,) for record in sorted(step)]
            publish(engine, zones, people(f"{engine.url.database}-{number}", groups))
            for record, master in ids(engine).items():
                assert given_to.setdefault(master, record) == record  # every record stands alone: its id is its own
        for schema in SCHEMAS.values():
            sequences = [row[0] for row in rows(engine, f"SELECT sequence FROM {schema}.master_id ORDER BY 1")]
            assert sequences == list(range(len(sequences)))
