"""Backup, restore and drill on homes with an embedded server, and on a server by address."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from sitong import archive_checkup, keeping
from sitong.archive_checkup import STALE_HOURS
from sitong.backup import Backups, back_up
from sitong.checkup import checkup
from sitong.drill import drill
from sitong.restore import chosen, restore
from sitong.settings import Settings, load_settings, now
from storage.archive import configured, read_archive
from storage.errors import BadSpecification, ContractBroken, SourceUnavailable
from storage.lock import home_lock
from storage.manifest import describe_file, verify
from storage.server import EmbeddedServer
from storage.zones import Zones
from tests.sitong.exports import export, write_batch
from tests.sitong.homes import call, new_database
from tests.sitong.test_kills import published
from tests.sitong.town import AS_OF, COLUMNS, build

DATASETS = ("police.resident", "tax.natural_person", "commerce.enterprise")
AT = datetime(2026, 4, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """Two drops of a little town."""
    folder, town = tmp_path_factory.mktemp("days"), build(60, 14)
    first = export(town, folder / "first", DATASETS, style="text parquet")
    noon = datetime(2026, 4, 1, 12)  # noqa: DTZ001 - local time, as departments send it
    police = town.rows["police.resident"]
    write_batch(folder / "next", "police.resident", "20260401", [
        police[0] | {"address": "青岛市即墨区鹤山路9号", "updated_at": noon}, police[1] | {"op": "D"},
    ], "op", *COLUMNS["police.resident"], mode="delta")  # fmt: skip
    return first, folder / "next"


@pytest.fixture(scope="module")
def made(days, tmp_path_factory):
    """A home after the first day, backed up, and then the second day: the log goes on, the files are not backed up."""
    folder = tmp_path_factory.mktemp("made")
    home, to = folder / "home", folder / "backups"
    assert call("run", "--drops", days[0], "--home", home, "--as-of", AS_OF).status == 0
    first = published(home)
    done = call("backup", "--to", to, "--home", home)
    assert done.status == 0, done.said
    return home, to, first


def keeping_owner(source: Path, target: Path) -> Path:
    subprocess.run(["cp", "-a", source, target], check=True)
    return target


def test_what_comes_back_is_what_was_there(made, tmp_path):
    _, to, first = made
    (tmp_path / ".again.restoring" / "postgres").mkdir(parents=True)  # of a restore that was killed
    done = call("restore", "--from", to, "--home", tmp_path / "again")
    assert done.status == 0, done.said
    assert published(tmp_path / "again") == first
    assert [path.name for path in tmp_path.iterdir()] == ["again"]
    assert configured(tmp_path / "again" / "postgres") is None  # two homes never write one archive


def test_a_restored_home_goes_on_as_the_lost_one_would(made, days, tmp_path):
    _, to, _ = made
    assert call("restore", "--from", to, "--home", tmp_path / "again").status == 0
    undisturbed = keeping_owner(made[0], tmp_path / "undisturbed")
    assert configured(undisturbed / "postgres") is None
    for home in (tmp_path / "again", undisturbed):
        assert call("run", "--drops", days[1], "--home", home, "--as-of", "2026-04-02").status == 0
    assert published(tmp_path / "again") == published(undisturbed)


def test_the_log_brings_back_what_was_written_after_the_backup(made, tmp_path):
    home, to = keeping_owner(made[0], tmp_path / "home"), tmp_path / "backups"
    settings = Settings(home=home)
    with home_lock(settings.zones):
        back_up(settings, to, AT)
    with EmbeddedServer(Zones(home).postgres) as server, psycopg.connect(server.libpq_uri("owner")) as connection:
        connection.execute("CREATE TABLE registry.judged AS SELECT generate_series(1, 100000) AS x")
    archive = read_archive(configured(home / "postgres"))
    assert archive.complete
    restored = restore(chosen(to), tmp_path / "again", None, AT)
    assert restored.complete
    assert restored.segments > 0
    again = EmbeddedServer(tmp_path / "again" / "postgres")
    with again as server, psycopg.connect(server.libpq_uri("owner")) as connection:
        assert connection.execute("SELECT count(*) FROM registry.judged").fetchone() == (100_000,)
        assert connection.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone() == (2,)


def test_where_the_log_is_ahead_of_the_files_the_newest_whole_pair_is_served(made, days, tmp_path):
    home, to = keeping_owner(made[0], tmp_path / "home"), tmp_path / "backups"
    settings = Settings(home=home)
    with home_lock(settings.zones):
        back_up(settings, to, AT)
    first = published(home)
    assert call("run", "--drops", days[1], "--home", home, "--as-of", "2026-04-02").status == 0
    second = published(home)
    done = call("restore", "--from", to, "--home", tmp_path / "again")
    assert done.status == 0, done.said
    assert "the log reaches version 2, whose files are not in the backup" in done.said
    back = published(tmp_path / "again")
    assert {name: back[name] for name in ("population.person", "person", "enterprise")} == {
        name: first[name] for name in ("population.person", "person", "enterprise")
    }
    assert call("run", "--drops", days[1], "--home", tmp_path / "again", "--as-of", "2026-04-02").status == 0
    again = published(tmp_path / "again")
    tables = ("population.person", "population.person_crosswalk", "enterprise.enterprise")
    assert {name: again[name] for name in tables} == {name: second[name] for name in tables}


def test_a_drill_checks_and_says_rpo_and_rto(made, tmp_path):
    done = call("restore", "--drill", "--from", made[1], "--home", tmp_path, "--json")
    assert done.status == 0, done.said
    told = json.loads(done.out)
    assert told["passed"]
    assert told["rpo_seconds"] == 0  # the server has stopped and its log is all there
    assert told["rto_seconds"] > 0
    assert [check["faults"] for check in told["checks"]] == [[]] * 4
    assert min(check["looked_at"] for check in told["checks"]) > 1
    assert list(tmp_path.iterdir()) == []
    text = call("restore", "--drill", "--from", made[1], "--home", tmp_path)
    assert "RTO" in text.out
    assert "passed 通过" in text.out


def test_a_drill_finds_a_golden_record_that_is_not_what_the_records_say(made, tmp_path):
    """A wrong value that hashes and counts cannot tell: it was backed up as it was."""
    to = keeping_owner(made[1], tmp_path / "backups")
    backup = chosen(to)
    [data] = backup.glob("files/published/person/0*/data.parquet")
    table = pq.read_table(data)
    names = table.column("name").to_pylist()
    changed = table.set_column(table.column_names.index("name"), "name", [["某" + name for name in names]])
    data.unlink()
    pq.write_table(changed.cast(table.schema), data)
    with pytest.raises(ContractBroken, match=r"files differ from the manifest: files/published/person"):
        drill(backup, tmp_path, AT)
    manifest = json.loads((backup / "manifest.json").read_text("utf-8"))
    entry = describe_file(data)
    manifest["files"][str(data.relative_to(backup))] = {"sha256": entry.sha256, "bytes": entry.bytes}
    (backup / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    found = drill(backup, tmp_path, AT)
    assert not found.passed
    faults = [fault for check in found.checks for fault in check.faults]
    assert faults == ["name differs from the file", "the database differs from the file"]


def test_what_did_not_change_is_linked_and_old_backups_and_logs_go(made, tmp_path):
    home, to = keeping_owner(made[0], tmp_path / "home"), tmp_path / "backups"
    settings = Settings(home=home, keep_backups=2)
    (home / "airflow").mkdir()
    (home / "airflow" / "log").write_text("not ours to keep", "utf-8")
    for day in range(4):
        with home_lock(settings.zones):
            back_up(settings, to, AT + timedelta(days=day))
    names = [folder.name for folder in Backups(to).all()]
    assert names == ["20260405T000000000000Z", "20260406T000000000000Z"]
    old, new = Backups(to).all()
    file = "files/published/person/000001/data.parquet"
    assert (old / file).samefile(new / file)
    assert not (home / "published/person/000001/data.parquet").samefile(new / file)
    for folder in (old, new):
        verify(folder)
        assert not (folder / "files" / "airflow").exists()
    [generation] = (to / "log").iterdir()
    segments = sorted(path.name for path in generation.iterdir() if path.suffix != ".json")
    assert segments[0] >= str(json.loads((old / "manifest.json").read_text("utf-8"))["facts"]["first_segment"])


def test_backups_and_drills_by_schedule_honour_judgements_and_the_doctor_sees_them(made, days, tmp_path, monkeypatch):
    """A judged value and a suppressed record, of which a backup of the day before would know nothing."""
    home, to = keeping_owner(made[0], tmp_path / "home"), tmp_path / "backups"
    with EmbeddedServer(Zones(home).postgres) as server, psycopg.connect(server.libpq_uri("owner")) as connection:
        known = connection.execute("SELECT master_id FROM population.person ORDER BY 1 LIMIT 2").fetchall()
        query = "SELECT source || '.' || dataset || '/' || record_id FROM population.person_crosswalk ORDER BY 1"
        [record] = connection.execute(f"{query} LIMIT 1").fetchone()
    for master, *_ in known:
        done = call("judge", "override", master, "name", "判定之名", "--reason", "paper file", "--home", home)
        assert done.status == 0, done.said
    assert call("judge", "suppress", record, "--reason", "test record", "--home", home).status == 0
    monkeypatch.setenv("SITONG_BACKUP_TO", str(to))
    with pytest.raises(SourceUnavailable, match="there is no backup yet"):
        archive_checkup.backups(load_settings(home=home))
    assert call("run", "--drops", days[1], "--home", home, "--as-of", "2026-04-02").status == 0
    settings = load_settings(home=home)
    with home_lock(settings.zones):
        keeping.scheduled_backup(settings, now())
    done = keeping.rehearse(settings, now())
    assert done.passed
    assert (done.rpo_seconds <= done.rpo_target_seconds, done.rto_seconds > 0) == (True, True)
    again = restore(chosen(to), tmp_path / "again", None, AT)
    assert again.version == 2
    golden = pq.read_table(tmp_path / "again/published/person/current/data.parquet").column("name").to_pylist()
    assert golden.count("判定之名") >= len(known) - 1  # the suppressed record may have been somebody's only one
    crosswalk = pq.read_table(tmp_path / "again/published/person_crosswalk/current/data.parquet").to_pylist()
    assert record not in {f"{row['source']}.{row['dataset']}/{row['record_id']}" for row in crosswalk}
    told = {check.name: (check.fine, check.detail) for check in checkup(settings)}
    assert told["backups 备份"] == (True, "1 kept, the newest 0.0 hours old, version 2")
    assert told["log archive 日志归档"][0], told
    assert "bytes behind, no gap" in told["log archive 日志归档"][1]


def test_the_doctor_tells_what_could_not_be_replayed(made, tmp_path, monkeypatch):
    home, to = keeping_owner(made[0], tmp_path / "home"), tmp_path / "backups"
    settings = Settings(home=home, backup_to=to)
    with home_lock(settings.zones):
        back_up(settings, to, now() - timedelta(hours=STALE_HOURS + 1))
    with pytest.raises(SourceUnavailable, match="the newest backup is 49 hours old"):
        archive_checkup.backups(settings)
    folder = configured(home / "postgres")
    first = verify(chosen(to)).facts["first_segment"]
    with EmbeddedServer(Zones(home).postgres) as server, server._superuser() as asked:
        for _ in range(3):
            asked.execute("SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'x', repeat('x', 99))")
    assert "no gap" in archive_checkup.log_archive(settings)
    segments = sorted(path for path in folder.iterdir() if path.name > str(first) and path.suffix == "")
    segments[0].rename(tmp_path / "lost")
    with pytest.raises(SourceUnavailable, match=f"would stop before segment {segments[0].name}"):
        archive_checkup.log_archive(settings)
    folder.rename(tmp_path / "away")
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        archive_checkup.log_archive(settings)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sitong.backup import back_up
from sitong.settings import Settings
from storage.lock import home_lock

home, to, last = sys.argv[1:]
settings = Settings(home=Path(home))
def on_step(step):
    if step == last:
        os.kill(os.getpid(), signal.SIGKILL)
with home_lock(settings.zones):
    back_up(settings, Path(to), datetime(2026, 4, 4, tzinfo=UTC), on_step=on_step)
"""


