"""Publication on a real PostgreSQL: whole or not at all, whatever is killed, held, or run twice."""

import datetime as dt
import errno
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from registry.checks import WAIVABLE, Limits
from registry.judgements import ledger
from registry.judgements.judgement import Author, override
from registry.layers import FIRST, as_one
from registry.naming import RELATIONS, SCHEMAS, feed_product, products, segments
from registry.policy import policy
from registry.provenance import trace
from registry.publication import PublishRequest, publish, repair
from storage.commit import commit
from storage.engine import create_engine
from storage.errors import BadSpecification, Busy, ContractBroken, PublicationHeld, SourceUnavailable
from storage.manifest import read_manifest
from tests.registry.conftest import run_after

AS_OF = dt.date(2026, 3, 31)
AT = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
POLICE, INSURED, *_ = policy("person").datasets
PEOPLE = 20


@pytest.fixture
def city(tmp_path, accepted, matched):
    """Requests over a tiny city: `persons` known to the police; those in `together` are one with an insured record.

    `since`: the request whose match was the run before.
    """

    def make(name, persons=PEOPLE, together=(0, 1, 2), since=None, **more):
        folder = tmp_path / name
        rows = {
            POLICE: [
                {"record_id": f"p{n}", "name": f"甲{n}", "id_number": f"A{n}", "mobile": "1"} for n in range(persons)
            ],
            INSURED: [
                {"record_id": f"s{n}", "name": f"甲{n}", "id_number": f"B{n}", "employer_no": "E1"} for n in range(3)
            ],
        }
        clusters = {f"c{n}": [f"{POLICE}/p{n}"] for n in range(persons)}
        for n in range(3):
            clusters.setdefault(f"c{n}" if n in together else f"d{n}", []).append(f"{INSURED}/s{n}")
        match = matched(folder / "match", clusters)
        run_after(match, name, since.person if since else None)
        return PublishRequest(as_of=AS_OF, tables=accepted(folder, rows), person=match, at=AT, **more)

    return make


@pytest.fixture
def companies(tmp_path, accepted, matched):
    tables = accepted(tmp_path / "companies", {"commerce.enterprise": [{"record_id": "c1", "status": "1"}]})
    return PublishRequest(
        as_of=AS_OF,
        tables=tables,
        enterprise=matched(tmp_path / "companies/match", {"x": ["commerce.enterprise/c1"]}),
        at=AT,
    )


def rows(engine, query):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def served(engine, zones):
    """Everything that a reader can see, in database and files, as comparable values."""
    state = {}
    for entity, schema in SCHEMAS.items():
        for name in (*products(entity), *segments(entity), "redirect", "provenance", "master_id"):
            state[name, schema] = sorted(map(repr, rows(engine, f"SELECT * FROM {schema}.{name}")))
        state[schema] = rows(
            engine,
            f"SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' ORDER BY 1",
        )
    state["versions"] = rows(engine, "SELECT version, inputs_hash, counts::text FROM registry.version ORDER BY 1")
    for name in ("relations", "version_relations"):
        state[name, "registry"] = sorted(map(repr, rows(engine, f"SELECT * FROM registry.{name}")))
    state["past"] = rows(engine, "SELECT * FROM registry.past ORDER BY 1")
    for entity in SCHEMAS:
        for product in (*products(entity), feed_product(entity), RELATIONS):
            current = zones.current(product)
            for file in sorted(current.glob("*.parquet")) if current.exists() else ():
                if not file.name.startswith("provenance."):
                    state[product, file.name] = pq.read_table(file).to_pylist()
            if (current / FIRST).is_file():  # of layers, what they say
                with tempfile.TemporaryDirectory() as work:
                    one = as_one(current / FIRST, current / "data.parquet", Path(work) / FIRST, Path(work))
                    state[product, FIRST] = pq.read_table(one).to_pylist()
            state[product, "folders"] = sorted(item.name for item in current.parent.glob("*"))
    return state


