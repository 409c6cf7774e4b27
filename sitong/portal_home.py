"""The portal of an installation, wired: its database at this release, and what its pages work on."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from mismatches import migration as findings_migration
from portal import migration as portal_migration
from portal.app import create_app
from portal.config import PortalConfig
from portal.desk import Workplace
from sitong.settings import Settings, now
from storage.engine import Database, open_database


@contextmanager
def open_accounts(settings: Settings) -> Iterator[Database]:
    """Bring accounts, findings and cases to this release and keep their database open."""
    with open_database(settings.zones, settings.server_url) as database:
        findings_migration.upgrade(database.engine)
        portal_migration.upgrade(database.engine)
        yield database


@contextmanager
def open_portal(settings: Settings, *, https: bool = False) -> Iterator[FastAPI]:
    """The portal of a home, its database open meanwhile."""
    with open_accounts(settings) as database:
        workplace = Workplace(database.writer, settings.zones, now)
        yield create_app(PortalConfig(https=https, scheduler=settings.airflow_url), workplace)
