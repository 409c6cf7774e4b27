"""The ledger of judgements, wired: open the database, add to the ledger, hand out what holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from matching.judgements import Judgements
from registry import migration
from registry.judgements import ledger
from registry.judgements.exporting import for_matching, write_judgements
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


def judgements_for(settings: Settings, entity: Entity) -> Judgements:
    """What a match of an entity honours; where the database was never made, or is of an older release, nothing."""
    if not settings.server_url and not (settings.zones.postgres / "credentials.json").exists():
        return Judgements()
    with open_database(settings.zones, settings.server_url) as database, database.engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('registry.judgement')")).scalar() is None:
            return Judgements()
        return for_matching(ledger.live(connection).of(entity))


def export(settings: Settings, entity: Entity, path: Path) -> int:
    """Write what holds of one base for `sitong match --judgements`; how many rows."""
    with open_ledger(settings) as connection:
        return write_judgements(ledger.live(connection).of(entity), path)