def test_what_is_published_is_what_readers_find(engine, zones, city):
    manifest = publish(engine, zones, city("one"))
    assert manifest.version == "000001"
    assert manifest.facts["masters"] == {"person": PEOPLE}
    crosswalk = pq.read_table(zones.current("person_crosswalk") / "data.parquet")
    assert crosswalk.column_names == ["master_id", "source", "dataset", "record_id", "match_probability"]
    assert [item.name for item in zones.current("person_crosswalk").glob("*.parquet")] == ["data.parquet"]
    golden = pq.read_table(zones.current("person") / "data.parquet")
    in_database = rows(engine, "SELECT * FROM population.person ORDER BY master_id")
    assert [tuple(row.values()) for row in golden.to_pylist()] == in_database
    assert rows(engine, "SELECT * FROM population.person_crosswalk ORDER BY 1, 2, 3, 4") == [
        tuple(row.values()) for row in crosswalk.to_pylist()
    ]
    found = rows(
        engine,
        "SELECT source, record_id, policy, candidates, conflicts, runner_up_source, runner_up_record_id"
        " FROM population.provenance WHERE attribute = 'id_number' AND conflicts > 0 ORDER BY 2",
    )
    assert found == [("police", f"p{n}", "source", 2, 1, "social_security", f"s{n}") for n in range(3)]


def test_a_reader_sees_what_is_published_and_not_the_partitions(engine, server, zones, city):
    publish(engine, zones, city("one"))
    reader = create_engine(server.url("reader", engine.url.database))
    try:
        assert len(rows(reader, "SELECT * FROM population.person")) == PEOPLE
        with pytest.raises(ProgrammingError, match="permission denied"):
            rows(reader, "SELECT * FROM population.person_v1")
    finally:
        reader.dispose()


def test_the_same_inputs_make_no_new_version(engine, zones, city):
    first = publish(engine, zones, city("one"))
    before = served(engine, zones)
    again = publish(engine, zones, city("one"))
    assert again == first
    assert served(engine, zones) == before


@pytest.mark.parametrize("change", ["clusters", "tables", "day"])
def test_changed_inputs_make_a_new_version(engine, zones, city, change):
    publish(engine, zones, city("one"))
    changed = {
        "clusters": lambda: city("two", together=(0, 1)),
        "tables": lambda: city("one", inputs={POLICE: "20260401"}),
        "day": lambda: PublishRequest(**(vars(city("one")) | {"as_of": dt.date(2026, 4, 1)})),
    }[change]()
    assert publish(engine, zones, changed).version == "000002"


def test_ids_stay_and_merged_ones_redirect(engine, zones, city):
    publish(engine, zones, city("one", together=()))
    before = dict(rows(engine, "SELECT record_id, master_id FROM population.person_crosswalk"))
    publish(engine, zones, city("two", together=(0, 1, 2)))
    after = dict(rows(engine, "SELECT record_id, master_id FROM population.person_crosswalk"))
    assert {record: master for record, master in after.items() if record.startswith("p")} == {
        record: master for record, master in before.items() if record.startswith("p")
    }
    assert sorted(rows(engine, "SELECT * FROM population.redirect")) == sorted(
        (before[f"s{n}"], after[f"s{n}"]) for n in range(3)
    )


def test_an_absent_entity_keeps_its_last_version(engine, zones, city, companies):
    publish(engine, zones, city("one"))
    person = pq.read_table(zones.current("person") / "data.parquet")
    manifest = publish(engine, zones, companies)
    assert manifest.facts["products"] == {
        "person": "000001", "person_crosswalk": "000001", "enterprise": "000002", "enterprise_crosswalk": "000002",
    }  # fmt: skip
    assert pq.read_table(zones.current("person") / "data.parquet").equals(person)
    assert len(rows(engine, "SELECT * FROM population.person")) == PEOPLE
    assert rows(engine, "SELECT status FROM enterprise.enterprise") == [("1",)]
    assert publish(engine, zones, city("one")).version == "000002"


def test_fewer_persons_hold_the_publication_until_released(engine, zones, city):
    publish(engine, zones, city("one"))
    before = served(engine, zones)
    shrunk = city("two", persons=15)
    with pytest.raises(PublicationHeld, match="15 masters after 20, less than 80%") as held:
        publish(engine, zones, shrunk)
    assert "stays in force" in held.value.remedy
    assert "--accept fewer_masters" in held.value.remedy
    assert served(engine, zones) == before
    released = PublishRequest(**(vars(shrunk) | {"waived": frozenset({"fewer_masters"})}))
    assert publish(engine, zones, released).version == "000002"


