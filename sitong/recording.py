"""Findings into the database, wired: which rules are suspended before a cross-check, and its findings after it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mismatches import migration
from mismatches.cases.queries.yields import suspended_rules
from mismatches.declarations import shipped_rules
from mismatches.run import Record
from mismatches.store.linking import Explain
from mismatches.store.recording import record
from schemas.bilingual import Bilingual
from sitong.settings import Settings
from storage.engine import open_database


@dataclass(frozen=True)
class Store:
    """What a cross-check needs of the database. `suspended`: rules that shall not run, and why."""

    suspended: Mapping[str, Bilingual]
    record: Record


@contextmanager
def open_store(settings: Settings, explain: Explain) -> Iterator[Store]:
    """Bring the schema of findings and cases to this release and keep its database open.

    `explain` tells the links that findings rest on.
    """
    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        with database.engine.connect() as connection:
            suspended = suspended_rules(connection, shipped_rules())
        yield Store(suspended, partial(record, database.engine, explain=explain))
