"""The past in the database: written with each version or not at all, caught up with, and read on both times."""

import datetime as dt
import shutil

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from registry.history.consumer import apply_feed, leads_from, steps
from registry.history.reading import as_of
from registry.policy import policy
from registry.publication import PublishRequest, publish, repair
from storage.errors import BadSpecification, Busy
from storage.manifest import read_manifest

POLICE, INSURED, *_ = policy("person").datasets
START = dt.datetime(2026, 4, 1, 8, tzinfo=dt.UTC)


def moment(version):
    return START + dt.timedelta(days=version - 1)


@pytest.fixture
def city(tmp_path, accepted, matched):
    """Requests: the day's rows of the police, and whether p0 and s0 are one."""
    count = iter(range(1, 100))

    def make(*rows, together=False):
        number = next(count)
        folder = tmp_path / f"day{number}"
        given = {f"p{at}": {"name": f"甲{at}", "address": "甲地", "status": "1"} for at in range(12)}
        for row in rows:
            given[row["record_id"]] = given.get(row["record_id"], {}) | row
        stated = {
            POLICE: [{"record_id": key, **row} for key, row in given.items()],
            INSURED: [{"record_id": "s0", "name": "甲0", "mobile": "1"}],
        }
        clusters = {f"c{key}": [f"{POLICE}/{key}"] for key in given}
        clusters.setdefault("cp0" if together else "cs0", []).append(f"{INSURED}/s0")
        return PublishRequest(
            as_of=moment(number).date(),
            tables=accepted(folder, stated),
            person=matched(folder / "match", clusters),
            at=moment(number),
        )

    return make


def master_of(engine, record):
    with engine.connect() as connection:
        query = text("SELECT master_id FROM population.person_crosswalk WHERE record_id = :record")
        return connection.execute(query, {"record": record}).scalar_one()


def ask(engine, master, version=None, day=None):
    with engine.connect() as connection:
        known = None if version is None else moment(version) + dt.timedelta(hours=1)
        found = as_of(connection, "person", master, valid=day, known=known)
    assert version is None or found.version == version
    return found.state


def at(day):
    return dt.datetime(2026, 3, day, 12)  # noqa: DTZ001 - local time, as departments send it


MOVED = {"record_id": "p0", "address": "乙地", "updated_at": at(20)}
DIED = {"record_id": "p1", "status": "2", "death_date": dt.date(2026, 3, 5), "updated_at": at(25)}
RENAMED = {"record_id": "p2", "name": "丙", "former_name": "甲2", "updated_at": at(10)}
CORRECTED = {"record_id": "p3", "name": "甲参", "birth_date": dt.date(1990, 1, 2), "updated_at": at(11)}


def test_what_happened_is_so_on_its_day_and_known_from_its_version(engine, zones, city):
    publish(engine, zones, city({"record_id": "p3", "birth_date": dt.date(1990, 1, 1)}))
    publish(engine, zones, city(MOVED, DIED, RENAMED, CORRECTED))
    p0, p1, p2, p3 = (master_of(engine, f"p{n}") for n in range(4))
    asked = [("1", dt.date(2026, 3, 30)), ("2", dt.date(2026, 3, 19)), ("2", dt.date(2026, 3, 20))]
    assert [ask(engine, p0, int(v), day).values["address"] for v, day in asked] == ["甲地", "甲地", "乙地"]
    assert [ask(engine, p1, int(v), day).values["status"] for v, day in asked] == ["1", "2", "2"]
    assert ask(engine, p1, 2, dt.date(2026, 3, 4)).values["status"] == "1"
    assert [ask(engine, p2, 2, dt.date(2026, 3, day)).values["name"] for day in (9, 10)] == ["甲2", "丙"]
    assert ask(engine, p3, 2, dt.date(2026, 3, 1)).values["name"] == "甲参"
    assert ask(engine, p3, 1).values["birth_date"] == "1990-01-01"
    assert ask(engine, p3, 2, dt.date(2026, 3, 1)).values["birth_date"] == "1990-01-02"
    with engine.connect() as connection:
        events = connection.execute(
            text("SELECT master_id, event, valid_on FROM population.person_event ORDER BY event")
        )
        assert [tuple(row) for row in events] == [
            (p3, "corrected", None),
            (p1, "died", dt.date(2026, 3, 5)),
            (p0, "moved", dt.date(2026, 3, 20)),
            (p2, "renamed", dt.date(2026, 3, 10)),
        ]