@pytest.mark.parametrize("fault", ["held", "interrupted"])
def test_a_day_that_does_not_come_to_its_end_leaves_the_rows_that_it_began_to_change(
    engine, zones, copied, city, fault
):
    first = city("one")
    publish(engine, zones, first)
    request = city("two", together=(1,), since=first)
    before, undisturbed = served(engine, zones), copied(engine, zones)
    strict = PublishRequest(**(vars(request) | {"limits": Limits(coverage=0.01)}))

    def interrupt(step):
        if step == "person written":
            raise KeyboardInterrupt

    if fault == "held":
        with pytest.raises(PublicationHeld, match="source_coverage"):
            publish(engine, zones, strict)
    else:
        with pytest.raises(KeyboardInterrupt):
            publish(engine, zones, request, on_step=interrupt)
    left = served(engine, zones)
    read = [name for name in before if isinstance(name, tuple) and name[1] != "folders"]
    assert {name: left[name] for name in read} == {name: before[name] for name in read}
    repair(engine, zones)
    assert served(engine, zones) == before
    for one in ((engine, zones), undisturbed):
        publish(*one, request)
    assert served(engine, zones) == served(*undisturbed)
    assert rows(engine, "SELECT stored FROM registry.current_product") == [(1,)]


def test_a_department_that_vanished_holds_the_publication(engine, zones, city, matched, tmp_path):
    publish(engine, zones, city("one"))
    alone = city("two")
    match = matched(tmp_path / "alone", {f"c{n}": [f"{POLICE}/p{n}"] for n in range(PEOPLE)})
    gone = PublishRequest(**(vars(alone) | {"person": match, "tables": {POLICE: alone.tables[POLICE]}}))
    with pytest.raises(PublicationHeld, match="source_coverage: social_security"):
        publish(engine, zones, gone)


def test_an_attribute_that_emptied_holds_the_publication(engine, zones, city):
    publish(engine, zones, city("one"))
    emptied = city("two")
    table = pq.read_table(emptied.tables[POLICE])
    column = table.column_names.index("mobile")
    nothing = table.column("former_name")
    pq.write_table(table.set_column(column, "mobile", nothing), emptied.tables[POLICE])
    with pytest.raises(PublicationHeld, match="attribute_drift: mobile is filled in 0 of 20, before in 20 of 20"):
        publish(engine, zones, emptied)


@pytest.mark.parametrize("fault", ["missing", "twice"])
def test_every_accepted_record_is_in_the_crosswalk_once_and_this_is_never_waived(
    engine, zones, city, matched, tmp_path, fault
):
    request = city("one", waived=frozenset(WAIVABLE))
    clusters = {f"c{n}": [f"{POLICE}/p{n}"] for n in range(PEOPLE)}
    clusters["d"] = [f"{INSURED}/s{n}" for n in range(3 if fault == "twice" else 2)]
    if fault == "twice":
        clusters["c9"].append(f"{POLICE}/p8")
    broken = PublishRequest(**(vars(request) | {"person": matched(tmp_path / "broken", clusters)}))
    told = {
        "missing": "every_record_once: social_security.insured has 3 accepted records and 2",
        "twice": "unique_record: police.resident has 21 rows",
    }
    with pytest.raises(PublicationHeld, match=told[fault]) as held:
        publish(engine, zones, broken)
    assert "release" not in held.value.remedy
    assert rows(engine, "SELECT * FROM registry.version") == []
    assert not zones.current("person").exists()


def test_a_match_without_crosswalk_is_refused(engine, zones, city, tmp_path):
    with pytest.raises(ContractBroken, match="no crosswalk"):
        publish(engine, zones, PublishRequest(**(vars(city("one")) | {"person": tmp_path})))


