"""From where a publication can go on: the version in force, where it was made from a run that the new one continues.

Owns the decision between the two ways of a publication. Where anything but records differs, or it is not known what
differs, the base is made whole, and the reason is said. Invariant: both ways end in the same base.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from registry.judgements.overriding import OVERRIDES, Overrides
from registry.naming import folder_name, products
from registry.policy import Entity, policy
from registry.versions import Standing
from schemas.contract import product_contract
from storage.manifest import Manifest, is_whole, read_manifest
from storage.zones import Zones

TOUCHED: Final = "touched.parquet"
"""In the folder of a match run of changes: the records (source, dataset, record_id) that it left other than the run
before had them. Those are records that changed in any column, are gone, or whose cluster was decided again."""

RUN, RULES = "run", "rules"
"""Facts of the manifest of golden records: the match run that they were made from, and a hash of how."""


@dataclass(frozen=True)
class Start:
    """Where a publication goes on.

    `version`, `as_of`: of the base in force. `place`: the partition that holds its rows. `touched`: files of the runs
    since then, newest first. `judged`: masters that have or had an id of which values are judged otherwise.
    """

    version: int
    as_of: date
    place: int
    touched: tuple[Path, ...]
    judged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Goal:
    """What is to be published of an entity: a match's folder, the day, versions of its tables, judged values."""

    entity: Entity
    match: Path
    as_of: date
    inputs: Mapping[str, str]
    overrides: Overrides = field(default_factory=Overrides)


class WholeError(Exception):
    """Why a base has to be made whole; nothing is wrong."""


def start_of(zones: Zones, goal: Goal, before: Standing) -> Start:
    """Where a publication can go on.

    Raises:
        WholeError: it cannot.
    """
    if goal.entity not in before.products:
        raise WholeError("it is the first")
    run = run_of(goal.match)
    if run is None:
        raise WholeError("the match is not one of a run")
    if run.inputs != {name: goal.inputs.get(name) for name in run.inputs}:
        raise WholeError("the match is of other tables")
    version = before.products[goal.entity][0]
    in_force = read_manifest(zones.published(products(goal.entity)[0], folder_name(version)))
    if in_force.facts.get(RULES) != rules(goal.entity):
        raise WholeError("the version in force was made in another way")
    as_of = date.fromisoformat(str(in_force.facts["as_of"]))
    if goal.as_of < as_of:
        raise WholeError("the day lies before that of the version in force")
    touched = _touched(zones, goal, run, str(in_force.facts[RUN]))
    judged = goal.overrides.masters_since(in_force.facts.get(OVERRIDES))
    return Start(version, as_of, before.stored[goal.entity], touched, judged)


def facts_of_run(entity: Entity, match: Path) -> dict[str, str]:
    """What the manifest of golden records says for the publication after it; empty where a match is not of a run."""
    run = run_of(match)
    return {RUN: run.version, RULES: rules(entity)} if run else {}


def run_of(match: Path) -> Manifest | None:
    """The manifest of the run that made a match."""
    return read_manifest(match) if is_whole(match) else None


def rules(entity: Entity) -> str:
    """A hash of the policy and of the contracts of the products."""
    contracts = [product_contract(product).version for product in products(entity)]
    return hashlib.sha256(json.dumps([policy(entity).text, contracts]).encode()).hexdigest()


def _touched(zones: Zones, goal: Goal, run: Manifest, last: str) -> tuple[Path, ...]:
    """The files of all runs after the last one that was published, up to `run`."""
    found: list[Path] = []
    folder, name = goal.match, run.version
    while name != last:
        if not is_whole(folder):
            raise WholeError("a run since the version in force is gone")
        since = read_manifest(folder).facts.get("since")
        if not isinstance(since, str) or not (folder / TOUCHED).is_file():
            raise WholeError("all records were matched anew since the version in force")
        found.append(folder / TOUCHED)
        folder, name = zones.matching(goal.entity, since), since
    return tuple(found)
