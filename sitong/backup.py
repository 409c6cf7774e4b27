"""Backup: database and files of one moment, in a folder of their own that is whole or is not there.

The publication lock is held while the two are copied, so that the version in force is the same in both; the home's
lock, which the caller holds, keeps runs away. What has not changed since the last backup is linked to it instead of
copied. On our own server the log goes on flowing into the archive beside the backups (`storage.archive`).
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import Connection, text

from mismatches.migration import SCHEMA as FINDINGS
from portal.migration import SCHEMA as PORTAL
from registry import migration, publication
from registry.failures import named_failures
from registry.naming import LEDGER_TABLE, SCHEMAS, products
from registry.versions import publication_lock, standing
from sitong.settings import Settings
from storage import archive
from storage.commit import commit, remove
from storage.database_copies import DUMP, Address, base_backup, dump, first_segment
from storage.engine import open_database
from storage.errors import BadSpecification, Busy, ContractBroken
from storage.file_lock import Hold, close_lock, open_lock, try_lock
from storage.manifest import Json, Manifest, is_whole, read_manifest, whole_folders
from storage.server import EmbeddedServer
from storage.zones import FOLDER_MODE, LASTING_ZONES, Zones

ARCHIVES, BASE, FILES, CREDENTIALS = "log", "base", "files", "credentials.json"
SCHEMAS_KEPT = (migration.VERSION_SCHEMA, *SCHEMAS.values(), FINDINGS, PORTAL)
"""Of a server by address; our own is copied whole. One that is not there yet is left out."""

LEDGERS = ("registry.relations", "registry.judgement")
"""What is counted beside the bases."""

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Backups:
    """A folder of backups: `<moment>/` each, `log/<generation>/`, and the lock of who writes."""

    folder: Path

    def all(self) -> tuple[Path, ...]:
        """The whole ones, oldest first."""
        return whole_folders(self.folder)


def back_up(settings: Settings, to: Path, at: datetime, *, on_step: OnStep = lambda _: None) -> Manifest:
    """Make a backup, and remove those that are no longer kept.

    Args:
        settings: whose home; the caller holds its lock.
        to: the folder of backups, made where it is missing.
        at: the moment that names the backup.
        on_step: told the name of each step when it is done.

    Raises:
        BadSpecification: the folder lies in the home.
        SourceUnavailable: the database cannot be copied, or the disk is full; earlier backups stay.
        Busy: another backup or a publication is under way.
    """
    zones, backups = settings.zones, Backups(to.resolve())
    if backups.folder.is_relative_to(zones.home):
        raise BadSpecification("backups would lie in what they back up", str(to), "a folder elsewhere, on another disk")
    with named_failures("backup"), _alone(backups.folder), _draft(backups.folder) as draft:
        generation = None if settings.server_url else archive.enable(zones.postgres, backups.folder / ARCHIVES)
        facts = _copy(settings, draft, backups, generation, on_step)
        made = _seal(
            draft, backups, Manifest("backup", "home", f"{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}", at, 0, facts=facts)
        )
        on_step("sealed")
        _prune(zones, backups, settings.keep_backups)
    return made


def _copy(
    settings: Settings, draft: Path, backups: Backups, generation: Path | None, on_step: OnStep
) -> dict[str, Json]:
    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        publication.repair(database.engine, settings.zones)
        with publication_lock(database.engine, patience=60.0) as connection:
            facts = _facts(connection)
            _refuse_foreign(backups, facts)
            if generation:
                facts |= _copy_server(settings.zones, draft, generation)
            else:
                dump(Address.of(database.uri), SCHEMAS_KEPT, draft / DUMP)
                facts |= {"server": "dump"}
            on_step("database")
            _copy_files(settings.zones.home, draft / FILES, backups.all()[-1:])
            on_step("files")
            return facts


def _refuse_foreign(backups: Backups, facts: Mapping[str, Json]) -> None:
    for folder in backups.all()[-1:]:
        if read_manifest(folder).facts["installation"] != facts["installation"]:
            raise BadSpecification(
                "the folder holds the backups of another installation", str(backups.folder), "a folder for each",
                "name another folder with --to",
            )  # fmt: skip


def _copy_server(zones: Zones, draft: Path, generation: Path) -> dict[str, Json]:
    with EmbeddedServer(zones.postgres) as server:
        address = Address(*server.libpq_parts())
        generation = _unbroken(zones, generation, address)
        first = base_backup(address, draft / BASE)
    shutil.copyfile(zones.postgres / CREDENTIALS, draft / CREDENTIALS)
    return {"server": "base", "log": generation.name, "first_segment": first}


def _unbroken(zones: Zones, generation: Path, address: Address) -> Path:
    """The generation, or a new one where the server could not keep the log that the archive lacks."""
    with psycopg.connect(address.conninfo, password=address.password, dbname="postgres", autocommit=True) as connection:
        lost = connection.execute(
            "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND wal_status = 'lost'", (archive.SLOT,)
        ).fetchone()
        if not lost:
            return generation
        connection.execute("SELECT pg_drop_replication_slot(%s)", (archive.SLOT,))
    return archive.enable(zones.postgres, generation.parent, anew=True)


def _facts(connection: Connection) -> dict[str, Json]:
    """What the database holds, for whoever compares after a restore."""
    in_force = standing(connection)
    counts: dict[str, Json] = {}
    with connection.begin():
        for entity, schema in SCHEMAS.items():
            for table in (*products(entity), LEDGER_TABLE):
                query = text(f'SELECT count(*) FROM "{schema}"."{table}"')
                counts[f"{schema}.{table}"] = int(connection.execute(query).scalar_one())
        for table in LEDGERS:
            counts[table] = int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
        server = str(connection.execute(text("SHOW server_version")).scalar_one())
    return {
        "installation": in_force.installation,
        "version": in_force.version,
        "rows": counts,
        "server_version": server,
    }


def _copy_files(home: Path, target: Path, last: tuple[Path, ...]) -> None:
    """Copy the zones; whole folders that the last backup has too are linked to it, file by file."""
    before = last[0] / FILES if last else None
    target.mkdir(mode=FOLDER_MODE)
    for name in LASTING_ZONES:
        if (home / name).is_dir():
            _copy_folder(home / name, target / name, before / name if before else None)


def _copy_folder(source: Path, target: Path, before: Path | None) -> None:
    target.mkdir(mode=FOLDER_MODE)
    same = before is not None and _is_same(source, before)
    for item in sorted(source.iterdir()):
        place, old = target / item.name, before / item.name if before else None
        if item.is_symlink():
            place.symlink_to(item.readlink())
        elif item.is_dir():
            _copy_folder(item, place, old)
        elif not (same and old and _linked(old, place)):
            shutil.copy2(item, place)


def _is_same(source: Path, before: Path) -> bool:
    """Whether two whole folders are one: their manifests name the hash of every file."""
    return (
        is_whole(source)
        and is_whole(before)
        and ((source / "manifest.json").read_bytes() == (before / "manifest.json").read_bytes())
    )


def _linked(old: Path, place: Path) -> bool:
    try:
        os.link(old, place)
    except OSError:  # a file system without links, or too many of them
        return False
    return True


def _seal(draft: Path, backups: Backups, manifest: Manifest) -> Manifest:
    """Hash everything, write it through, and let it appear; a linked file that decayed meanwhile is found."""
    linked = {
        name: entry
        for folder in backups.all()[-1:]
        for name, entry in read_manifest(folder).files.items()
        if _is_one(folder / name, draft / name)
    }
    target = backups.folder / manifest.version
    made = commit(draft, target, manifest)
    decayed = [name for name, entry in linked.items() if made.files[name] != entry]
    if decayed:
        shutil.rmtree(target)
        raise ContractBroken(
            f"{len(decayed)} files of the last backup are no longer what they were, the first is {decayed[0]}",
            str(backups.folder),
            remedy="the disk of the backups is failing: use another folder with --to",
        )
    return made


def _is_one(left: Path, right: Path) -> bool:
    return left.is_file() and right.is_file() and left.samefile(right)


def _prune(zones: Zones, backups: Backups, keep: int) -> None:
    """Keep the newest backups, and of the log what the oldest of them needs."""
    for folder in backups.all()[:-keep]:
        remove(Zones(backups.folder), folder)
    firsts: dict[str, str] = {}
    for folder in backups.all():
        facts = read_manifest(folder).facts
        if facts["server"] == "base":
            name = str(facts["log"])
            firsts[name] = min(first_segment(folder / BASE), firsts.get(name, "F" * 24))
    parent = backups.folder / ARCHIVES
    in_use = archive.configured(zones.postgres)
    for generation in sorted(parent.iterdir()) if parent.is_dir() else ():
        if generation.name in firsts:
            archive.prune_log(generation, firsts[generation.name])
        elif generation != in_use:
            shutil.rmtree(generation)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    lock = open_lock(folder / ".lock")
    try:
        if not try_lock(lock, Hold.ALONE):
            raise Busy("another backup goes into this folder", str(folder), remedy="wait until it ends")
        yield
    finally:
        close_lock(lock)


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """A hidden folder for what is being made; what killed backups left of theirs goes first."""
    work = Zones(folder).work
    shutil.rmtree(work, ignore_errors=True)
    draft = work / "draft"
    draft.mkdir(mode=FOLDER_MODE, parents=True)
    try:
        yield draft
    finally:
        shutil.rmtree(work, ignore_errors=True)


def facts_of(manifest: Manifest) -> Mapping[str, Json]:
    """The counts that a backup promises: table → rows."""
    return cast("Mapping[str, Json]", manifest.facts["rows"])
