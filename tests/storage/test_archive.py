"""The archive of the log: what of it follows a base backup, what may go, and the stream that keeps it."""

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest

from storage.archive import SLOT, configured, copy_log, enable, prune_log, read_archive
from storage.server import EmbeddedServer

SIZE = 64


def segment(folder, number, written=SIZE, ending=""):
    path = folder / f"0000000100000000000000{number:02X}{ending}"
    path.write_bytes(b"x" * written + b"\0" * (SIZE - written))
    return path


@pytest.fixture
def places(tmp_path):
    archive, target = tmp_path / "archive", tmp_path / "pg_wal"
    archive.mkdir()
    target.mkdir()
    return archive, target


def held(target):
    return {path.name[-2:]: len(path.read_bytes().rstrip(b"\0")) for path in target.iterdir()}


def name(number):
    return f"0000000100000000000000{number:02X}"


def test_what_follows_the_base_backup_is_taken_and_the_fuller_of_two(places):
    archive, target = places
    segment(target, 4)
    segment(target, 5, written=9)
    for number in (3, 4, 5):
        segment(archive, number)
    segment(archive, 6, written=7, ending=".partial")
    assert copy_log(archive, name(4), target) == 2
    assert held(target) == {"04": SIZE, "05": SIZE, "06": 7}


def test_an_older_partial_segment_takes_nothing_from_the_backup(places):
    archive, target = places
    segment(target, 4, written=30)
    segment(archive, 4, written=10, ending=".partial")
    assert copy_log(archive, name(4), target) == 0
    assert held(target) == {"04": 30}


def test_nothing_is_taken_beyond_a_gap(places):
    archive, target = places
    segment(target, 4)
    segment(archive, 5)
    segment(archive, 7)
    assert copy_log(archive, name(4), target) == 1
    assert set(held(target)) == {"04", "05"}
    for path in archive.iterdir():
        path.unlink()
    segment(archive, 8)
    assert copy_log(archive, name(4), target) == 0


def test_segments_follow_from_log_to_log(places):
    archive, target = places
    for last in ("0000000100000000000000FF", "000000010000000100000000"):
        (archive / last).write_bytes(b"x")
    assert copy_log(archive, "0000000100000000000000FF", target) == 2


def test_what_the_oldest_backup_does_not_need_goes(places):
    archive, _ = places
    for number in range(3, 8):
        segment(archive, number)
    prune_log(archive, name(5))
    assert sorted(path.name for path in archive.iterdir()) == [name(5), name(6), name(7)]


def test_a_generation_stays_that_of_its_home(tmp_path):
    folder = enable(tmp_path / "postgres", tmp_path / "archives")
    assert enable(tmp_path / "postgres", tmp_path / "archives") == folder
    assert configured(tmp_path / "postgres") == folder
    (tmp_path / "postgres").rename(tmp_path / "copied")
    assert configured(tmp_path / "copied") is None
    assert enable(tmp_path / "copied", tmp_path / "archives") != folder


def receivers(folder):
    """Process ids of what streams into an archive."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0].endswith(b"pg_receivewal") and str(folder).encode() in command and b"--no-loop" in command:
            found.append(int(place.name))
    return found


def waited(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stream_that_is_killed_or_locked_out_loses_nothing(tmp_path):
    postgres = tmp_path / "postgres"
    folder = enable(postgres, tmp_path / "archives")
    with EmbeddedServer(postgres) as server, psycopg.connect(server.libpq_uri("owner"), autocommit=True) as connection:
        waited(lambda: receivers(folder))
        connection.execute("CREATE TABLE written AS SELECT generate_series(1, 1000) AS x")
        os.kill(receivers(folder)[0], signal.SIGKILL)
        folder.rename(tmp_path / "elsewhere")
        connection.execute("INSERT INTO written SELECT generate_series(1, 300000)")
        time.sleep(1.5)
        (tmp_path / "elsewhere").rename(folder)
        waited(lambda: receivers(folder))
        query = "SELECT wal_status, active FROM pg_replication_slots WHERE slot_name = %s"
        with server._superuser() as master:
            waited(lambda: master.execute(query, (SLOT,)).fetchone() == ("reserved", True))
        assert not read_archive(folder).complete
    assert read_archive(folder).complete
    names = sorted(path.name.removesuffix(".partial") for path in folder.iterdir() if path.suffix != ".json")
    numbers = [int(one[8:16], 16) * 256 + int(one[16:], 16) for one in names]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 1


def test_a_server_that_stops_while_its_archive_is_out_of_reach_does_not_say_that_all_is_there(tmp_path):
    postgres = tmp_path / "postgres"
    folder = enable(postgres, tmp_path / "archives")
    with EmbeddedServer(postgres) as server, psycopg.connect(server.libpq_uri("owner"), autocommit=True) as connection:
        waited(lambda: receivers(folder))
        (tmp_path / "archives").rename(tmp_path / "away")
        os.kill(receivers(folder)[0], signal.SIGKILL)
        connection.execute("CREATE TABLE written AS SELECT generate_series(1, 1000) AS x")
    (tmp_path / "away").rename(tmp_path / "archives")
    assert not read_archive(folder).complete
    with EmbeddedServer(postgres):
        waited(lambda: receivers(folder))
    assert read_archive(folder).complete
