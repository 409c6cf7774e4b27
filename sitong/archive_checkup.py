"""Whether what is changed now could be had back: the newest backup, the archive of the log, and its replay.

Looks and changes nothing. Of our own server it reads the archive's folder and asks for the stream's slot; of a server
by address it asks for the operator's archiver.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import text

from sitong.backup import ARCHIVES, Backups
from sitong.settings import Settings
from storage import archive
from storage.engine import open_database
from storage.errors import SourceUnavailable
from storage.manifest import read_manifest
from storage.server import EmbeddedServer

STALE_HOURS = 48
"""A backup older than this is told: the nightly one has failed twice."""

_PATIENCE_SECONDS = 10.0  # the stream begins with the server
_BEHIND_BYTES = 4 * archive.SEGMENT_BYTES


def backups(settings: Settings) -> str:
    """How old the newest backup is.

    Raises:
        SourceUnavailable: there is none, or it is stale.
    """
    if settings.backup_to is None:
        return "none by schedule; SITONG_BACKUP_TO names where they go 未设定时备份"
    found, remedy = Backups(settings.backup_to.resolve()).all(), _BACK_UP.format(settings.backup_to)
    if not found:
        raise SourceUnavailable("there is no backup yet", str(settings.backup_to), remedy=remedy)
    manifest = read_manifest(found[-1])
    hours = (datetime.now(UTC) - manifest.created_at).total_seconds() / 3600
    if hours > STALE_HOURS:
        raise SourceUnavailable(
            f"the newest backup is {hours:,.0f} hours old", str(settings.backup_to), f"at most {STALE_HOURS}", remedy
        )
    return f"{len(found)} kept, the newest {hours:,.1f} hours old, version {manifest.facts['version']}"


_BACK_UP = "see the DAG `backup`, and run `sitong backup --to {}`"


def log_archive(settings: Settings) -> str:
    """How far the archive of the log has come.

    Raises:
        SourceUnavailable: the archive is out of reach, behind, or has a gap beyond which nothing can be replayed.
    """
    return _operators(settings) if settings.server_url else _ours(settings)


def _ours(settings: Settings) -> str:
    postgres = settings.zones.postgres
    folder = archive.configured(postgres)
    if folder is None:
        return "none; the first `sitong backup` begins one 尚未归档"
    if not folder.is_dir():
        raise SourceUnavailable(
            "the archive of the log cannot be reached", str(folder), remedy="mount its disk; the server keeps 16 GiB"
        )
    with EmbeddedServer(postgres) as server:
        conninfo, password = server.libpq_parts()
        slot = _slot(conninfo, password)
    if slot is None or not slot["active"]:
        lost = slot is not None and slot["wal_status"] == "lost"
        raise SourceUnavailable(
            "the server let go of log that the archive lacks" if lost else "nothing streams the log into the archive",
            str(folder),
            remedy="run `sitong backup`, which begins a new archive" if lost else f"see {postgres / 'archive.log'}",
        )
    if slot["behind"] > _BEHIND_BYTES:
        raise SourceUnavailable(
            f"the archive is {slot['behind'] / 2**20:,.0f} MiB behind", str(folder), remedy="see the archive's disk"
        )
    _refuse_gaps(folder)
    found = archive.read_archive(folder)
    if found.until is None:
        return f"begun, no segment yet, {slot['behind']:,} bytes behind"
    seconds = max((datetime.now(UTC) - found.until).total_seconds(), 0.0)
    return f"last written {seconds:,.0f} s ago, {slot['behind']:,} bytes behind, no gap: {archive.newest(folder)}"


def _slot(conninfo: str, password: str) -> dict[str, Any] | None:
    """The stream's slot, once it is active or patience has ended."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    how: Any = {"password": password, "dbname": "postgres", "autocommit": True, "row_factory": dict_row}
    with psycopg.connect(conninfo, **how) as asked:
        while True:
            row = asked.execute(_SLOT, (archive.SLOT,)).fetchone()
            if (row and row["active"]) or time.monotonic() > deadline:
                return row
            time.sleep(0.2)


_SLOT = """
SELECT s.active, s.wal_status,
       coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(r.flush_lsn, s.restart_lsn)), 0)::bigint AS behind
FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = %s
"""


def _refuse_gaps(folder: Path) -> None:
    """What a replay would stop at, for every backup that needs this archive: `<backups>/log/<generation>`."""
    for backup in Backups(folder.parent.parent).all() if folder.parent.name == ARCHIVES else ():
        facts = read_manifest(backup).facts
        if facts.get("log") == folder.name and (gap := archive.gap_after(folder, str(facts["first_segment"]))):
            raise SourceUnavailable(
                f"a replay of backup {backup.name} would stop before segment {gap}, which the archive lacks",
                str(folder), remedy="run `sitong backup` now: a new one needs nothing before itself",
            )  # fmt: skip


def _operators(settings: Settings) -> str:
    """What the archiver of a server by address says of itself."""
    with open_database(settings.zones, settings.server_url) as database, database.engine.connect() as connection:
        row = connection.execute(
            text("SELECT current_setting('archive_mode') AS mode, a.* FROM pg_stat_archiver a")
        ).one()
    if row.mode == "off":
        return "off on this server: between two backups nothing can be gone back to 未归档"
    if row.last_failed_time and (row.last_archived_time is None or row.last_failed_time > row.last_archived_time):
        raise SourceUnavailable(
            f"the server cannot archive its log: {row.failed_count} failures, the last at {row.last_failed_time:%F %T}",
            "archive_command", remedy="have the server's operator look at its log",
        )  # fmt: skip
    last = f"{row.last_archived_wal} at {row.last_archived_time:%F %T}" if row.last_archived_time else "none yet"
    return f"{row.archived_count} segments, the last {last}; {row.failed_count} failures"
