"""The functions for SQL say of every master, day and moment what the reading from Python says."""

import datetime as dt
import itertools

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry.history.functions import as_of_functions
from registry.history.reading import as_of
from registry.migration import upgrade
from registry.publication import publish, repair
from storage.engine import create_engine
from tests.registry.history import test_reading as readings
from tests.registry.history.test_reading import CORRECTED, DIED, MOVED, RENAMED, START, at, go_back, master_of, moment

city = readings.city
MARCH = [dt.date(2026, 3, day) for day in (4, 5, 6, 9, 10, 19, 20, 26)]
DAYS = [None, dt.date(1980, 1, 1), *MARCH, dt.date(2026, 4, 9)]


def asked(engine, master, day, known):
    with engine.connect() as connection:
        query = text("SELECT * FROM population.person_as_of(:id, :day, :known)")
        return connection.execute(query, {"id": master, "day": day, "known": known}).one()


def compare(engine, masters, versions):
    """Both readings of everything, as texts."""
    seen = set()
    for master, day, version in itertools.product(masters, DAYS, versions):
        known = None if version is None else moment(version) + dt.timedelta(hours=1)
        row = asked(engine, master, day, known)._asdict()
        with engine.connect() as connection:
            found = as_of(connection, "person", master, valid=day, known=known)
        state = found.state
        assert (row.pop("presence"), row.pop("target"), row.pop("known_version")) == (
            state.presence, state.target, found.version,
        ), (master, day, version)  # fmt: skip
        assert row.pop("master_id") == master
        texts = {name: None if value is None else str(value) for name, value in row.items()}
        assert texts == (state.values or dict.fromkeys(texts)), (master, day, version)
        seen.add(state.presence)
    return seen


def test_both_readings_agree_on_all_that_can_happen(engine, zones, city):
    """Moves, a death with its day corrected, a rename, a correction, a merge and its end, a birth, a rollback."""
    publish(engine, zones, city({"record_id": "p3", "birth_date": dt.date(1990, 1, 1)}))
    merged = master_of(engine, "s0")
    publish(engine, zones, city(MOVED, DIED, RENAMED, CORRECTED))
    late = DIED | {"death_date": dt.date(2026, 3, 6), "updated_at": at(27)}
    born = {"record_id": "p90", "name": "新来", "birth_date": dt.date(2026, 3, 10)}
    older = MOVED | {"address": "丙地", "updated_at": at(10)}
    publish(engine, zones, city(older, late, RENAMED, CORRECTED, born, together=True))
    publish(engine, zones, city(MOVED, RENAMED, CORRECTED, born))
    go_back(engine, to=3, version=5)
    repair(engine, zones)
    masters = [*(master_of(engine, name) for name in ("p0", "p1", "p2", "p3", "p90")), merged, "P0000000A7"]
    assert compare(engine, masters, [None, 1, 2, 3, 4, 5]) == {"present", "gone", "unknown", "not_begun"}


def test_the_functions_take_many_masters_at_once_and_say_what_was_never_recorded(engine, server, zones, city):
    publish(engine, zones, city())
    publish(engine, zones, city(MOVED))
    reader = create_engine(server.url("reader", engine.url.database))
    try:
        with reader.connect() as connection:
            then = connection.execute(
                text(
                    "SELECT count(*) FROM population.person p, population.person_as_of(p.master_id, NULL, :known) a"
                    " WHERE a.address = '甲地'"
                ),
                {"known": moment(1)},
            ).scalar_one()
        row = asked(reader, master_of(reader, "p0"), None, START - dt.timedelta(days=1))
        assert (then, row.presence, row.name) == (12, "not_recorded", None)
    finally:
        reader.dispose()


def test_a_past_that_is_behind_is_no_answer(engine, zones, city):
    publish(engine, zones, city())
    p0 = master_of(engine, "p0")
    publish(engine, zones, city(MOVED))
    go_back(engine, to=1, version=3)
    with pytest.raises(DBAPIError, match="the past is behind the version in force"):
        asked(engine, p0, None, None)


def test_others_may_not_ask_and_an_upgrade_says_nothing_twice(engine):
    with engine.begin() as connection:
        connection.execute(text("COMMENT ON FUNCTION population.person_as_of IS 'of another release'"))
    upgrade(engine)
    may = "SELECT has_function_privilege(:role, 'population.person_as_of(text, date, timestamptz)', 'EXECUTE')"
    with engine.connect() as connection:
        assert not any("CREATE FUNCTION" in one.as_string() for one in as_of_functions(connection))
        for role, allowed in {"sitong_reader": True, "sitong_writer": True, "pg_monitor": False}.items():
            assert connection.execute(text(may), {"role": role}).scalar_one() is allowed
