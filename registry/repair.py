"""Folders of published versions: made to say what the database says, and cleared of what no version needs.

Files of the version in force that were lost are made again from the database.
"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine

from registry.history.recording import catch_up, tidy_feeds
from registry.naming import folder_name, products
from registry.policy import ENTITIES, Entity
from registry.rebuilding import Home, make_bases_again, make_relations_again
from registry.relations.publishing import show_relations, tidy_relations
from registry.versions import Standing, drop_debris, finish_detaching, standing
from storage.commit import point, pointed, remove
from storage.errors import BadSpecification, ContractBroken
from storage.manifest import is_whole, read_manifest
from storage.zones import Zones


def repair_held(engine: Engine, connection: Connection, zones: Zones) -> None:
    """Repair while the publication lock is held by the connection."""
    in_force = standing(connection)
    _refuse_foreign(zones, in_force)
    finish_detaching(engine, connection)
    drop_debris(connection)
    home = Home(engine.url, connection, zones, in_force)
    for entity in ENTITIES:
        _remove_uncommitted(zones, entity, in_force.version)
        if entity in in_force.products:
            make_bases_again(home, entity)
        _point(zones, entity, in_force)
    tidy_feeds(zones, in_force.version)
    catch_up(engine, connection, zones, in_force.version, {name: one[0] for name, one in in_force.products.items()})
    tidy_feeds(zones, in_force.version)
    make_relations_again(home)
    tidy_relations(zones, in_force.manifest, in_force.version)
    show_relations(engine.url, connection, zones, in_force.manifest, in_force.version)


def prune_folders(zones: Zones, entity: Entity, kept: frozenset[int]) -> None:
    """Remove the folders of versions that are not kept."""
    for version, folder in version_folders(zones, entity):
        if version not in kept:
            remove(zones, folder)


def _refuse_foreign(zones: Zones, in_force: Standing) -> None:
    """The versions of another database are not debris."""
    for entity in ENTITIES:
        for _, folder in version_folders(zones, entity):
            if is_whole(folder) and read_manifest(folder).facts.get("installation") != in_force.installation:
                raise BadSpecification(
                    "the published folder was written from another database",
                    str(folder),
                    "the folder and the database of one installation",
                    "name the database that belongs to this home, restore it from its backup, or choose another home",
                )


def _remove_uncommitted(zones: Zones, entity: Entity, committed: int) -> None:
    for version, folder in version_folders(zones, entity):
        if version > committed or not is_whole(folder):
            remove(zones, folder)


def _point(zones: Zones, entity: Entity, in_force: Standing) -> None:
    for product in products(entity):
        link = zones.current(product)
        if entity not in in_force.products:
            link.unlink(missing_ok=True)
            continue
        version = folder_name(in_force.products[entity][0])
        if not is_whole(zones.published(product, version)):
            raise ContractBroken(
                "the files of the version in force are missing",
                str(zones.published(product, version)),
                remedy="restore the folder from the backup; the database holds the same rows",
            )
        if pointed(link) != version:
            point(link, version)


def version_folders(zones: Zones, entity: Entity) -> Iterator[tuple[int, Path]]:
    """The folders of versions of an entity's products, whole or not."""
    for product in products(entity):
        parent = zones.current(product).parent
        for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
            if folder.name.isdecimal() and not folder.is_symlink():
                yield int(folder.name), folder
