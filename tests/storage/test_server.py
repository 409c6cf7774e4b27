"""The embedded server on real PostgreSQL: private, shared, and gone with its last user, by kill -9 too."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from storage.errors import ContractBroken, Internal
from storage.postgres_account import Account, installed_binaries, reachable_binaries, server_account
from storage.server import EmbeddedServer

USER = """
import pathlib, sys, time
from storage.server import EmbeddedServer
with EmbeddedServer(pathlib.Path(sys.argv[1])) as server:
    print(server.libpq_uri("owner"), flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("deep" * 30) / "home" / "postgres"  # longer than a socket's path may be


class User:
    """Another process that uses the server."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.uri = self.process.stdout.readline().strip()

    def end(self, number=None):
        if number:
            self.process.send_signal(number)
        self.process.communicate("\n")


def servers(folder):
    """Process ids of the servers at work on a data folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            inside = (place / "cwd").readlink() == folder / "data"
        except OSError:
            continue
        if inside:
            found.append(int(place.name))
    return found


def gone(folder, seconds=30.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not servers(folder) and not (folder / "data" / "postmaster.pid").exists():
            return True
        time.sleep(0.05)
    return False


def answer(uri, query="SELECT current_user::text", *, fetch=True):
    with psycopg.connect(uri, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchone()[0] if fetch else None


def test_each_role_has_its_rights_and_nobody_gets_in_without_a_password(folder):
    with EmbeddedServer(folder) as server:
        owner, writer, reader = (server.libpq_uri(role) for role in ("owner", "writer", "reader"))
        assert [answer(uri) for uri in (owner, writer, reader)] == ["sitong_owner", "sitong_writer", "sitong_reader"]
        with psycopg.connect(owner) as connection:
            connection.execute("CREATE SCHEMA population")
            connection.execute("CREATE TABLE population.person (master_id text)")
        with psycopg.connect(writer) as connection:
            connection.execute("INSERT INTO population.person VALUES ('a')")
        assert answer(reader, "SELECT master_id FROM population.person") == "a"
        for uri, forbidden in ((reader, "DELETE FROM population.person"), (writer, "CREATE SCHEMA mine")):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                answer(uri, forbidden)
        with pytest.raises(psycopg.OperationalError):
            answer(owner.replace("sitong_owner:", "sitong_owner:x"))
        assert server.url("writer").startswith("postgresql+psycopg://sitong_writer:")
    assert gone(folder, 0.1)


def test_nothing_is_open_to_others(folder):
    with EmbeddedServer(folder) as server:
        server.ensure_database("airflow")
        server.ensure_database("airflow")
        assert answer(server.libpq_uri("owner", "airflow"), "SELECT current_database()::text") == "airflow"
        paths = [folder, *folder.rglob("*")]
        assert len(paths) > 100
        for path in paths:
            if path.exists():
                assert path.stat().st_mode & 0o077 == 0, path
        if os.geteuid() == 0:
            trace = (folder / "data" / "postmaster.pid").read_text()
            assert Path(f"/proc/{trace.split()[0]}").stat().st_uid != 0


def test_the_log_holds_no_values(folder):
    with EmbeddedServer(folder) as server:
        with psycopg.connect(server.libpq_uri("owner"), autocommit=True) as connection:
            connection.execute("CREATE TABLE secret (id text PRIMARY KEY)")
            connection.execute("INSERT INTO secret VALUES ('440524188001010014')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO secret VALUES ('440524188001010014')")
        log = (folder / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "440524188001010014" not in log


def test_users_share_it_and_the_last_one_ends_it(folder):
    other = User(folder)
    with EmbeddedServer(folder) as server:
        assert server.libpq_uri("owner") == other.uri
    assert answer(other.uri) == "sitong_owner"
    with EmbeddedServer(folder):
        other.end()
        assert answer(other.uri) == "sitong_owner"  # whoever began it has left
    assert gone(folder, 0.1)


def test_a_killed_user_leaves_no_server(folder):
    user = User(folder)
    assert servers(folder)
    user.end(signal.SIGKILL)
    assert gone(folder)
    with EmbeddedServer(folder) as server:
        assert answer(server.libpq_uri("owner")) == "sitong_owner"


def test_a_forked_child_of_a_killed_user_does_not_keep_it(folder):
    forking = USER.replace("    sys.stdin", "    import os\n    if os.fork() == 0: time.sleep(60)\n    sys.stdin")
    command = [sys.executable, "-c", forking, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, text=True) as user:
        user.stdout.readline()
        time.sleep(0.2)
        user.kill()
        user.wait()
        try:
            assert gone(folder)
        finally:
            os.killpg(user.pid, signal.SIGKILL)


def guard_of(folder):
    """Process id of the guard: the parent of the server."""
    pid = json.loads((folder / "server.json").read_text())["pid"]
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_killed_guard_takes_the_server_with_it(folder):
    user = User(folder)
    os.kill(guard_of(folder), signal.SIGKILL)
    assert gone(folder)
    with EmbeddedServer(folder) as server:  # the user of the killed one still lives
        assert answer(server.libpq_uri("owner")) == "sitong_owner"
    user.end()
    assert gone(folder)


def test_a_server_that_lost_a_process_is_stopped_once_it_has_come_up_again(folder):
    with EmbeddedServer(folder) as server, psycopg.connect(server.libpq_uri("owner")) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        begun = time.monotonic()
    assert time.monotonic() - begun < 60
    assert not servers(folder)


def test_a_killed_server_recovers_what_was_committed(folder):
    with EmbeddedServer(folder) as server:
        answer(server.libpq_uri("owner"), "CREATE TABLE kept AS SELECT 7 AS n", fetch=False)
        os.kill(json.loads((folder / "server.json").read_text())["pid"], signal.SIGKILL)
    with EmbeddedServer(folder) as server:
        assert answer(server.libpq_uri("owner"), "SELECT n FROM kept") == 7


def test_a_trace_whose_process_id_lives_again_does_not_hinder(folder):
    trace = folder / "data" / "postmaster.pid"
    trace.write_text(f"{os.getpid()}\n/proc/self/cwd\n0\n5432\n\n127.0.0.1\n")
    with EmbeddedServer(folder) as server:
        assert answer(server.libpq_uri("owner")) == "sitong_owner"


@pytest.mark.parametrize("moment", [0.15, 0.3, 0.5, 0.8])
def test_a_first_start_that_is_killed_is_done_again(tmp_path, moment):
    process = subprocess.Popen([sys.executable, "-c", USER, str(tmp_path / "pg")], stdin=subprocess.PIPE, text=True)
    time.sleep(moment)
    for place in Path("/proc").glob("[0-9]*"):  # its guard too
        if str(tmp_path / "pg").encode() in read_bytes(place / "cmdline"):
            os.kill(int(place.name), signal.SIGKILL)
    process.kill()
    process.communicate()
    with EmbeddedServer(tmp_path / "pg") as server:
        assert answer(server.libpq_uri("reader")) == "sitong_reader"


def read_bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_lost_passwords_are_told(folder):
    secrets = folder / "credentials.json"
    kept = secrets.read_text()
    secrets.unlink()
    try:
        with pytest.raises((Internal, ContractBroken), match="passwords"):
            EmbeddedServer(folder).start()
    finally:
        secrets.touch(mode=0o600)
        secrets.write_text(kept)


def below_a_closed_folder(monkeypatch, tmp_path):
    """Make the wheel look as if it lay in a folder that only we can enter."""
    assert tmp_path.parent.stat().st_mode & 0o077 == 0
    package = installed_binaries().parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (tmp_path / folder.name).symlink_to(folder)
    closed = tmp_path / package.name / installed_binaries().name
    monkeypatch.setattr("storage.postgres_account.installed_binaries", lambda: closed)
    return closed


def test_our_own_account_runs_the_binaries_where_they_lie(monkeypatch, tmp_path):
    closed = below_a_closed_folder(monkeypatch, tmp_path)
    assert reachable_binaries(Account()) == (closed, None)


# What only root can do is tested where root runs the tests; a plain account runs every other test as itself.
if os.geteuid() == 0:

    def test_binaries_below_a_closed_folder_are_copied_for_another_account(monkeypatch, tmp_path):
        below_a_closed_folder(monkeypatch, tmp_path)
        binaries, copy = reachable_binaries(Account(65534, 65534))
        try:
            assert copy in binaries.parents
            command = [binaries / "bin" / "postgres", "--version"]
            assert subprocess.run(command, user=65534, group=65534, extra_groups=[], check=False).returncode == 0
            assert all(path.stat().st_uid == 0 and not path.stat().st_mode & 0o022 for path in copy.rglob("*"))
        finally:
            shutil.rmtree(copy)

    def test_a_server_starts_from_an_installation_below_a_closed_folder(monkeypatch, tmp_path):
        below_a_closed_folder(monkeypatch, tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # the guard finds the wheel there
        with EmbeddedServer(tmp_path / "pg") as server:
            copy = Path(json.loads((tmp_path / "pg" / "server.json").read_text())["copy"])
            assert copy.is_dir()
            assert answer(server.libpq_uri("owner"), "SELECT count(*) > 300 FROM pg_timezone_names") is True
        assert not copy.exists()

    def test_the_owner_of_the_data_runs_the_server(tmp_path):
        os.chown(tmp_path, 4242, 4243)
        assert server_account(tmp_path) == Account(4242, 4243)

    # A user name space gives this process an ordinary user id without closing the interpreter's folders to it.
    PLAIN = ["unshare", "--user", "--map-user=1"]
    if shutil.which("unshare") and subprocess.run([*PLAIN, "true"], check=False, capture_output=True).returncode == 0:

        def test_a_plain_account_runs_it_as_itself(tmp_path):
            command = [*PLAIN, sys.executable, "-c", USER, str(tmp_path / "pg")]
            done = subprocess.run(command, input="\n", capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith("postgresql://sitong_owner:")
            assert {path.stat().st_uid for path in tmp_path.rglob("*")} == {0}  # nothing was given to another account
