"""Retention: what of each zone is no longer needed and older than its setting.

Two questions, in this order. Is it needed, by a kept version, by the state in force, by a fold that may have to be done
again, by a run that may be under way? Then it stays whatever its age. Is it older than the days of its zone? Only then
it goes. The caller holds the home's lock, so that no run of the command line is under way; one of the scheduler is
taken to last no longer than a day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from connectors.landing import Landing, landings
from connectors.verdicts import Verdict
from registry import migration
from registry.naming import RELATIONS, feed_product, products
from registry.policy import ENTITIES
from registry.retention import prune_versions
from schemas.contract import Contract, source_contracts
from sitong.settings import Days, Settings
from storage.commit import pointed, remove
from storage.engine import open_database
from storage.manifest import Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

Zone = Literal[
    "published", "changes", "landing", "accepted", "quarantine", "quality", "matching", "reports", "deliveries"
]  # fmt: skip


@dataclass(frozen=True)
class Pruned:
    """What became of a zone: `removed` folders with their bytes in all, and how many stay."""

    zone: Zone
    removed: tuple[Path, ...]
    removed_bytes: int
    kept: int


def prune(settings: Settings, at: datetime, *, dry_run: bool) -> list[Pruned]:
    """Remove what is not needed, zone by zone, those that need others first.

    Args:
        settings: how long each zone is kept.
        at: now.
        dry_run: say what would go and leave it.
    """
    done = [_published(settings, dry_run=dry_run)]
    gone = set(done[0].removed)
    for zone, days, candidates in _zones(settings, gone):
        folders = list(candidates)
        removable = [one for one, needed in folders if not needed and _is_older(one, days, at)]
        done.append(_remove(settings.zones, zone, removable, len(folders), dry_run=dry_run))
        gone.update(removable)
    return done


Candidates = Iterator[tuple[Path, bool]]
"""The whole folders of a zone, and whether each is needed."""


def _zones(settings: Settings, gone: set[Path]) -> Iterator[tuple[Zone, Days, Candidates]]:
    """Each zone when its turn has come: what those before it have lost no longer needs anything."""
    zones = settings.zones
    yield "changes", settings.keep_changes_days, _changes(zones)
    yield "matching", settings.keep_matching_days, _matching(zones, gone)
    yield "accepted", settings.keep_accepted_days, _accepted(zones, gone)
    yield "quality", settings.keep_quality_days, _quality(zones)
    yield "quarantine", settings.keep_quarantine_days, _quarantine(zones)
    yield "landing", settings.keep_landing_days, _landing(zones)
    yield "reports", settings.keep_reports_days, _reports(zones)
    yield "deliveries", settings.keep_deliveries_days, _deliveries(zones)


def _published(settings: Settings, *, dry_run: bool) -> Pruned:
    zones = settings.zones
    if not settings.server_url and not (zones.postgres / "credentials.json").exists():
        return Pruned("published", (), 0, 0)
    names = (*_products(), RELATIONS)
    sizes = {folder: _size(folder) for product in names for folder in _versions(zones, product)}
    with open_database(zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        found = prune_versions(database.engine, zones, settings.keep_versions, dry_run=dry_run)
    return Pruned("published", found.removable, sum(sizes.get(one, 0) for one in found.removable), len(found.kept))


def _changes(zones: Zones) -> Candidates:
    """Needed: the newest step of each feed. Who has not taken an older one yet begins anew from the base."""
    for entity in ENTITIES:
        current = pointed(zones.current(feed_product(entity)))
        for folder in _versions(zones, feed_product(entity)):
            yield folder, folder.name == current


def _matching(zones: Zones, gone: set[Path]) -> Candidates:
    """Needed: the newest run of an entity, and those of the records that a kept version was made of."""
    inputs = [manifest.inputs for manifest in _kept_manifests(zones, gone)]
    for entity in ENTITIES:
        runs = [(folder, read_manifest(folder)) for folder in whole_folders(zones.matching(entity, "any").parent)]
        newest = max((manifest.created_at for _, manifest in runs), default=None)
        for folder, manifest in runs:
            used = any(_covers(one, manifest.inputs) for one in inputs)
            yield folder, used or manifest.created_at == newest


def _covers(used: Mapping[str, str], inputs: Mapping[str, str]) -> bool:
    return all(used.get(name) == version for name, version in inputs.items())


def _accepted(zones: Zones, gone: set[Path]) -> Candidates:
    """Needed: the state in force, those that a kept version or run was made of, and those that remember a release."""
    used = {item for manifest in _kept_manifests(zones, gone) for item in manifest.inputs.items()}
    used |= {item for manifest in _kept_runs(zones, gone) for item in manifest.inputs.items()}
    for contract in source_contracts().values():
        current = zones.accepted(contract.department, contract.dataset, "current")
        in_force = pointed(current)
        known = _released(read_manifest(current)) if is_whole(current) else set()
        for folder in whole_folders(current.parent):
            manifest = read_manifest(folder)
            needed = folder.name == in_force or (contract.name, folder.name) in used
            yield folder, needed or not _released(manifest) <= known


def _released(manifest: Manifest) -> set[str]:
    found = manifest.facts.get("released", [])
    return set(map(str, found)) if isinstance(found, Sequence) else set()


def _quality(zones: Zones) -> Candidates:
    """Needed: the checks of the state in force."""
    for contract in source_contracts().values():
        in_force = pointed(zones.accepted(contract.department, contract.dataset, "current"))
        for folder in whole_folders(zones.quality(contract.department, contract.dataset, "any").parent):
            yield folder, folder.name.rpartition(".")[0] == in_force


def _quarantine(zones: Zones) -> Candidates:
    """Needed: the decisions about the batches that are needed, and about the one before them."""
    for contract in source_contracts().values():
        batches = landings(contract, zones)
        start = _start(contract, zones, batches)
        needed = {landing.id for landing in batches[max(start - 1, 0) :]}
        for folder in _verdict_folders(contract, zones):
            yield folder, read_manifest(folder).inputs.get("landing") in needed


def _landing(zones: Zones) -> Candidates:
    """Needed: the last snapshot that was applied, and all that came after it."""
    for contract in source_contracts().values():
        batches = landings(contract, zones)
        start = _start(contract, zones, batches)
        for at, landing in enumerate(batches):
            yield landing.folder, at >= start


def _start(contract: Contract, zones: Zones, batches: Sequence[Landing]) -> int:
    """The place of the last snapshot that was applied; the state in force depends on nothing before it."""
    manifests = sorted(map(read_manifest, _verdict_folders(contract, zones)), key=lambda one: one.created_at)
    latest = {verdict.landing: verdict for verdict in (Verdict.from_json(one.facts) for one in manifests)}
    applied = [
        at
        for at, landing in enumerate(batches)
        if landing.mode == "snapshot" and landing.id in latest and latest[landing.id].outcome == "applied"
    ]
    return applied[-1] if applied else 0


def _verdict_folders(contract: Contract, zones: Zones) -> tuple[Path, ...]:
    return whole_folders(zones.quarantine(contract.department, contract.dataset, "any").parent)


def _reports(zones: Zones) -> Candidates:
    """Needed: the newest report. A report is a link to a hidden folder, which goes with it."""
    parent = zones.home / "reports"
    days = sorted(path for path in parent.iterdir() if path.is_symlink() and is_whole(path)) if parent.is_dir() else []
    for link in days:
        yield link, link == days[-1]


def _deliveries(zones: Zones) -> Candidates:
    """Needed: the newest delivery of each recipient."""
    parent = zones.home / "deliveries"
    for recipient in sorted(parent.iterdir()) if parent.is_dir() else ():
        made = whole_folders(recipient)
        newest = max((read_manifest(folder).created_at for folder in made), default=None)
        for folder in made:
            yield folder, read_manifest(folder).created_at == newest


def _kept_manifests(zones: Zones, gone: set[Path]) -> list[Manifest]:
    """Manifests of the published versions that stay."""
    folders = (folder for product in _products() for folder in _versions(zones, product) if folder not in gone)
    return [read_manifest(folder) for folder in folders]


def _kept_runs(zones: Zones, gone: set[Path]) -> list[Manifest]:
    folders = (folder for entity in ENTITIES for folder in whole_folders(zones.matching(entity, "any").parent))
    return [read_manifest(folder) for folder in folders if folder not in gone]


def _products() -> Iterable[str]:
    return (product for entity in ENTITIES for product in products(entity))


def _versions(zones: Zones, product: str) -> tuple[Path, ...]:
    return whole_folders(zones.current(product).parent)


def _is_older(folder: Path, days: Days, at: datetime) -> bool:
    return days != "always" and read_manifest(folder).created_at <= at - timedelta(days=days)


def _remove(zones: Zones, zone: Zone, folders: Sequence[Path], total: int, *, dry_run: bool) -> Pruned:
    size = sum(_size(folder) for folder in folders)
    for folder in folders if not dry_run else ():
        hidden = folder.resolve()
        remove(zones, folder)
        if hidden.exists():  # what a link named
            remove(zones, hidden)
    return Pruned(zone, tuple(folders), size, total - len(folders))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.resolve().rglob("*") if path.is_file())
