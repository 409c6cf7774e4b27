"""Which published versions are kept: tables and folders of the older ones go, those in force never."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from registry.failures import named_failures
from registry.naming import RELATIONS
from registry.policy import ENTITIES
from registry.relations.publishing import outdated_relations, prune_relations
from registry.repair import prune_folders, repair_held, version_folders
from registry.versions import kept_versions, prune_partitions, publication_lock
from storage.manifest import whole_folders
from storage.zones import Zones


@dataclass(frozen=True)
class Outdated:
    """Folders of published versions that are not kept, and those that are."""

    removable: tuple[Path, ...]
    kept: tuple[Path, ...]


def prune_versions(engine: Engine, zones: Zones, keep: int, *, dry_run: bool, patience: float = 60.0) -> Outdated:
    """Remove what only older versions need, withdrawn ones included; the folders named are those in the files.

    Args:
        engine: connects as the owner of the base databases.
        zones: the home folder, whose lock the caller holds.
        keep: how many publications are kept, at least one.
        dry_run: name only.
        patience: how long to wait for a publication, in seconds.
    """
    removable: list[Path] = []
    kept: list[Path] = []
    with named_failures("prune"), publication_lock(engine, patience) as connection:
        repair_held(engine, connection, zones)
        for entity in ENTITIES:
            wanted = kept_versions(connection, entity, keep)
            for version, folder in version_folders(zones, entity):
                (kept if version in wanted else removable).append(folder)
            if not dry_run:
                prune_folders(zones, entity, wanted)
        gone = outdated_relations(zones, connection, keep)
        removable += gone
        kept += (one for one in whole_folders(zones.current(RELATIONS).parent) if one not in gone)
        if not dry_run:
            prune_relations(zones, connection, keep)
            prune_partitions(engine, connection, keep)
    return Outdated(tuple(removable), tuple(kept))
