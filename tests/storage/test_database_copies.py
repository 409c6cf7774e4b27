"""Programs of PostgreSQL: which one runs, what it is told, and what is said where none can."""

import pytest

from storage import database_copies
from storage.database_copies import Address, dump
from storage.errors import SourceUnavailable

ADDRESS = Address.of("postgresql://keeper:s3cret@db.example:5433/hub?sslmode=require")
MISMATCH = "echo 'pg_dump: error: aborting because of server version mismatch' >&2; exit 1"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Make programs: `ours` of this installation, `path` of the machine."""

    def make(name, text):
        folder = tmp_path / name / "bin"
        folder.mkdir(parents=True)
        (folder / "pg_dump").write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (folder / "pg_dump").chmod(0o755)
        return folder

    monkeypatch.setattr(database_copies, "installed_binaries", lambda: tmp_path / "ours")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path' / 'bin'}:/usr/bin:/bin")
    return make


def test_the_password_is_never_an_argument(programs, tmp_path):
    programs("ours", f'echo "$@" > {tmp_path}/arguments; echo "$PGPASSWORD" > {tmp_path}/password')
    dump(ADDRESS, ["population"], tmp_path / "dump")
    said = (tmp_path / "arguments").read_text("utf-8")
    assert "s3cret" not in said
    for part in ("host=db.example", "port=5433", "user=keeper", "sslmode=require", "-n population", "--no-password"):
        assert part in said
    assert (tmp_path / "password").read_text("utf-8") == "s3cret\n"
    assert "s3cret" not in ADDRESS.conninfo


def test_a_newer_server_is_dumped_by_the_program_on_the_path(programs, tmp_path):
    programs("ours", MISMATCH)
    programs("path", f"touch {tmp_path}/done")
    dump(ADDRESS, ["population"], tmp_path / "dump")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("on_path", [MISMATCH, None])
def test_where_none_can_the_message_says_what_to_do(programs, tmp_path, on_path, monkeypatch):
    programs("ours", MISMATCH)
    if on_path:
        programs("path", on_path)
    else:
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(SourceUnavailable, match="server version mismatch") as told:
        dump(ADDRESS, ["population"], tmp_path / "dump")
    assert "put a pg_dump of the server's version or newer on the PATH" in told.value.remedy
    assert "s3cret" not in str(told.value)


def test_another_failure_is_told_once(programs, tmp_path):
    programs("ours", "echo 'pg_dump: error: permission denied' >&2; exit 1")
    programs("path", f"touch {tmp_path}/tried")
    with pytest.raises(SourceUnavailable, match="permission denied"):
        dump(ADDRESS, ["population"], tmp_path / "dump")
    assert not (tmp_path / "tried").exists()
