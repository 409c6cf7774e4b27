"""Publication: from match results and accepted tables to one new version of the base databases, wholly or not at all.

The steps: ids → golden records → checks → files of the new version → partitions of the new version → one transaction
that puts them in force → links → old versions away. Where few rows change, the transaction begins as soon as these are
known, and changes them while files are written. Until it ends nothing of the new version is seen; after it everything
is. **The version's row is the commit**; the links `published/*/current` follow it and are repaired before
anything else is done. Ended at any moment, the same call again ends in the same state. A check that fails holds the
publication, and what was published stays.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from registry.beside import Beside, beside
from registry.checks import Limits, hold
from registry.drafting import Desk, Draft, make_draft
from registry.failures import named_failures
from registry.history.recording import Moment, load_step, point_feed, write_step
from registry.identities import Assignment
from registry.increment.making import Changes
from registry.increment.start import Goal, facts_of_run
from registry.judgements.ledger import overrides_in_force
from registry.judgements.overriding import OVERRIDES, Overrides
from registry.layers import FIRST
from registry.ledger import LEDGER_FILE
from registry.loading import Files, load, load_changes
from registry.naming import RELATIONS, folder_name, products
from registry.policy import ENTITIES, Entity, policy
from registry.relations.publishing import (
    Related,
    depends_on,
    facts_of,
    in_force,
    kept_relations,
    load_product,
    place_to_change,
    point_relations,
    prune_relations,
    write_product,
)
from registry.relations.serving import Rewritten, Served, change_rows, load_rewritten
from registry.repair import prune_folders, repair_held
from registry.rollback import refuse_return
from registry.versions import (
    NewVersion,
    Standing,
    change_base,
    kept_versions,
    prune_partitions,
    publication_lock,
    put_version_in_force,
    standing,
    version_transaction,
)
from schemas.contract import product_contract
from storage.commit import commit, point, staging
from storage.errors import ContractBroken
from storage.manifest import FileEntry, Json, Manifest, describe_file, is_whole, read_manifest
from storage.zones import Zones

ALGORITHM = 1
"""Rises when the same inputs give another result, so that the next run publishes anew."""

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class PublishRequest:
    """What is to be published.

    Attributes:
        as_of: the day on which "today" is judged.
        tables: accepted tables by dataset.
        person: folder of a match of persons, with `crosswalk.parquet`; None keeps the last version of the person base.
        enterprise: likewise of enterprises.
        inputs: versions of the accepted tables by dataset; where one is missing, the file's hash stands for it.
        waived: names of checks of `registry.checks.WAIVABLE` that a person has looked at.
        limits: what a version may lack against the one before.
        patience: how long to wait for another publication, in seconds.
        keep: how many publications are kept, this one included.
        at: the moment that is written down as that of the publication.
        overrides: judged values by entity; None for those that the ledger of judgements holds now.
    """

    as_of: date
    tables: Mapping[str, Path]
    person: Path | None = None
    enterprise: Path | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    waived: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    patience: float = 60.0
    keep: int = 3
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    overrides: Mapping[Entity, Overrides] | None = None

    def matches(self) -> dict[Entity, Path]:
        """Crosswalks to be published, by entity."""
        folders: dict[Entity, Path | None] = {"person": self.person, "enterprise": self.enterprise}
        return {entity: folder / "crosswalk.parquet" for entity, folder in folders.items() if folder is not None}

    def goal(self, entity: Entity) -> Goal:
        """What is to be published of an entity."""
        return Goal(entity, self.matches()[entity].parent, self.as_of, self.inputs, self.judged(entity))

    def judged(self, entity: Entity) -> Overrides:
        """Judged values of an entity."""
        return (self.overrides or {}).get(entity, Overrides())


@dataclass(frozen=True)
class _Job:
    """One publication on its way.

    `connection` holds the version's transaction, which what is given to `server` goes on with; `reading` reads what is
    in force meanwhile.
    """

    engine: Engine
    connection: Connection
    reading: Connection
    server: Beside
    zones: Zones
    request: PublishRequest
    on_step: OnStep
    before: Standing
    work: Path
    related: Related | None

    @property
    def version(self) -> int:
        return self.before.version + 1


def publish(engine: Engine, zones: Zones, request: PublishRequest, *, on_step: OnStep = lambda _: None) -> Manifest:
    """Publish one new version, or return the manifest of the last one where nothing has changed since.

    Args:
        engine: connects as the owner of the base databases, which are at this release (`registry.migration.upgrade`).
        zones: the home folder, whose lock the caller holds.
        request: what to publish.
        on_step: told the name of each step when it is done.

    Raises:
        PublicationHeld: a check failed; the last version stays in force.
        Busy: another publication is under way.
        ContractBroken: crosswalk and tables do not belong together.
        SourceUnavailable: the database refused or was lost, or the disk is full; the last version stays in force.
    """
    with named_failures(), publication_lock(engine, request.patience) as connection:
        repair_held(engine, connection, zones)
        on_step("repaired")
        before = standing(connection)
        if request.overrides is None:
            request = replace(request, overrides=overrides_in_force(connection))
        fresh = {entity: _fingerprint(entity, path, request) for entity, path in request.matches().items()}
        built = {entity: found for entity, found in fresh.items() if before.products.get(entity, (0, ""))[1] != found}
        related = _related(request, before, fresh, built)
        manifest = before.manifest or _manifest(request, before, {}, [])
        if built or related:
            refuse_return(connection, request.inputs, before.manifest, request.waived)
            with staging(zones) as work, engine.connect() as reading:
                with version_transaction(connection), beside(connection) as server:
                    job = _Job(engine, connection, reading, server, zones, request, on_step, before, work, related)
                    manifest = _publish_built(job, built)
                on_step("committed")
            _point(zones, before.version + 1, built, manifest)
            on_step("pointed")
        prune_partitions(engine, connection, request.keep)
        for entity in ENTITIES:
            prune_folders(zones, entity, kept_versions(connection, entity, request.keep))
        prune_relations(zones, connection, request.keep)
        on_step("pruned")
        return manifest


def repair(engine: Engine, zones: Zones) -> None:
    """Make the published folders say what the database says, and remove what unfinished publications left.

    Raises:
        BadSpecification: the folders belong to another database.
        ContractBroken: files of a version in force are missing.
    """
    with named_failures(), publication_lock(engine, patience=60.0) as connection:
        repair_held(engine, connection, zones)


def _publish_built(job: _Job, built: Mapping[Entity, str]) -> Manifest:
    drafts = [make_draft(_desk(job), job.request.goal(entity), job.request.tables) for entity in built]
    for draft in drafts:
        before = job.before.counts.get(draft.entity, {})
        hold(draft.entity, draft.figures, before, job.request.limits, job.request.waived)
    job.on_step("checked")
    served = _lay_out(job, built, drafts)
    manifest = _manifest(job.request, job.before, built, drafts, job.related)
    new = replace(_new_version(job, built, drafts, manifest), relations=served)
    put_version_in_force(job.connection, job.before, new)
    return manifest


def _point(zones: Zones, version: int, built: Iterable[Entity], manifest: Manifest) -> None:
    """Make every `current` name what is in force."""
    for entity in built:
        for product in products(entity):
            point(zones.current(product), folder_name(version))
        point_feed(zones, entity)
    point_relations(zones, manifest)


def _lay_out(job: _Job, built: Mapping[Entity, str], drafts: Sequence[Draft]) -> Served | None:
    """Put files and tables of the new version beside those in force; what there is of relations for the commit."""
    for draft in drafts:
        _write(job, draft, built[draft.entity])
        if draft.changes is None:
            job.server.give(partial(load, job.engine.url, draft.entity, job.version, _files(job, draft)))
        _write_step(job, draft)
        job.on_step(f"{draft.entity} written")
    served = _lay_out_relations(job, job.related, drafts) if job.related else None
    job.server.wait()
    for draft in drafts:
        load_step(job.engine.url, job.zones, draft.entity, job.version)
        job.on_step(f"{draft.entity} loaded")
    if served:
        job.on_step("relations loaded")
    return served


def _lay_out_relations(job: _Job, related: Related, drafts: Sequence[Draft]) -> Served:
    url, bases = job.engine.url, {entity: found for entity, (found, _) in job.before.products.items()}
    changes = {draft.entity: draft.changes for draft in drafts}
    related = replace(related, kept=kept_relations(job.zones, job.before.manifest, bases, changes))
    place = place_to_change(job.reading, related.kept)

    def on_rewritten(rewritten: Rewritten) -> None:
        if place is not None:
            job.server.give(partial(load_rewritten, url, job.version, rewritten, place))
            job.server.give(partial(change_rows, job.connection, job.version, place))

    told = facts_of(job.before.installation, job.request.as_of), job.request.at
    write_product(job.zones, related, job.request.tables, job.work, told, on_rewritten)
    job.on_step("relations written")
    return load_product(url, job.zones, related) if place is None else Served(job.version, place)


def _related(
    request: PublishRequest, before: Standing, fresh: Mapping[Entity, str], built: Mapping[Entity, str]
) -> Related | None:
    """Relations that are to be made anew: where what they follow from changed and is all at hand."""
    if not before.products.keys() <= fresh.keys():
        return None
    found = _digest(depends_on(fresh, request.tables, request.inputs))
    if found == in_force(before.manifest).get("inputs_hash"):
        return None
    version = before.version + 1
    return Related(version, found, {name: version if name in built else before.products[name][0] for name in fresh})


def _desk(job: _Job) -> Desk:
    def on_changes(entity: Entity, changes: Changes) -> None:
        url, place = job.engine.url, changes.place
        job.server.give(partial(load_changes, url, entity, job.version, changes.files(), changes.gone, place))
        job.server.give(partial(change_base, job.connection, entity, job.version, place))

    return Desk(job.reading, job.zones, job.before, job.work, job.on_step, on_changes)


def _write(job: _Job, draft: Draft, fingerprint: str) -> None:
    """Put the files of the new version beside those in force."""
    golden, crosswalk = products(draft.entity)
    shutil.move(draft.assignment.ledger, draft.golden / LEDGER_FILE)
    crosswalk_folder = job.work / crosswalk
    crosswalk_folder.mkdir(mode=0o700)
    shutil.move(draft.assignment.crosswalk, crosswalk_folder / "data.parquet")
    rows = {golden: draft.figures.masters, crosswalk: sum(draft.figures.records.values())}
    for product, folder in ((golden, draft.golden), (crosswalk, crosswalk_folder)):
        manifest = Manifest(
            kind="product",
            name=product,
            version=folder_name(job.version),
            created_at=job.request.at,
            rows=rows[product],
            files=_linked(job, draft.entity, product, folder),
            inputs={name: job.request.inputs.get(name, "") for name in draft.figures.records},
            facts={
                "installation": job.before.installation,
                "as_of": job.request.as_of.isoformat(),
                "inputs_hash": fingerprint,
                "contract_version": product_contract(product).version,
                "since": folder_name(job.before.products[draft.entity][0]) if draft.changes else None,
                OVERRIDES: job.request.judged(draft.entity).facts(),
                **facts_of_run(draft.entity, job.request.goal(draft.entity).match),
            },
        )
        commit(folder, job.zones.published(product, folder_name(job.version)), manifest)


def _write_step(job: _Job, draft: Draft) -> None:
    """Put what the new version changes beside its files."""
    changes = draft.changes
    changed = (changes.before, changes.after) if changes else None
    write_step(job.zones, _moment(job, draft.entity), job.work, changed)


def _linked(job: _Job, entity: Entity, product: str, folder: Path) -> dict[str, FileEntry]:
    """The files of a folder that are those of the version before, as they are described there."""
    if entity not in job.before.products:
        return {}
    before = job.zones.published(product, folder_name(job.before.products[entity][0]))
    entries = read_manifest(before).files if is_whole(before) else {}
    return {
        name: entry
        for name, entry in entries.items()
        if (folder / name).is_file() and (folder / name).samefile(before / name)
    }


def _moment(job: _Job, entity: Entity) -> Moment:
    before = job.before.products[entity][0] if entity in job.before.products else None
    request = job.request
    return Moment(entity, job.version, before, job.version, request.as_of, request.at, job.before.installation)


def _files(job: _Job, draft: Draft) -> Files:
    golden, crosswalk = (job.zones.published(product, folder_name(job.version)) for product in products(draft.entity))
    return Files(golden / "data.parquet", golden / FIRST, crosswalk / "data.parquet", draft.assignment.changes)


def _new_version(job: _Job, built: Mapping[Entity, str], drafts: Sequence[Draft], manifest: Manifest) -> NewVersion:
    counts = dict(job.before.counts) | {draft.entity: draft.figures.as_json() for draft in drafts}
    return NewVersion(
        version=job.version,
        as_of=job.request.as_of,
        committed_at=job.request.at,
        built=built,
        inputs_hash=_digest({str(entity): found for entity, found in built.items()}),
        counts=counts,
        manifest=manifest,
        in_place={draft.entity: draft.changes.place for draft in drafts if draft.changes},
    )


def _manifest(
    request: PublishRequest,
    before: Standing,
    built: Mapping[Entity, str],
    drafts: Sequence[Draft],
    related: Related | None = None,
) -> Manifest:
    version = before.version + (1 if built or related else 0)
    served = {product: found for product, (found, _) in before.products.items()} | dict.fromkeys(built, version)
    relations = in_force(before.manifest)
    if related:
        relations = {"version": folder_name(related.version), "inputs_hash": related.inputs_hash}
    masters = {name: int(str(item["masters"])) for name, item in before.counts.items()}
    masters |= {draft.entity: draft.figures.masters for draft in drafts}
    return Manifest(
        kind="publication",
        name="registry",
        version=folder_name(version),
        created_at=request.at,
        rows=sum(masters.values()),
        inputs=dict(request.inputs),
        facts={
            "as_of": request.as_of.isoformat(),
            "products": {
                product: folder_name(found) for entity, found in served.items() for product in products(entity)
            },
            "masters": masters,
            "ids": {draft.entity: _ids(draft.assignment) for draft in drafts},
            RELATIONS: relations,
        },
    )


def _ids(assignment: Assignment) -> Json:
    return {name: value for name, value in asdict(assignment).items() if isinstance(value, int)}


def _fingerprint(entity: Entity, crosswalk: Path, request: PublishRequest) -> str:
    """What the result depends on, as one hash."""
    if not crosswalk.is_file():
        raise ContractBroken(
            "the match has no crosswalk", str(crosswalk), "crosswalk.parquet", f"match the {entity} records first"
        )
    used = {name: path for name, path in request.tables.items() if name in policy(entity).datasets}
    return _digest(
        {
            "algorithm": ALGORITHM,
            "crosswalk": describe_file(crosswalk).sha256,
            "tables": {name: request.inputs.get(name) or describe_file(path).sha256 for name, path in used.items()},
            "policy": policy(entity).text,
            "contracts": [product_contract(product).version for product in products(entity)],
            "as_of": request.as_of.isoformat(),
            **({OVERRIDES: judged} if (judged := request.judged(entity).facts()) else {}),
        }
    )


def _digest(content: Mapping[str, Json]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


__all__ = ["ENTITIES", "PublishRequest", "publish", "repair"]
