"""The stages of the main job, wired: settings and manifests in, plain JSON values out.

The command line and the DAGs call these and nothing below them; the caller holds the home's lock. Results are small
enough to hand from task to task. A stage that ran with the same inputs finds its finished version and returns it; one
that was killed left nothing that a reader would take for whole.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import Engine

from connectors import drops, intake
from connectors.refusals import Rejection, rejected
from exchange import agreement_files, delivery, readers
from exchange.agreement import Agreement
from mismatches.request import CheckSettings, CrossCheckRequest, InputState
from mismatches.run import cross_check as run_rules
from registry import migration, publication
from registry.checks import ROLLED_BACK, WAIVABLE
from registry.history.reading import AsOf
from registry.history.reading import as_of as as_of_both_times
from registry.policy import policy
from registry.relations import publishing as relations
from schemas.contract import source_contract
from sitong import quality, reconciling
from sitong.judging import judgements_for
from sitong.linking import explainer
from sitong.reconciling import How, Matching
from sitong.recording import open_store
from sitong.settings import Settings, now
from storage.commit import replace, staging
from storage.engine import open_database
from storage.errors import BadSpecification, PublicationHeld, SourceUnavailable
from storage.manifest import Manifest, is_whole, read_manifest

Entity = Literal["person", "enterprise"]
ENTITIES: tuple[Entity, ...] = ("person", "enterprise")
PRODUCTS = ("person", "enterprise", "person_crosswalk", "enterprise_crosswalk")
DELIVERED = (*PRODUCTS, "relations", "person_changes", "enterprise_changes")
DATA = "data.parquet"


def scan(settings: Settings, folder: Path) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """What there is to take in, one item a dataset (`dataset`, `files`), and warnings about what was left in a drop.

    Datasets that were landed before and that the drop lacks follow without files: a release, a new contract or a new
    code table brings them up to date too.
    """
    drop = drops.scan(folder)
    found = drop.by_dataset()
    plan = [{"dataset": dataset, "files": [file.to_json() for file in files]} for dataset, files in found.items()]
    plan += [{"dataset": dataset, "files": []} for dataset in intake.landed(settings.zones) if dataset not in found]
    return plan, drop.warnings


def take_in(
    settings: Settings,
    batches: Mapping[str, Any],
    *,
    as_of: date,
    received_at: datetime | None = None,
    released: AbstractSet[str] = frozenset(),
) -> dict[str, Any]:
    """Land, validate and apply one dataset's batches; the values of `Intake.to_json` and the dataset's name.

    A dataset that the drop lacks keeps its state: of its batches that are still held only a warning tells.
    """
    name = batches["dataset"]
    files = [drops.DropFile.from_json(file) for file in batches["files"]]
    outcome = intake.take_in(
        name, files, settings.zones, as_of=as_of, received_at=received_at or now(), released=released
    )
    values = {"dataset": name, **outcome.to_json()}
    if not files:
        values |= {"held": [], "warnings": [*outcome.warnings, *map(str, outcome.held)]}
    return values


def refuse_incomplete(outcomes: Iterable[Mapping[str, Any]]) -> None:
    """Stop here unless every file was accepted: what departments sent is incomplete.

    Raises:
        SourceRejected: files that cannot be read or lack a required column; all are named.
        PublicationHeld: batches that broke a floor; all are named with their figures.
    """
    found = list(outcomes)
    if files := [Rejection(**one) for outcome in found for one in outcome["rejected"]]:
        raise rejected(files)
    if held := [one for outcome in found for one in outcome["held"]]:
        lines = [f"{one['dataset']} batch {one['batch']}: {'; '.join(one['reasons'])}" for one in held]
        datasets = sorted({one["dataset"] for one in held})
        raise PublicationHeld(
            f"{len(held)} batches are held: " + " | ".join(lines),
            where="pull",
            expected="batches above their floors",
            remedy="nothing was published and what was published stays; ask the department for a corrected batch, or, "
            f"where it is right, run again with {' '.join('--accept ' + name for name in datasets)}",
        )


def check_quality(settings: Settings, dataset: str, *, as_of: date) -> dict[str, Any]:
    """Run Great Expectations over a dataset's accepted state; `dataset`, `version`, `failed` by severity.

    Where nothing was ever accepted there is no version and nothing fails.
    """
    manifest = intake.accepted_state(source_contract(dataset), settings.zones)
    if manifest is None:
        return {"dataset": dataset, "version": None, "failed": {}}
    return {"dataset": dataset, "version": manifest.version, **quality.check_state(settings.zones, manifest, as_of)}


def write_quality_index(settings: Settings) -> Path:
    """The page that lists the quality of every accepted state."""
    return quality.write_index_page(settings.zones, intake.accepted(settings.zones))


def reconcile(settings: Settings, entity: Entity, *, how: How = "changes") -> Manifest | None:
    """Match an entity's accepted records; the run's manifest, or None where no dataset of the entity was accepted.

    See `sitong.reconciling` for what `how` means; by default only what changed since the last run is decided.
    """
    states = _states(settings, entity)
    if not states:
        return None
    inputs = {name: manifest.version for name, manifest in states.items()}
    judgements = judgements_for(settings, entity)
    return reconciling.reconcile(Matching(settings.zones, entity, inputs, now(), judgements), how)


def publish(
    settings: Settings,
    *,
    as_of: date,
    runs: Mapping[str, str | None] | None = None,
    waived: AbstractSet[str] = frozenset(),
    on_step: publication.OnStep | None = None,
) -> Manifest:
    """Publish both base databases from match runs (entity → run); without `runs`, those of the states in force.

    Raises:
        PublicationHeld: a check against the version before failed; that version is still served.
    """
    zones = settings.zones
    found = {entity: _match_run(settings, entity, (runs or {}).get(entity)) for entity in ENTITIES}
    folders = {entity: zones.matching(entity, one.version) for entity, one in found.items() if one}
    inputs = {name: version for one in found.values() if one for name, version in one.inputs.items()}
    if not folders:
        raise SourceUnavailable(
            "there is nothing to publish", where=str(zones.home), expected="accepted persons or enterprises",
            remedy="pull a drop that holds datasets of persons or of enterprises",
        )  # fmt: skip
    states = intake.accepted(zones)
    inputs |= {name: states[name].version for name in sorted(relations.datasets() - inputs.keys()) if name in states}
    request = publication.PublishRequest(
        as_of=as_of,
        tables=_tables(settings, inputs),
        person=folders.get("person"),
        enterprise=folders.get("enterprise"),
        inputs=inputs,
        waived=frozenset(waived),
        keep=settings.keep_versions,
        at=now(),
    )
    with open_database(zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        told = {"on_step": on_step} if on_step else {}
        published = publication.publish(database.engine, zones, request, **told)
        _grant_readers(settings, database.engine)
        return published


def _grant_readers(settings: Settings, engine: Engine) -> None:
    """Bring the recipients' views up to date; a wrong agreement stops no publication, the delivery will name it."""
    try:
        found = agreements(settings)
    except BadSpecification:
        return
    readers.grant_readers(engine, found)