def test_a_merged_id_names_the_survivor_from_then_on(engine, zones, city):
    publish(engine, zones, city())
    merged, survivor = master_of(engine, "s0"), master_of(engine, "p0")
    publish(engine, zones, city(together=True))
    assert ask(engine, merged, 1).values["mobile"] == "1"
    assert (ask(engine, merged, 2).presence, ask(engine, merged, 2).target) == ("gone", survivor)
    assert [ask(engine, survivor, version).values["mobile"] for version in (1, 2)] == [None, "1"]
    early = ask(engine, survivor, 2, dt.date(2026, 1, 1))
    assert early.values["mobile"] == "1"  # who it is became known anew; the telephone did not change
    publish(engine, zones, city())
    assert [ask(engine, merged, version).presence for version in (1, 2, 3)] == ["present", "gone", "present"]


def test_what_was_not_known_is_said(engine, zones, city):
    with engine.connect() as connection, pytest.raises(BadSpecification, match="nothing has been published"):
        as_of(connection, "person", "P000000000")
    publish(engine, zones, city())
    publish(engine, zones, city({"record_id": "p90", "name": "新来"}))
    newcomer = master_of(engine, "p90")
    assert [ask(engine, newcomer, version).presence for version in (1, 2)] == ["unknown", "present"]
    with engine.connect() as connection, pytest.raises(BadSpecification, match="when version 1 was published"):
        as_of(connection, "person", newcomer, known=START - dt.timedelta(hours=1))


def test_readers_may_ask(engine, server, zones, city):
    from storage.engine import create_engine

    publish(engine, zones, city())
    publish(engine, zones, city(MOVED))
    reader = create_engine(server.url("reader", engine.url.database))
    try:
        assert ask(reader, master_of(reader, "p0"), 1).values["address"] == "甲地"
    finally:
        reader.dispose()


def go_back(engine, to, version):
    """What a rollback commits: a version of its own that puts an older one in force."""
    with engine.begin() as connection:
        for statement in (
            (
                "INSERT INTO registry.version SELECT :version, :at, 'published', as_of, inputs_hash, counts, manifest"
                " FROM registry.version WHERE version = :to"
            ),
            (
                "INSERT INTO registry.version_product SELECT :version, product, product_version, inputs_hash, stored"
                " FROM registry.version_product WHERE version = :to"
            ),
            "UPDATE registry.version SET status = 'withdrawn' WHERE version > :to AND version < :version",
        ):
            connection.execute(text(statement), {"to": to, "version": version, "at": moment(version)})


def test_a_rollback_is_a_step_of_the_past_and_of_the_feed(engine, zones, city, tmp_path):
    publish(engine, zones, city())
    p0 = master_of(engine, "p0")
    publish(engine, zones, city(MOVED))
    go_back(engine, to=1, version=3)
    with pytest.raises(Busy, match="behind the version in force"):
        ask(engine, p0)
    repair(engine, zones)
    assert [ask(engine, p0, version).values["address"] for version in (1, 2, 3)] == ["甲地", "乙地", "甲地"]
    found = steps(zones, "person", after=0)
    assert [(one.parent.name, leads_from(one)) for one in found] == [("000001", None), ("000002", 1), ("000003", 2)]
    copy = None
    for feed in found:
        out, work = tmp_path / f"copy{feed.parent.name}.parquet", tmp_path / f"work{feed.parent.name}"
        work.mkdir()
        apply_feed("person", copy, feed, out, work)
        copy = out
        to = read_manifest(feed.parent).facts["to"]
        assert pq.read_table(out).equals(pq.read_table(zones.published("person", str(to)) / "data.parquet"))


def test_where_the_files_are_gone_the_past_begins_anew(engine, zones, city):
    publish(engine, zones, city())
    p0 = master_of(engine, "p0")
    publish(engine, zones, city(MOVED))
    go_back(engine, to=1, version=3)
    shutil.rmtree(zones.published("person", "000002"))
    zones.current("person").unlink()
    repair(engine, zones)
    assert ask(engine, p0, 3).values["address"] == "甲地"
    with pytest.raises(BadSpecification, match="when version 3 was published"):
        ask(engine, p0, 2)