KILLER = """
import datetime as dt, json, os, signal, sys
from pathlib import Path
from registry.publication import PublishRequest, publish
from storage.engine import create_engine
from storage.zones import Zones

def die_after(job):
    def on_step(step):
        if step == job["step"]:
            os.kill(os.getpid(), signal.SIGKILL)
    tables = {name: Path(path) for name, path in job["tables"].items()}
    folders = {name: Path(path) for name, path in job["folders"].items()}
    at, as_of = dt.datetime.fromisoformat(job["at"]), dt.date.fromisoformat(job["as_of"])
    request = PublishRequest(as_of=as_of, tables=tables, at=at, keep=1, **folders)
    publish(create_engine(job["url"]), Zones(Path(job["home"])), request, on_step=on_step)

jobs = json.load(sys.stdin)
while jobs:
    children, jobs = jobs[:3], jobs[3:]
    pids = []
    for job in children:
        pids.append(os.fork())
        if not pids[-1]:
            die_after(job)
            os._exit(0)
    for pid in pids:
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize("way", ["first", "whole", "changes"])
def test_killed_after_any_step_the_same_call_ends_in_the_same_state(engine, zones, copied, city, companies, way):
    """Of the first publication, of one that makes the base whole again, and of one of few changes."""

    def both(request):
        more = {"enterprise": companies.enterprise, "tables": {**request.tables, **companies.tables}}
        return PublishRequest(**(vars(request) | (more if way != "changes" else {}) | {"keep": 1}))

    first = city("one")
    request, steps = both(city("two", together=(1,), since=first if way == "changes" else None)), []
    if way != "first":
        publish(engine, zones, first)
    before, prepared = served(engine, zones), copied(engine, zones)
    publish(engine, zones, request, on_step=steps.append)
    expected = served(engine, zones)
    assert read_manifest(zones.current("person")).facts["since"] == ("000001" if way == "changes" else None)
    place = {"first": 1, "whole": 2, "changes": 1}[way]
    assert rows(engine, "SELECT stored FROM registry.current_relations") == [(place,)]
    assert len(set(steps)) == len(steps) == (11 if way == "changes" else 15)
    worlds = {step: copied(*prepared) for step in steps}
    jobs = [
        {
            "step": step, "url": one.url.render_as_string(hide_password=False), "home": str(there.home),
            "tables": {name: str(path) for name, path in request.tables.items()},
            "folders": {entity: str(path.parent) for entity, path in request.matches().items()},
            "as_of": AS_OF.isoformat(), "at": AT.isoformat(),
        }
        for step, (one, there) in worlds.items()
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", KILLER], input=json.dumps(jobs), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["-9"] * len(steps), done.stderr
    committed = steps.index("committed")
    for at, (step, (one, there)) in enumerate(worlds.items()):
        for name in ("population", "enterprise"):
            views = [key for key in before if isinstance(key, tuple) and key[1] == name]
            seen = served(one, there)
            assert {key: seen[key] for key in views} == {
                key: (expected if at >= committed else before)[key] for key in views
            }, step
        if at == committed:  # the moment between the database's commit and the links
            assert way == "first" or there.current("person").readlink() == Path("000001")
            repair(one, there)
            assert there.current("person").resolve().name == expected["person", "folders"][0]
        publish(one, there, request)
        assert served(one, there) == expected, step


def test_two_publications_at_once_one_waits_or_fails_clearly(engine, zones, city):
    inside, leave, results = threading.Event(), threading.Event(), []

    def slow(step):
        if step == "checked":
            inside.set()
            leave.wait(30)

    request, hasty = city("one"), city("two", together=(), patience=0)
    first = threading.Thread(target=lambda: results.append(publish(engine, zones, request, on_step=slow)))
    first.start()
    assert inside.wait(30)
    with pytest.raises(Busy, match="another publication is under way"):
        publish(engine, zones, hasty)
    second = threading.Thread(target=lambda: results.append(publish(engine, zones, city("two", together=()))))
    second.start()
    leave.set()
    first.join()
    second.join()
    assert [manifest.version for manifest in results] == ["000001", "000002"]


def test_a_reader_in_the_middle_keeps_its_version_and_does_not_stop_a_publication(engine, zones, city):
    publish(engine, zones, city("one", together=()))
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        count = text("SELECT count(*) FROM population.person")
        assert reader.execute(count).scalar_one() == PEOPLE + 3
        publish(engine, zones, city("two", together=(0, 1, 2)))
        assert reader.execute(count).scalar_one() == PEOPLE + 3
        reader.rollback()
        assert reader.execute(count).scalar_one() == PEOPLE


def test_old_versions_go_and_the_kept_ones_stay(engine, zones, city):
    for number in range(4):
        publish(engine, zones, city(f"v{number}", inputs={POLICE: str(number)}, keep=2))
    names = [
        name for (name,) in rows(engine, "SELECT relname FROM pg_class WHERE relname ~ '^person_v[0-9]+$' ORDER BY 1")
    ]
    assert names == ["person_v3", "person_v4"]
    assert sorted(item.name for item in zones.current("person").parent.iterdir()) == ["000003", "000004", "current"]


def test_repair_points_where_the_database_says(engine, zones, city):
    publish(engine, zones, city("one"))
    publish(engine, zones, city("two", together=()))
    expected = served(engine, zones)
    link = zones.current("person")
    link.unlink()
    link.symlink_to("000001")
    zones.current("person_crosswalk").unlink()
    debris = zones.published("person", "000009")
    debris.mkdir()
    (debris / "data.parquet").write_bytes(b"half")
    repair(engine, zones)
    assert served(engine, zones) == expected


def test_a_home_of_another_database_is_left_alone(new_database, zones, city):
    publish(new_database(), zones, city("one"))
    other = new_database()
    with pytest.raises(BadSpecification, match="another database"):
        publish(other, zones, city("one"))
    assert (zones.current("person") / "data.parquet").is_file()


def origins(zones):
    """Where every value comes from, by what the files of provenance say."""
    found = {}
    for entity in SCHEMAS:
        if not zones.current(entity).exists():
            continue
        masters = pq.read_table(zones.current(entity) / "data.parquet").column("master_id").to_pylist()
        found[entity, "origins"] = trace(zones.current(entity) / "provenance.parquet", masters).to_pylist()
    return found


def published(state):
    """Without the files of provenance themselves, which may hold the same in another way."""
    return {name: rows for name, rows in state.items() if not str(name[1]).startswith("provenance.")}


@pytest.mark.parametrize("way", ["whole", "changes"])
def test_lost_files_of_the_version_in_force_come_back_from_the_database(engine, zones, city, companies, caplog, way):
    """All rows of all files, judged values among them; what comes next goes on with the same ids."""

    def both(request):
        tables = {**request.tables, **companies.tables}
        return PublishRequest(**(vars(request) | {"enterprise": companies.enterprise, "tables": tables}))

    publish(engine, zones, one := both(city("one")))
    master = rows(engine, "SELECT master_id FROM population.person_crosswalk WHERE record_id = 'p9'")[0][0]
    with engine.begin() as connection:
        said = [override(master, "name", "判定"), override(master, "mobile", "9")]
        ledger.add(connection, Author("wang", "paper file"), said, AT)
    publish(engine, zones, two := both(city("two", together=(1,), since=one if way == "changes" else None)))
    before = served(engine, zones) | origins(zones)
    honoured = read_manifest(zones.current("person")).facts["overrides"]
    assert len(honoured) == 2
    shutil.rmtree(zones.published("person", "000002"))
    (zones.published("person_crosswalk", "000002") / "manifest.json").unlink()
    shutil.rmtree(zones.current(RELATIONS).resolve())
    shutil.rmtree(zones.current("enterprise").resolve())
    repair(engine, zones)
    assert "made again from the database: person" in caplog.text
    assert published(served(engine, zones) | origins(zones)) == published(before)
    assert read_manifest(zones.current("person")).facts["overrides"] == honoured
    assert publish(engine, zones, two).version == "000002"
    assert publish(engine, zones, both(city("three", persons=21, together=(0, 1), since=two))).version == "000003"
    assert read_manifest(zones.current("person")).facts["since"] is None
    ids = dict(rows(engine, "SELECT record_id, master_id FROM population.person_crosswalk"))
    then = {row["record_id"]: row["master_id"] for row in before["person_crosswalk", "data.parquet"]}
    assert {record: ids[record] for record in then if record != "s0"} == {
        record: of for record, of in then.items() if record != "s0"
    }
    assert ids["s0"] == ids["p0"] == then["p0"]


def test_a_return_of_lost_files_that_is_cut_short_is_finished_by_the_next(engine, zones, city, monkeypatch):
    publish(engine, zones, city("one"))
    before = served(engine, zones) | origins(zones)
    for product in products("person"):
        shutil.rmtree(zones.published(product, "000001"))
    done = []

    def cut_short(*arguments):
        if done:
            raise OSError(errno.ENOSPC, "no room")
        done.append(commit(*arguments))

    monkeypatch.setattr("registry.rebuilding.commit", cut_short)
    with pytest.raises(SourceUnavailable, match="the disk is full"):
        repair(engine, zones)
    monkeypatch.undo()
    assert len(done) == 1
    repair(engine, zones)
    assert published(served(engine, zones) | origins(zones)) == published(before)


def test_a_lost_database_leaves_what_was_published(engine, zones, city):
    publish(engine, zones, city("one"))
    expected = served(engine, zones)

    def cut(step):
        if step == "person loaded":
            with engine.connect() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                        " AND backend_type = 'client backend'"
                    )
                )

    with pytest.raises(SourceUnavailable, match="what was published before stays"):
        publish(engine, zones, city("two", together=()), on_step=cut)
    engine.dispose()
    repair(engine, zones)
    assert served(engine, zones) == expected
    assert publish(engine, zones, city("two", together=())).version == "000002"


def test_files_are_private(engine, zones, city):
    publish(engine, zones, city("one"))
    for path in zones.current("person").parent.rglob("*"):
        if not path.is_symlink():
            assert oct(path.stat().st_mode & 0o777) == ("0o700" if path.is_dir() else "0o600"), path
