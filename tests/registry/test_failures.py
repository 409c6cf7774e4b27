"""What befalls a publication: the server killed or the connection cut at every step, the disk full at every file.

Each time what was published is served and whole, the error says so, and the same call afterwards ends as if nothing had
happened.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from registry.migration import upgrade
from registry.naming import SCHEMAS
from registry.publication import PublishRequest, publish, repair
from registry.rollback import roll_back
from storage.engine import create_engine
from storage.errors import Busy, ContractBroken, SourceUnavailable
from storage.manifest import read_manifest
from storage.zones import Zones
from tests.databases import make_database, quick_server
from tests.registry import test_publication as publications
from tests.registry.test_publication import AS_OF, AT, served

city, companies = publications.city, publications.companies

STEPS = (
    "repaired", "person ids assigned", "person golden records made", "enterprise ids assigned",
    "enterprise golden records made", "checked", "person written", "enterprise written",
    "relations written", "person loaded",
    "enterprise loaded", "relations loaded", "committed", "pointed",
)  # fmt: skip
"""Of a publication of both entities; after `pruned` nothing is left to be done."""


@pytest.fixture
def both(city, companies):
    """Requests over both entities: those after the first change few persons, and make the enterprises whole."""
    first = city("one")

    def make(name, **more):
        request = first if name == "one" else city(name, since=first, **more)
        further = {
            "enterprise": companies.enterprise, "tables": {**request.tables, **companies.tables}, "keep": 1,
            "inputs": {"commerce.enterprise": name},
        }  # fmt: skip
        return PublishRequest(**(vars(request) | further))

    return make


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """A server of its own that a test may kill."""
    with quick_server(tmp_path_factory.mktemp("mortal") / "postgres") as running:
        yield running


def postmaster(server):
    return json.loads((server._folder / "server.json").read_text("utf-8"))["pid"]


def killed(server):
    """Kill PostgreSQL as kill -9 does, and wait until it is gone."""
    process = postmaster(server)
    os.kill(process, signal.SIGKILL)
    with suppress(FileNotFoundError, ProcessLookupError):  # what reading says of a process that has just gone
        while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)


def cut(engine):
    """End all other sessions of a database."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
            )
        )


def at(step, act):
    return lambda name: act() if name == step else None


def in_database(state):
    """The part of what is served that lies in the database's views."""
    return {
        name: rows
        for name, rows in state.items()
        if isinstance(name, tuple) and name[1] in ("registry", *SCHEMAS.values())
    }


def test_the_steps_are_all_there_are(engine, zones, both):
    found = []
    publish(engine, zones, both("one"), on_step=found.append)
    assert found == [*STEPS, "pruned"]


@pytest.mark.parametrize("way", ["whole", "changes"])
def test_the_server_killed_at_any_step(mortal, tmp_path, both, way):
    """Of the persons few change. Where the enterprises are made whole, so are the relations."""
    request, prepared = both("two", together=(1,)), Zones(tmp_path / "prepared").create()
    if way == "changes":
        request = replace(request, inputs={"commerce.enterprise": "one"})
    steps = [step for step in STEPS if way == "whole" or not step.startswith("enterprise")]
    mortal.ensure_database(f"prepared_{way}")
    engine = create_engine(mortal.url("owner", f"prepared_{way}"))
    upgrade(engine)
    publish(engine, prepared, both("one"))
    before = served(engine, prepared)
    engine.dispose()

    def copied(name):
        shutil.copytree(prepared.home, tmp_path / name, symlinks=True)
        make_database(mortal, name, template=f"prepared_{way}")
        return create_engine(mortal.url("owner", name)), Zones(tmp_path / name)

    engine, zones = copied(f"undisturbed_{way}")
    publish(engine, zones, request)
    expected = served(engine, zones)
    assert read_manifest(zones.current("person")).facts["since"] == "000001"
    assert publications.rows(engine, "SELECT stored FROM registry.current_relations") == [(2 if way == "whole" else 1,)]
    engine.dispose()
    for number, step in enumerate(steps):
        engine, zones = copied(f"killed_{way}_{number}")
        with pytest.raises(SourceUnavailable, match="what was published before stays in force"):
            publish(engine, zones, request, on_step=at(step, lambda: killed(mortal)))
        engine.dispose()
        mortal.stop()
        mortal.start()
        engine = create_engine(mortal.url("owner", f"killed_{way}_{number}"))
        done = number >= steps.index("committed")
        assert in_database(served(engine, zones)) == in_database(expected if done else before), step
        assert publish(engine, zones, request).version == "000002"
        assert served(engine, zones) == expected, step
        engine.dispose()


def test_the_connection_cut_at_any_step(engine, zones, both, copied):
    publish(engine, zones, both("one"))
    before, request = served(engine, zones), both("two", together=(1,))
    for step in STEPS:
        one, there = copied(engine, zones)
        with pytest.raises(SourceUnavailable, match="what was published before stays in force"):
            publish(one, there, request, on_step=at(step, lambda one=one: cut(one)))
        one.dispose()
        if STEPS.index(step) < STEPS.index("committed"):
            repair(one, there)
            assert served(one, there) == before, step
        assert publish(one, there, request).version == "000002", step


