"""What a publication has the server do beside it: in order, told when it fails, broken off with the publication."""

import time
from contextlib import suppress
from functools import partial

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from registry.beside import beside
from registry.loading import connection_string
from registry.versions import version_transaction

LONG = 120  # seconds that nobody waits for


@pytest.fixture
def connection(engine):
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE done (what int)"))
        connection.commit()
        yield connection


def do(connection, statement):
    connection.execute(text(statement))


def done(connection):
    with connection.begin():
        return connection.execute(text("SELECT what FROM done ORDER BY ctid")).scalars().all()


def run(connection, publication):
    with version_transaction(connection), beside(connection) as server:
        publication(server)


def test_one_thing_is_done_after_another_within_the_transaction(connection):
    def publication(server):
        server.give(partial(do, connection, "INSERT INTO done SELECT 1 FROM pg_sleep(0.2)"))
        server.give(partial(do, connection, "INSERT INTO done VALUES (2)"))
        server.wait()

    run(connection, publication)
    assert done(connection) == [1, 2]


def test_sessions_that_load_are_broken_off_too_and_the_next_one_as_well(connection, engine):
    """The tables of a version are loaded through connections of their own, one after another."""

    def load(seconds):
        for _ in range(2):
            with suppress(psycopg.Error), psycopg.connect(connection_string(engine.url)) as loading:
                loading.execute("INSERT INTO done VALUES (3)")
                loading.execute("SELECT pg_sleep(%s)", [seconds])

    def publication(server):
        server.give(partial(load, LONG))
        time.sleep(0.3)
        raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(connection, publication)
    assert time.monotonic() - begun < LONG / 2
    assert done(connection) == []


@pytest.mark.parametrize("fault", [KeyboardInterrupt, PermissionError])
def test_what_is_under_way_is_broken_off_with_the_publication(connection, fault):
    """Whatever ends it: nobody waits for the server's statement, what was to follow is not begun, nothing stays."""

    def publication(server):
        server.give(partial(do, connection, "INSERT INTO done VALUES (1)"))
        server.give(partial(do, connection, f"SELECT pg_sleep({LONG})"))
        server.give(partial(do, connection, f"SELECT pg_sleep({LONG})"))
        time.sleep(0.3)
        raise fault

    begun = time.monotonic()
    with pytest.raises(fault):
        run(connection, publication)
    assert time.monotonic() - begun < LONG / 2
    assert done(connection) == []


def test_what_the_server_refuses_ends_the_publication(connection):
    def publication(server):
        server.give(partial(do, connection, "INSERT INTO done VALUES (1)"))
        server.give(partial(do, connection, "INSERT INTO nowhere VALUES (1)"))
        server.wait()

    with pytest.raises(ProgrammingError):
        run(connection, publication)
    assert done(connection) == []


def test_nothing_more_is_given_once_the_server_has_refused(connection):
    given = []

    def publication(server):
        server.give(partial(do, connection, "INSERT INTO nowhere VALUES (1)"))
        for attempt in range(100):
            time.sleep(0.02)
            server.give(partial(given.append, attempt))

    with pytest.raises(ProgrammingError):
        run(connection, publication)
    assert len(given) < 100
    assert done(connection) == []


def test_a_lost_connection_ends_the_publication(connection, engine):
    def publication(server):
        session = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with engine.connect() as other:
            do(other, f"SELECT pg_terminate_backend({session:d}, 5000)")
        server.give(partial(do, connection, "INSERT INTO done VALUES (1)"))
        server.wait()

    with pytest.raises(OperationalError):
        run(connection, publication)
    with engine.connect() as another:
        assert done(another) == []
