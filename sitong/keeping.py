"""The stages that keep what was published: rollback, backup, restore, retention. The caller holds the home's lock."""

from datetime import datetime

from registry import migration, rollback
from registry.rollback import Kept, RolledBack
from sitong.settings import Settings
from storage.engine import open_database


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
