"""Search before create, wired: the index of the version in force, made where it is missing, and questions to it."""

import shutil
from collections.abc import Mapping
from importlib.metadata import version as installed_version
from pathlib import Path

from registry.members import Sources
from registry.naming import products
from registry.policy import Entity
from registry.search.index import write_index
from registry.search.query import SearchIndex
from schemas.contract import source_contract
from sitong.settings import Settings, now
from storage.commit import commit, staging
from storage.errors import SourceUnavailable
from storage.manifest import Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

OPTIONS: Mapping[Entity, Mapping[str, str]] = {
    "person": {
        "name": "name", "birth_date": "birth_date", "id_number": "id_number", "mobile": "mobile", "address": "address",
        "sex": "sex", "former_name": "former_name",
    },
    "enterprise": {
        "name": "name", "code": "uscc", "address": "address", "phone": "phone",
        "legal_representative": "legal_representative", "registration_number": "registration_number",
    },
}  # fmt: skip
"""What people ask for → the column that holds it."""


def open_index(settings: Settings, entity: Entity) -> SearchIndex:
    """Open the index of the version in force; the caller holds the home's lock where it may have to be made.

    Raises:
        SourceUnavailable: nothing was published, or its match is gone.
    """
    zones = settings.zones
    current = zones.current(entity)
    if not is_whole(current):
        raise SourceUnavailable(
            f"no {entity} base is published", str(current), remedy="publish it first with `sitong run`"
        )
    published = read_manifest(current)
    match = _match(zones, entity, published)
    target = _place(zones, entity, published, match)
    if not is_whole(target):
        _write(zones, entity, published, match, target)
    return SearchIndex(target)


def has_index(settings: Settings, entity: Entity) -> bool:
    """Whether the index of the version in force is there, so that no lock is needed."""
    current = settings.zones.current(entity)
    if not is_whole(current):
        return False
    published = read_manifest(current)
    try:
        match = _match(settings.zones, entity, published)
    except SourceUnavailable:
        return False
    return is_whole(_place(settings.zones, entity, published, match))


def _place(zones: Zones, entity: Entity, published: Manifest, match: Path) -> Path:
    """The index's folder; another release may standardise in another way."""
    return zones.search(entity, f"{published.version}.{match.name}.{installed_version('sitong')}")


def _match(zones: Zones, entity: Entity, published: Manifest) -> Path:
    """The newest match of the records that the version was made of."""
    runs = [(read_manifest(folder), folder) for folder in whole_folders(zones.matching(entity, "any").parent)]
    fitting = [(run.created_at, folder) for run, folder in runs if run.inputs == published.inputs]
    if not fitting:
        raise SourceUnavailable(
            f"the match of the {entity} base is gone", str(zones.matching(entity, "any").parent),
            remedy="run `sitong run --full`, which matches and publishes anew",
        )  # fmt: skip
    return max(fitting)[1]


def _write(zones: Zones, entity: Entity, published: Manifest, match: Path, target: Path) -> None:
    tables = {}
    for dataset, version in published.inputs.items():
        contract = source_contract(dataset)
        tables[dataset] = zones.accepted(contract.department, contract.dataset, version) / "data.parquet"
    sources = Sources(zones.current(products(entity)[1]) / "data.parquet", tables)
    with staging(zones) as folder:
        rows = write_index(match, sources, folder)
        inputs = {entity: published.version, "match": match.name}
        commit(folder, target, Manifest("search", entity, target.name, now(), rows, inputs=inputs))
    for other in whole_folders(target.parent):
        if other != target:
            shutil.rmtree(other)  # nothing rests on it
