"""Copies of whole databases by PostgreSQL's own programs: base backups of our server, dumps of anybody's.

Passwords go through the environment of the program, never through its arguments, which everybody on the machine sees.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storage.archive import copy_log
from storage.errors import Internal, SourceUnavailable
from storage.postgres_account import installed_binaries, server_account

DUMP = "database.dump"

_START = re.compile(r"^START WAL LOCATION: .*\(file ([0-9A-F]{24})\)$", re.MULTILINE)
# Everything is in pg_wal, and its end begins another timeline; nobody is let in before that.
_END_OF_LOG = "restore_command = 'false'\nhot_standby = off\n"


@dataclass(frozen=True, repr=False)
class Address:
    """Where a server is: libpq's words for it, and apart from them the password."""

    conninfo: str
    password: str

    @classmethod
    def of(cls, uri: str) -> "Address":
        """Take an address of libpq apart."""
        parts = conninfo_to_dict(uri)
        password = str(parts.pop("password", "") or "")
        return cls(make_conninfo("", **parts), password)


def base_backup(address: Address, folder: Path) -> str:
    """Copy our running server into a new folder; returns the first segment of the log that the copy needs.

    The copy holds the log of its own making: alone it is whole.
    """
    _run("pg_basebackup", ["-D", str(folder), "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256"], address)
    return first_segment(folder)


def first_segment(base: Path) -> str:
    """The first segment of the log that a base backup needs."""
    found = _START.search((base / "backup_label").read_text("ascii"))
    if found is None:
        raise Internal("a base backup does not say where it starts", str(base))
    return found[1]


def place_base(base: Path, archive: Path | None, data: Path) -> int:
    """Put a base backup in the place of a data folder, with what the archive holds beyond it.

    The server plays the log to its end when it is started next. Returns how many segments came from the archive.
    """
    shutil.copytree(base, data)
    came = copy_log(archive, first_segment(base), data / "pg_wal") if archive else 0
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(_END_OF_LOG)
    (data / "recovery.signal").touch()
    account = server_account(data)
    for parent, folders, files in os.walk(data):
        Path(parent).chmod(0o700)
        for name in ("", *folders, *files):
            if account.uid is not None and account.gid is not None:
                os.chown(Path(parent, name), account.uid, account.gid)
    return came


def dump(address: Address, schemas: Sequence[str], file: Path) -> None:
    """Write the schemas of a database into one file.

    Raises:
        SourceUnavailable: the server is newer than our programs, or refused; the message says what to do.
    """
    chosen = [part for schema in schemas for part in ("-n", schema)]
    _run("pg_dump", ["-Fc", "--no-owner", "--no-privileges", *chosen, "-f", str(file)], address)


def load_dump(file: Path, address: Address) -> None:
    """Load a dump into a database that has none of its schemas, wholly or not at all."""
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file)]
    _run("pg_restore", arguments, address)


def _run(program: str, arguments: Sequence[str], address: Address) -> None:
    """Run one of PostgreSQL's programs; the one on the PATH where ours is older than the server."""
    ours = installed_binaries() / "bin" / program
    said = ""
    for path in (str(ours), shutil.which(program)):
        if path is None:
            continue
        done = subprocess.run(  # noqa: S603 - programs of PostgreSQL, no shell
            [path, *arguments, "--no-password", "-d", address.conninfo],
            env={**os.environ, "LC_ALL": "C", "PGPASSWORD": address.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        said = " ".join(done.stderr.split("\n")[0].split())[:200]
        if "version mismatch" not in done.stderr:
            break
    raise SourceUnavailable(
        f"{program} failed: {said}",
        "backup of the database",
        remedy=_remedy(program, mismatch="version mismatch" in said),
    )


def _remedy(program: str, *, mismatch: bool) -> str:
    if mismatch:
        return f"put a {program} of the server's version or newer on the PATH, or have the server's operator back it up"
    return "see the server's log and disk; what was there before stays"
