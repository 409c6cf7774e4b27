"""Restore: a home again from a backup, with what the archive of the log holds beyond it.

The home is made beside its place and moved there when it is whole. Database and files are a pair afterwards: where the
log reaches a version whose files were not backed up, the newest version that has both is put in force, and the next run
publishes anew from what departments have sent.
"""

import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from registry import migration, rollback
from registry.failures import named_failures
from registry.versions import publication_lock, standing
from sitong.backup import ARCHIVES, BASE, CREDENTIALS, FILES, SCHEMAS_KEPT, Backups
from storage.archive import Archive, read_archive
from storage.database_copies import DUMP, Address, load_dump, place_base
from storage.engine import Database, open_database
from storage.errors import BadSpecification
from storage.manifest import Manifest, is_whole, verify
from storage.zones import FOLDER_MODE, Zones


@dataclass(frozen=True)
class Restored:
    """What came back.

    Attributes:
        backup: its manifest.
        version: in force after the restore.
        put_back: the version that the log reached and whose files are missing; None where the pair was whole.
        segments: of the log, that came from the archive.
        until: up to when changes of the database are there.
        complete: everything that the server ever wrote is there.
        seconds: that it took, hashes included.
    """

    backup: Manifest
    version: int
    put_back: int | None
    segments: int
    until: datetime
    complete: bool
    seconds: float


def chosen(source: Path, name: str | None = None) -> Path:
    """The backup of a folder: the newest, or the one named; or the folder itself where it is one.

    Raises:
        BadSpecification: there is none.
    """
    found = (source,) if is_whole(source) else Backups(source).all()
    named = [folder for folder in found if name in (None, folder.name)]
    if not named:
        listed = ", ".join(folder.name for folder in found) or "none"
        raise BadSpecification("there is no such backup", str(source), f"one of {listed}", "correct --from or --backup")
    return named[-1]


def restore(backup: Path, home: Path, url: str | None, at: datetime) -> Restored:
    """Make a home from a backup.

    Args:
        backup: the folder of one.
        home: its place; must be missing or empty.
        url: of an empty database for a dump; None is the embedded server of the new home.
        at: the moment that is written down.

    Raises:
        BadSpecification: the place is taken, or database and backup do not fit.
        ContractBroken: files of the backup differ from its manifest.
        SourceUnavailable: the disk is full, or the database refused.
    """
    started = time.monotonic()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BadSpecification("the place of the restore is taken", str(home), "a new or empty folder")
    manifest = verify(backup)
    if url and manifest.facts["server"] == "base":
        raise BadSpecification(
            "this backup holds an embedded server", str(backup), remedy="unset SITONG_DATABASE_URL and restore again"
        )
    draft = home.parent / f".{home.name}.restoring"
    with named_failures("restore"):
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        segments, archive = _place(backup, manifest, draft)
        version, put_back = _settle(Zones(draft), url, backup, manifest, at)
        draft.rename(home)
    until = max(filter(None, (manifest.created_at, archive.until if archive else None)))
    complete = archive.complete if archive else False
    return Restored(manifest, version, put_back, segments, until, complete, round(time.monotonic() - started, 3))


def _place(backup: Path, manifest: Manifest, draft: Path) -> tuple[int, Archive | None]:
    """Put files and, of an embedded server, data and log in their places."""
    shutil.copytree(backup / FILES, draft, symlinks=True)
    draft.chmod(FOLDER_MODE)
    zones = Zones(draft).create()
    if manifest.facts["server"] != "base":
        return 0, None
    folder = backup.parent / ARCHIVES / str(manifest.facts["log"])
    zones.postgres.mkdir(mode=FOLDER_MODE)
    shutil.copyfile(backup / CREDENTIALS, zones.postgres / CREDENTIALS)
    (zones.postgres / CREDENTIALS).chmod(0o600)
    return place_base(backup / BASE, folder, zones.postgres / "data"), read_archive(folder)


def _settle(zones: Zones, url: str | None, backup: Path, manifest: Manifest, at: datetime) -> tuple[int, int | None]:
    """Load, bring to this release, and make database and files a pair; the version in force and one put back."""
    with open_database(zones, url) as database:
        if manifest.facts["server"] == "dump":
            _refuse_filled(database, url)
            load_dump(backup / DUMP, Address.of(database.uri))
        migration.upgrade(database.engine)
        reached = _version(database)
        done = rollback.put_back(database.engine, zones, at)
        return (done.version, reached) if done else (reached, None)


def _refuse_filled(database: Database, url: str | None) -> None:
    with database.engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_namespace WHERE nspname = ANY(:names)")
        there = connection.execute(query, {"names": list(SCHEMAS_KEPT)}).scalar_one()
    if there:
        raise BadSpecification(
            "the database is not empty", "SITONG_DATABASE_URL" if url else "embedded server", "an empty database",
            f"create one; the restore makes the schemas {', '.join(SCHEMAS_KEPT)}",
        )  # fmt: skip


def _version(database: Database) -> int:
    with publication_lock(database.engine, patience=60.0) as connection:
        return standing(connection).version