def repair(settings: Settings) -> None:
    """Make the published folders say what the database says; before anything was published there is nothing to do."""
    if not settings.server_url and not (settings.zones.postgres / "credentials.json").exists():
        return
    with open_database(settings.zones, settings.server_url) as database:
        migration.upgrade(database.engine)
        publication.repair(database.engine, settings.zones)


def history(settings: Settings, entity: Entity, master_id: str, *, valid: date | None, known: datetime | None) -> AsOf:
    """What was known at a moment of one master on a day; see `registry.history.reading`."""
    with open_database(settings.zones, settings.server_url) as database:
        snapshots = database.engine.execution_options(isolation_level="REPEATABLE READ")
        with snapshots.connect() as connection:
            return as_of_both_times(connection, entity, master_id, valid=valid, known=known)


def cross_check(settings: Settings, *, as_of: date, made_by: str | None = None) -> Manifest:
    """Run all rules over the published bases and the facts; replaces the report of that day, records its findings.

    `made_by`: DAG and run of the scheduler, as `dag/run`.
    """
    zones = settings.zones
    products = {name: zones.current(name) / DATA for name in _published_products(settings)}
    states = {name: manifest.version for name, manifest in intake.accepted(zones).items()}
    published = {name: read_manifest(zones.current(name)) for name in products}
    matched = [published[entity] for entity in ENTITIES if entity in published]
    states |= {name: version for manifest in matched for name, version in manifest.inputs.items() if version}
    manifests = published | {name: _state(settings, name, version) for name, version in states.items()}
    with open_store(settings, explainer(zones, published)) as store, staging(zones) as folder:
        request = CrossCheckRequest(
            tables=_tables(settings, states),
            products=products,
            as_of=as_of,
            out=folder,
            made_at=now(),
            inputs={name: _input_state(one) for name, one in manifests.items()},
            settings=CheckSettings(
                memory=f"{settings.memory_limit_gib:g}GB", threads=settings.threads, suspended=store.suspended
            ),
            work=zones.work,
            made_by=made_by,
        )
        manifest = run_rules(request, record=store.record)
        replace(folder, zones.reports(as_of), manifest)
        return manifest


