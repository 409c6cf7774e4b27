"""The ledger of judgements, wired: open the database, add to the ledger, hand out what holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from registry import migration
from registry.judgements import ledger
from registry.judgements.exporting import write_judgements
from registry.policy import Entity
from sitong.settings import Settings
from storage.engine import open_database


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Connection]:
    """The database at this release, as its writer and in one transaction, which ends with the block."""
    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        with database.writer.begin() as connection:
            yield connection


def export(settings: Settings, entity: Entity, path: Path) -> int:
    """Write what holds of one base for `sitong match --judgements`; how many rows."""
    with open_ledger(settings) as connection:
        return write_judgements(ledger.live(connection).of(entity), path)
