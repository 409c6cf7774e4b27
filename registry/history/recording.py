"""What a version adds to the past: its step of the change feed in files, its history and events in the database.

A step is computed from the published files of two versions, written beside them, copied into tables that nobody reads,
and taken up by the transaction that puts the version in force: the version's row is the commit here too. The table
`registry.past` names, for each entity, the version up to which the past is written. A version that came into force in
another way, by a rollback, is caught up with before anything else is done. Invariant: the past leads, step by step, to
what it names.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, text

from registry.history.consumer import steps
from registry.history.differences import EVENTS, HISTORY, Snapshot, Step, write_differences
from registry.loading import load_segments
from registry.naming import SCHEMAS, feed_product, folder_name, partition, segments
from registry.policy import ENTITIES, Entity
from registry.sql import quoted
from schemas.contract import product_contract
from storage.commit import commit, point, pointed, remove, staging
from storage.manifest import Json, Manifest, is_whole
from storage.zones import Zones

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """Up to where an entity's past is written.

    `since`: the first version of it: of what was before nothing is known. `version`: the last one. `product_version`:
    the version of the base that it leads to.
    """

    since: int
    version: int
    product_version: int


@dataclass(frozen=True)
class Moment:
    """One version as the past sees it: what it puts in force, and what its manifests say.

    `before`: the version of the base that was in force, None for the first.
    """

    entity: Entity
    version: int
    before: int | None
    after: int
    as_of: date
    at: datetime
    installation: str


def write_step(zones: Zones, moment: Moment, work: Path, changed: tuple[Snapshot, Snapshot] | None = None) -> Manifest:
    """Write the step of a version beside the published products.

    Args:
        zones: the home folder.
        moment: which version.
        work: a folder of `storage.commit.staging`.
        changed: the rows of all masters that differ, before and after, where they are known already.
    """
    product = feed_product(moment.entity)
    folder, spill = work / product, work / f"{product}-spill"
    for made in (folder, spill):
        made.mkdir(mode=0o700)
    before = None if moment.before is None else Snapshot.of(zones, moment.entity, moment.before)
    after = Snapshot.of(zones, moment.entity, moment.after)
    if changed:
        before, after = changed
    kinds = write_differences(Step(moment.entity, moment.version, moment.as_of, before, after), folder, spill)
    facts: dict[str, Json] = {
        "installation": moment.installation,
        "as_of": moment.as_of.isoformat(),
        "from": None if moment.before is None else folder_name(moment.before),
        "to": folder_name(moment.after),
        "kinds": dict(sorted(kinds.items())),
        "contract_version": product_contract(product).version,
    }
    manifest = Manifest(
        kind="product",
        name=product,
        version=folder_name(moment.version),
        created_at=moment.at,
        rows=sum(kinds.values()),
        inputs={moment.entity: folder_name(moment.after)},
        facts=facts,
    )
    return commit(folder, zones.published(product, folder_name(moment.version)), manifest)


def load_step(url: URL, zones: Zones, entity: Entity, version: int) -> None:
    """Copy a written step into tables of its own, which nobody reads."""
    folder = zones.published(feed_product(entity), folder_name(version))
    load_segments(url, entity, version, dict(zip(segments(entity), (folder / HISTORY, folder / EVENTS), strict=True)))


def take_up(connection: Connection, entity: Entity, version: int, product_version: int, *, begins: bool) -> None:
    """Make a loaded step part of the past; belongs into the transaction that puts the version in force.

    `begins`: there was no base before, so that the past begins here.
    """
    schema = quoted(SCHEMAS[entity])
    for table in segments(entity):
        segment = f"{schema}.{quoted(partition(table, version))}"
        connection.execute(text(f"INSERT INTO {schema}.{quoted(table)} SELECT * FROM {segment}"))
        connection.execute(text(f"DROP TABLE {segment}"))
    _tell(connection, entity, version, product_version, begins=begins)


def told(connection: Connection, entity: Entity) -> Told | None:
    """Up to where an entity's past is written; None before its first version."""
    row = connection.execute(
        text("SELECT since, version, product_version FROM registry.past WHERE entity = :entity"), {"entity": entity}
    ).one_or_none()
    return Told(*row) if row else None


def catch_up(
    engine: Engine, connection: Connection, zones: Zones, version: int, in_force: Mapping[Entity, int]
) -> None:
    """Write the past up to what is in force, where that came into force without a step of its own.

    After a rollback this is one step. Where the base was published by a release that wrote no past, or the files of
    what was in force are gone, the past begins with what is in force now.

    Args:
        engine: as for a publication.
        connection: holds the publication lock.
        zones: the home folder.
        version: the version in force.
        in_force: entity → the version of its base.
    """
    for entity, product_version in in_force.items():
        with connection.begin():
            last = told(connection, entity)
        if last and last.product_version == product_version:
            continue
        if last is None or not Snapshot.of(zones, entity, last.product_version).is_there():
            _log.info("the past of a base begins with the version in force: %s", entity)
            with connection.begin():
                _tell(connection, entity, version, product_version, begins=True)
            continue
        moment = _moment(connection, entity, version, (last.product_version, product_version))
        with staging(zones) as work:
            write_step(zones, moment, work)
        load_step(engine.url, zones, entity, version)
        with connection.begin():
            take_up(connection, entity, version, product_version, begins=False)


def tidy_feeds(zones: Zones, committed: int) -> None:
    """Remove steps of versions that were not committed, and make `current` name the last step."""
    for entity in ENTITIES:
        link = zones.current(feed_product(entity))
        for folder in sorted(link.parent.iterdir()) if link.parent.is_dir() else ():
            is_version = folder.name.isdecimal() and not folder.is_symlink()
            if is_version and (int(folder.name) > committed or not is_whole(folder)):
                remove(zones, folder)
        point_feed(zones, entity)


def point_feed(zones: Zones, entity: Entity) -> None:
    """Make `current` name the last step of an entity's feed."""
    link, found = zones.current(feed_product(entity)), steps(zones, entity, after=0)
    if not found:
        link.unlink(missing_ok=True)
    elif pointed(link) != found[-1].parent.name:
        point(link, found[-1].parent.name)


def _tell(connection: Connection, entity: Entity, version: int, product_version: int, *, begins: bool) -> None:
    """Write down up to where the past is written, and, where it begins, since when."""
    connection.execute(
        text(
            "INSERT INTO registry.past AS p (entity, since, version, product_version)"
            " VALUES (:entity, :version, :version, :product) ON CONFLICT (entity) DO UPDATE SET"
            " since = CASE WHEN :begins THEN excluded.since ELSE p.since END, version = excluded.version,"
            " product_version = excluded.product_version"
        ),
        {"entity": entity, "version": version, "product": product_version, "begins": begins},
    )


def _moment(connection: Connection, entity: Entity, version: int, products: tuple[int, int]) -> Moment:
    with connection.begin():
        row = connection.execute(
            text(
                "SELECT as_of, committed_at, (SELECT id::text FROM registry.installation) AS installation"
                " FROM registry.version WHERE version = :version"
            ),
            {"version": version},
        ).one()
    before, after = products
    return Moment(entity, version, before, after, row.as_of, row.committed_at, row.installation)