def agreements(settings: Settings) -> tuple[Agreement, ...]:
    """All agreements of this installation, one a recipient."""
    return agreement_files.read_agreements(settings.agreements)


def agreements_due(settings: Settings, *, as_of: date) -> list[dict[str, str]]:
    """The agreements in force on a day, whose products have all been published: `recipient`, `version`."""
    published = set(_published_products(settings, DELIVERED))
    return [
        {"recipient": one.recipient, "version": one.version}
        for one in agreements(settings)
        if one.covers(as_of) and published.issuperset(grant.product for grant in one.grants)
    ]


def deliver(settings: Settings, recipient: str, *, as_of: date) -> Manifest:
    """Hand over what one recipient's agreement grants."""
    agreement = next(one for one in agreements(settings) if one.recipient == recipient)
    products = {name: settings.zones.current(name).resolve() for name in _published_products(settings, DELIVERED)}
    return delivery.deliver(agreement, products, settings.zones, as_of=as_of)


def _published_products(settings: Settings, names: Iterable[str] = PRODUCTS) -> list[str]:
    return [name for name in names if is_whole(settings.zones.current(name))]


def _input_state(manifest: Manifest) -> InputState:
    """When the newest batch of an accepted state came in, and which columns its batches had."""
    if manifest.kind == "product":
        return InputState(manifest.version, manifest.created_at)
    columns = frozenset(cast("list[str]", manifest.facts["columns"]))
    return InputState(manifest.version, datetime.fromisoformat(str(manifest.facts["received_at"])), columns)


def _states(settings: Settings, entity: Entity) -> dict[str, Manifest]:
    states = intake.accepted(settings.zones)
    return {name: states[name] for name in policy(entity).datasets if name in states}


def _state(settings: Settings, dataset: str, version: str) -> Manifest:
    contract = source_contract(dataset)
    return read_manifest(settings.zones.accepted(contract.department, contract.dataset, version))


def _tables(settings: Settings, versions: Mapping[str, str]) -> dict[str, Path]:
    tables = {}
    for name, version in versions.items():
        contract = source_contract(name)
        tables[name] = settings.zones.accepted(contract.department, contract.dataset, version) / DATA
    return tables


def _match_run(settings: Settings, entity: Entity, run: str | None) -> Manifest | None:
    zones = settings.zones
    if run is None:
        states = _states(settings, entity)
        if not states:
            return None
        found = reconciling.run_of(zones, entity, {name: manifest.version for name, manifest in states.items()})
        run = found.version if found else "none"
    folder = zones.matching(entity, run)
    if not is_whole(folder):
        raise SourceUnavailable(
            f"the accepted {entity} records have not been matched", where=str(folder), expected="a finished match",
            remedy=f"run the DAG reconcile_{entity}s first, or `sitong run`",
        )  # fmt: skip
    return read_manifest(folder)


def waivable(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Split what a person accepts into datasets (floors) and checks of the publication.

    Who accepts a dataset that shrank accepts the base that follows from it: its comparisons with the version before
    are waived with it.

    Raises:
        BadSpecification: a name that is neither.
    """
    given = frozenset(names)
    checks = given & frozenset(WAIVABLE)
    datasets = given - checks
    for name in sorted(datasets):
        try:
            source_contract(name)
        except KeyError:
            raise BadSpecification(
                f"{name!r} cannot be accepted", where="--accept",
                expected=f"a dataset (police.resident, …) or one of {', '.join(WAIVABLE)}", remedy="correct the name",
            ) from None  # fmt: skip
    return datasets, checks | (frozenset(WAIVABLE) - {ROLLED_BACK}) if datasets else checks