LIMITED = """
import datetime as dt, json, os, resource, sys
from pathlib import Path
from registry.publication import PublishRequest, publish
from storage.engine import create_engine
from storage.errors import SitongError
from storage.zones import Zones

job = json.load(sys.stdin)
tables = {name: Path(path) for name, path in job["tables"].items()}
folders = {name: Path(path) for name, path in job["folders"].items()}
at, as_of = dt.datetime.fromisoformat(job["at"]), dt.date.fromisoformat(job["as_of"])
request = PublishRequest(as_of=as_of, tables=tables, at=at, keep=1, **folders)
for limit in job["limits"]:
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            publish(create_engine(job["url"]), Zones(Path(job["home"])), request)
        except SitongError as error:
            print(type(error).__name__, error.what, flush=True)
        except BaseException as error:
            print("unforeseen", type(error).__name__, error, flush=True)
        else:
            print("published", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def limited(engine, zones, request, limits):
    """What publications tell that may write files of some bytes only, as a full disk allows them."""
    job = {
        "url": engine.url.render_as_string(hide_password=False), "home": str(zones.home), "limits": limits,
        "tables": {name: str(path) for name, path in request.tables.items()},
        "folders": {entity: str(path.parent) for entity, path in request.matches().items()},
        "as_of": AS_OF.isoformat(), "at": AT.isoformat(),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], input=json.dumps(job), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


FULL = "SourceUnavailable a file cannot be written: the disk is full, or a quota or limit is reached"


def test_the_disk_full_at_any_file(engine, zones, both):
    """A limit on the size of files ends writing as a full disk does, first at the first file and then ever later."""
    publish(engine, zones, both("one"))
    before, request = served(engine, zones), both("two", together=(1,))
    assert set(limited(engine, zones, request, [100, 1000, 3000])) == {FULL}
    assert in_database(served(engine, zones)) == in_database(before)
    repair(engine, zones)
    assert served(engine, zones) == before
    told = limited(engine, zones, request, [int(100 * 1.5**number) for number in range(18)])
    failed = told.index("published")
    assert failed > 5
    assert set(told[:failed]) == {FULL}
    assert set(told[failed:]) == {"published"}
    assert [row[0] for row in served(engine, zones)["versions"]] == [1, 2]


FULL_AT_COMMIT = """
CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON registry.version EXECUTE FUNCTION public.no_room()
"""
FULL_AT_LOAD = """
CREATE FUNCTION public.no_table() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE EVENT TRIGGER no_table ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.no_table()
"""


def address_of_superuser(server, engine):
    with server._superuser() as master:
        return psycopg.conninfo.make_conninfo(
            master.info.dsn, password=master.info.password, dbname=engine.url.database
        )


@pytest.mark.parametrize(
    ("full", "again"),
    [
        (FULL_AT_COMMIT, "DROP TRIGGER no_room ON registry.version"),
        (FULL_AT_LOAD, "DROP EVENT TRIGGER no_table"),
    ],
    ids=["commit", "load"],
)
def test_the_servers_disk_full(engine, server, zones, both, full, again):
    """The server says it in the words of its standard (SQLSTATE 53100), through either driver."""
    publish(engine, zones, both("one"))
    before, request = served(engine, zones), both("two", together=(1,))
    with psycopg.connect(address_of_superuser(server, engine), autocommit=True) as inside:
        inside.execute(full)
        with pytest.raises(SourceUnavailable, match="what was published before stays in force"):
            publish(engine, zones, request)
        inside.execute(again)
    repair(engine, zones)
    assert served(engine, zones) == before
    assert publish(engine, zones, request).version == "000002"


TOO_LARGE = FULL_AT_COMMIT.replace("disk_full", "program_limit_exceeded")


def test_a_value_too_large_for_the_database_is_an_error_of_the_data(engine, zones, both, server):
    publish(engine, zones, both("one"))
    with psycopg.connect(address_of_superuser(server, engine), autocommit=True) as inside:
        inside.execute(TOO_LARGE)
        with pytest.raises(ContractBroken, match="larger than the database can keep") as told:
            publish(engine, zones, both("two", together=(1,)))
    assert "suppress" in str(told.value.remedy)


KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from registry.rollback import roll_back
from storage.engine import create_engine
from storage.zones import Zones

home, url, last = sys.argv[1:]
def on_step(step):
    if step == last:
        os.kill(os.getpid(), signal.SIGKILL)
roll_back(create_engine(url), Zones(Path(home)), 1, dt.datetime(2026, 4, 2, tzinfo=dt.UTC), on_step=on_step)
"""


@pytest.mark.parametrize("step", ["committed", "pointed"])
def test_a_rollback_killed_between_database_and_links(engine, zones, city, step):
    publish(engine, zones, city("one"))
    before = in_database(served(engine, zones))
    publish(engine, zones, city("two", together=()))
    url = engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", KILLED, zones.home, url, step], check=False)
    assert done.returncode == -signal.SIGKILL
    # Of the ids, and of what was known meanwhile, nothing goes.
    kept = ("master_id", "person_history", "person_event", "version_relations")
    seen = in_database(served(engine, zones))
    assert {name: rows for name, rows in seen.items() if name[0] not in kept} == {
        name: rows for name, rows in before.items() if name[0] not in kept
    }
    repair(engine, zones)
    assert zones.current("person").readlink() == Path("000001")
    assert publish(engine, zones, city("three", persons=21)).version == "000004"


def test_a_rollback_waits_for_a_publication_or_fails_clearly(engine, zones, city):
    publish(engine, zones, city("one"))

    def hasty(step):
        if step == "checked":
            with pytest.raises(Busy, match="another publication is under way"):
                roll_back(engine, zones, None, AT, patience=0)

    assert publish(engine, zones, city("two", together=()), on_step=hasty).version == "000002"
