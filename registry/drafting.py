"""One entity of a new version before it is published: ids, golden records, and what is counted on them.

Made whole, or from the version in force and what changed since (`registry.increment`); both ways give the same files.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from matching.incremental.state import FOLDER as STATE
from matching.incremental.state import judgements_of
from registry.checks import Figures, changed_figures, figures
from registry.history.differences import Snapshot
from registry.identities import Assignment, Past, assign
from registry.increment.closure import close
from registry.increment.making import Changes, assign_changes, make_changes, splice_changes
from registry.increment.start import Goal, Start, WholeError, start_of
from registry.ledger import past
from registry.members import Sources
from registry.policy import Entity
from registry.survivorship import write_golden
from registry.versions import Standing
from storage.zones import Zones

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """One entity of a new version.

    `golden`: folder with golden records and provenance. `changes`: what differs from the version before, where that is
    known; None where everything was made anew.
    """

    entity: Entity
    assignment: Assignment
    golden: Path
    figures: Figures
    changes: Changes | None


@dataclass(frozen=True)
class Desk:
    """What drafts are made with.

    `connection` reads what is in force. `work` is a folder of `storage.commit.staging`. `on_changes` is told what a
    version of few changes changes, before its whole files are written.
    """

    connection: Connection
    zones: Zones
    before: Standing
    work: Path
    on_step: Callable[[str], None]
    on_changes: Callable[[Entity, Changes], None]

    def folder(self, goal: Goal, name: str) -> Path:
        """An empty folder."""
        made = self.work / f"{goal.entity}-{name}"
        made.mkdir(mode=0o700)
        return made


def make_draft(desk: Desk, goal: Goal, tables: Mapping[str, Path]) -> Draft:
    """Make the ids and golden records of an entity, from what changed where that can be."""
    known = past(desk.connection, desk.zones, goal.entity, desk.before, desk.work)
    golden = desk.folder(goal, "golden")
    try:
        start = start_of(desk.zones, goal, desk.before)
        found, changes = _changed(desk, goal, tables, (start, known), golden)
    except WholeError as reason:
        _log.info("the base is made whole", extra={"entity": goal.entity, "why": str(reason)})
        found, changes = _whole(desk, goal, tables, known, golden), None
    data, work, left_out = golden / "data.parquet", desk.folder(goal, "counted"), judgements_of(goal.match / STATE)
    before = desk.before.counts.get(goal.entity)
    if changes and before:
        counted = changed_figures(goal.entity, before, changes, (tables, data), work, left_out.suppressed)
    else:
        counted = figures(goal.entity, Sources(found.crosswalk, tables), data, work, left_out.suppressed)
    return Draft(goal.entity, found, golden, counted, changes)


def _whole(desk: Desk, goal: Goal, tables: Mapping[str, Path], known: Past | None, golden: Path) -> Assignment:
    clusters = goal.match / "crosswalk.parquet"
    found = assign(goal.entity, clusters, known, desk.before.id_key, desk.folder(goal, "ids"))
    desk.on_step(f"{goal.entity} ids assigned")
    sources = Sources(found.crosswalk, tables, goal.overrides.values(found.ledger))
    write_golden(goal.entity, sources, goal.as_of, golden, desk.folder(goal, "joined"))
    desk.on_step(f"{goal.entity} golden records made")
    return found


def _changed(
    desk: Desk, goal: Goal, tables: Mapping[str, Path], since: tuple[Start, Past | None], golden: Path
) -> tuple[Assignment, Changes]:
    start, known = since
    published = Snapshot.of(desk.zones, goal.entity, start.version)
    if known is None or known.ledger != published.ledger:
        raise WholeError("ids were given that the files of the version in force do not know")
    closure = close(goal, start, tables, known, desk.folder(goal, "closure"))
    found = assign_changes(goal, closure, desk.before.id_key, desk.folder(goal, "changed-ids"))
    desk.on_step(f"{goal.entity} ids assigned")
    work = desk.folder(goal, "changed-joined")
    folders = desk.folder(goal, "changed-golden"), work
    changes = make_changes(goal, tables, closure, found, (published, start.place), folders)
    desk.on_step(f"{goal.entity} golden records made")
    desk.on_changes(goal.entity, changes)
    return splice_changes(changes, closure, found, published, (golden, work)), changes
