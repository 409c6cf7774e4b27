"""The stages that keep what was published: rollback, backup by schedule, drill. The caller holds the home's lock."""

from datetime import datetime
from pathlib import Path

from registry import migration, rollback
from registry.rollback import Kept, RolledBack
from sitong.backup import back_up
from sitong.drill import Drill, drill
from sitong.restore import chosen
from sitong.settings import Settings
from storage.engine import open_database
from storage.errors import BadSpecification, ContractBroken
from storage.manifest import Manifest


def kept_versions(settings: Settings) -> tuple[Kept, ...]:
    """The versions that can be put in force, newest first; the first is in force."""
    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        return rollback.kept(database.engine, settings.zones)


def roll_back(settings: Settings, to: int | None, at: datetime) -> RolledBack:
    """Put a kept version in force again; see `registry.rollback`."""
    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        return rollback.roll_back(database.engine, settings.zones, to, at)


def scheduled_backup(settings: Settings, at: datetime) -> Manifest:
    """Back up to the folder of the settings.

    Raises:
        BadSpecification: no folder is set.
    """
    return back_up(settings, _backup_to(settings), at)


def rehearse(settings: Settings, at: datetime) -> Drill:
    """Restore the newest backup into scratch and look at it; needs neither the home nor its lock.

    Raises:
        BadSpecification: no folder is set, or it has no backup.
        ContractBroken: a check failed.
    """
    folder = chosen(_backup_to(settings))
    done = drill(folder, None, at)
    if not done.passed:
        faults = "; ".join(f"{check.name}: {', '.join(check.faults)}" for check in done.checks if check.faults)
        raise ContractBroken(
            f"the drill of the restore failed: {faults}", str(folder), "a backup that comes back right",
            "make another backup, rehearse it, and keep the older ones until it passes",
        )  # fmt: skip
    return done


def _backup_to(settings: Settings) -> Path:
    if settings.backup_to is None:
        raise BadSpecification("it is not set where backups go", "SITONG_BACKUP_TO", "a folder on another disk")
    return settings.backup_to.resolve()
