"""Relations as a product of a publication: when they are made anew, where they lie, which version is in force.

They follow from both base databases and from tables of their own, so their version stands in the manifest of the
publication (`facts`: `relations`: `version`, `inputs_hash`), which a rollback carries along. They are made anew where
the tables of every base in force are at hand; else those in force stay.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import URL, Connection, text

from registry.increment.making import Changes
from registry.increment.start import RULES
from registry.naming import RELATIONS, folder_name, partition, products
from registry.policy import Entity
from registry.relations.changes import Kept
from registry.relations.declarations import declarations
from registry.relations.making import Bases, counted, rewrite_relations, uses, write_relations
from registry.relations.serving import (
    Rewritten,
    Served,
    load_whole,
    make_up,
    place_in_force,
    relation_partitions,
)
from schemas.contract import product_contract
from storage.commit import commit, point, pointed, remove
from storage.manifest import Json, Manifest, describe_file, is_whole, read_manifest
from storage.zones import Zones

DATA = "data.parquet"

ALGORITHM = 1
"""Rises when the same inputs give another result."""


@dataclass(frozen=True)
class Related:
    """Relations of a new version: the hash of what they follow from, and the version of each base that they join.

    `kept`: those in force, where it is known what changed since.
    """

    version: int
    inputs_hash: str
    bases: Mapping[Entity, int]
    kept: Kept | None = None


def datasets() -> frozenset[str]:
    """The datasets that state relations."""
    return frozenset(name for statement in declarations().statements for name in uses(statement))


def depends_on(bases: Mapping[Entity, str], tables: Mapping[str, Path], inputs: Mapping[str, str]) -> dict[str, Json]:
    """What relations follow from: fingerprints of the bases, and versions (else hashes) of the tables."""
    used = {name: path for name, path in tables.items() if name in datasets()}
    return {
        "algorithm": ALGORITHM,
        "declarations": declarations().text,
        "contract": product_contract(RELATIONS).version,
        "bases": {str(name): found for name, found in bases.items()},
        "tables": {name: inputs.get(name) or describe_file(path).sha256 for name, path in used.items()},
    }


def kept_relations(
    zones: Zones, manifest: Manifest | None, bases: Mapping[Entity, int], changes: Mapping[Entity, Changes | None]
) -> Kept | None:
    """The relations in force, where new ones can be made from them.

    Args:
        zones: where their files lie.
        manifest: of the publication in force.
        bases: entity → the version of its base in force.
        changes: of the entities that are made anew, None where such a one is made whole.
    """
    version = in_force(manifest).get("version")
    folder = zones.published(RELATIONS, version) if isinstance(version, str) else None
    if folder is None or not is_whole(folder):
        return None
    found = read_manifest(folder)
    joined = {entity: folder_name(one) for entity, one in bases.items()}
    known = {entity: one for entity, one in changes.items() if one is not None}
    if found.inputs != joined or found.facts.get(RULES) != rules() or len(known) < len(changes):
        return None
    return Kept(folder / DATA, known)


def rules() -> str:
    """A hash of how relations are made."""
    made = [ALGORITHM, declarations().text, product_contract(RELATIONS).version]
    return hashlib.sha256(json.dumps(made).encode()).hexdigest()


def in_force(manifest: Manifest | None) -> dict[str, Json]:
    """Version and hash of the relations that a publication has in force; empty where it has none."""
    found = manifest.facts.get(RELATIONS) if manifest else None
    return dict(found) if isinstance(found, Mapping) else {}


def write_product(
    zones: Zones,
    related: Related,
    tables: Mapping[str, Path],
    work: Path,
    told: tuple[Mapping[str, Json], datetime],
    on_rewritten: Callable[[Rewritten], None],
) -> Manifest:
    """Write the relations of a version beside the published products.

    Args:
        zones: the home folder.
        related: which version.
        tables: accepted tables by dataset.
        work: a folder of `staging`.
        told: facts and moment of the publication, for the manifest.
        on_rewritten: told what differs from those in force, where that is known, before the file is written.
    """
    folder, spill = work / RELATIONS, work / f"{RELATIONS}-spill"
    for made in (folder, spill):
        made.mkdir(mode=0o700)
    places = {
        entity: [zones.published(product, folder_name(version)) / "data.parquet" for product in products(entity)]
        for entity, version in related.bases.items()
    }
    golden, crosswalks = ({entity: paths[number] for entity, paths in places.items()} for number in (0, 1))
    bases, data = Bases(golden, crosswalks, tables), folder / DATA
    if related.kept:
        rewrite_relations(bases, related.kept, data, spill, on_rewritten)
    else:
        write_relations(bases, data, spill)
    facts, at = told
    manifest = Manifest(
        kind="product",
        name=RELATIONS,
        version=folder_name(related.version),
        created_at=at,
        rows=pq.read_metadata(data).num_rows,
        inputs={entity: folder_name(version) for entity, version in related.bases.items()},
        facts={
            **facts,
            "inputs_hash": related.inputs_hash,
            RULES: rules(),
            "unresolved": dict(counted(data)),
            "contract_version": product_contract(RELATIONS).version,
        },
    )
    return commit(folder, zones.published(RELATIONS, folder_name(related.version)), manifest)


def place_to_change(connection: Connection, kept: Kept | None) -> int | None:
    """The partition that holds the rows of relations that are kept; None where there is none."""
    with connection.begin():
        place = place_in_force(connection)
    return place[1] if place and kept and folder_name(place[0]) == kept.relations.parent.name else None


def load_product(url: URL, zones: Zones, related: Related) -> Served:
    """Load all relations that `write_product` wrote, beside those that readers see."""
    file = zones.published(RELATIONS, folder_name(related.version)) / DATA
    return load_whole(url, related.version, file, related.version)


def show_relations(url: URL, connection: Connection, zones: Zones, manifest: Manifest | None, version: int) -> None:
    """Load the relations in force where the database lacks them, as after a release that published files alone.

    `manifest`, `version`: of the publication in force.
    """
    product = in_force(manifest).get("version")
    with connection.begin():
        place = place_in_force(connection)
        there = relation_partitions(connection, attached=True)
    if not isinstance(product, str) or (place and place[1] and partition(RELATIONS, place[1]) in there):
        return
    if is_whole(zones.published(RELATIONS, product)):
        load_whole(url, version, zones.published(RELATIONS, product) / DATA, int(product))
        with connection.begin():
            make_up(connection, version, int(product))


def tidy_relations(zones: Zones, manifest: Manifest | None, committed: int) -> None:
    """Remove what versions left that were not committed, and make `current` name the relations in force."""
    for folder in _folders(zones):
        if int(folder.name) > committed or not is_whole(folder):
            remove(zones, folder)
    point_relations(zones, manifest)


def point_relations(zones: Zones, manifest: Manifest | None) -> None:
    """Make `current` name the relations that a publication has in force."""
    link, version = zones.current(RELATIONS), in_force(manifest).get("version")
    if not isinstance(version, str) or not is_whole(zones.published(RELATIONS, version)):
        link.unlink(missing_ok=True)
    elif pointed(link) != version:
        point(link, version)


def outdated_relations(zones: Zones, connection: Connection, keep: int) -> tuple[Path, ...]:
    """The folders that none of the newest `keep` publications has in force."""
    with connection.begin():
        found = connection.execute(
            text(
                "SELECT manifest->'facts'->'relations'->>'version' FROM registry.version WHERE status = 'published'"
                " ORDER BY version DESC LIMIT :keep"
            ),
            {"keep": keep},
        )
        kept = set(found.scalars())
    return tuple(folder for folder in _folders(zones) if folder.name not in kept)


def prune_relations(zones: Zones, connection: Connection, keep: int) -> None:
    """Remove the folders that none of the newest `keep` publications has in force."""
    for folder in outdated_relations(zones, connection, keep):
        remove(zones, folder)


def facts_of(installation: str, as_of: date) -> dict[str, Json]:
    """What the manifest of every product of a publication says."""
    return {"installation": installation, "as_of": as_of.isoformat()}


def _folders(zones: Zones) -> list[Path]:
    parent = zones.current(RELATIONS).parent
    found = sorted(parent.iterdir()) if parent.is_dir() else []
    return [folder for folder in found if folder.name.isdecimal() and not folder.is_symlink()]