def test_a_killed_backup_leaves_nothing_that_looks_whole(made, tmp_path):
    home, to = keeping_owner(made[0], tmp_path / "home"), keeping_owner(made[1], tmp_path / "backups")
    before = [folder.name for folder in Backups(to).all()]
    for step in ("database", "files"):
        done = subprocess.run([sys.executable, "-c", KILLED, home, to, step], check=False, cwd=Path.cwd())
        assert done.returncode == -9
        assert [folder.name for folder in Backups(to).all()] == before
    assert call("backup", "--to", to, "--home", home).status == 0
    assert len(Backups(to).all()) == len(before) + 1
    assert not (to / "work").exists()


def test_what_cannot_be_done_is_refused(made, tmp_path):
    home, to, _ = made
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    refused = call("restore", "--from", to, "--home", tmp_path / "taken")
    assert refused.status == 2
    assert "is taken" in refused.said
    inside = call("backup", "--to", home / "backups", "--home", home)
    assert inside.status == 2
    assert "elsewhere" in inside.said
    with pytest.raises(BadSpecification, match="no such backup"):
        chosen(tmp_path)
    damaged = keeping_owner(to, tmp_path / "damaged")
    victim = next(chosen(damaged).glob("files/landing/*/*/*/data.parquet"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(data)
    broken = call("restore", "--from", damaged, "--home", tmp_path / "again")
    assert broken.status == 1
    assert "files differ from the manifest" in broken.said
    assert not (tmp_path / "again").exists()


def test_a_server_by_address_is_dumped_and_loaded(days, server, tmp_path):
    home, to = tmp_path / "home", tmp_path / "backups"
    url = {"SITONG_DATABASE_URL": server.url("owner", new_database(server))}
    assert call("run", "--drops", days[0], "--home", home, "--as-of", AS_OF, environment=url).status == 0
    assert call("accounts", "add", "lin", "--role", "auditor", "--whole-city", "--identity", "https://id.example#1",
                "--home", home, environment=url).status == 0  # fmt: skip
    with psycopg.connect(url["SITONG_DATABASE_URL"].replace("+psycopg", "")) as connection:
        connection.execute("INSERT INTO mismatches.saved_view VALUES ('lin', 'mine', '{}', now())")
    assert call("backup", "--to", to, "--home", home, environment=url).status == 0
    filled = call("restore", "--from", to, "--home", tmp_path / "other", environment=url)
    assert filled.status == 2
    assert "not empty" in filled.said
    other = {"SITONG_DATABASE_URL": server.url("owner", new_database(server))}
    assert call("restore", "--from", to, "--home", tmp_path / "other", environment=other).status == 0
    with psycopg.connect(other["SITONG_DATABASE_URL"].replace("+psycopg", "")) as connection:
        kept = "SELECT (SELECT name FROM portal.account), (SELECT name FROM mismatches.saved_view)"
        assert connection.execute(kept).fetchone() == ("lin", "mine")
    assert call("run", "--drops", days[1], "--home", tmp_path / "other", "--as-of", "2026-04-02",
                environment=other).status == 0  # fmt: skip
    rehearsed = call("restore", "--drill", "--from", to, "--home", tmp_path / "other" / "work", "--json")
    assert rehearsed.status == 0, rehearsed.said
    assert json.loads(rehearsed.out)["passed"]
    assert os.environ.get("SITONG_DATABASE_URL") is None
