"""The files of a version of few changes: those of the version before, with what the changes concern made anew.

Owns the order: ids, golden records, then every file spliced. What changes is known before a whole file is written, so
that the database can take it in meanwhile. Invariant: the files have the rows, in the order, that making the base
whole would give.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from registry.history.differences import Snapshot
from registry.identities import Assignment, assign
from registry.increment.closure import Closure
from registry.increment.splicing import Replacement, splice
from registry.increment.start import Goal
from registry.layers import FIRST, add_layer, unite_many
from registry.loading import Files
from registry.members import Sources
from registry.sql import connect
from registry.survivorship import write_golden

_AT_ONCE = 2  # files that are spliced at a time: NumPy and Arrow leave the interpreter while they work


@dataclass(frozen=True)
class Changes:
    """What a version changes, as files of rows of the masters concerned, and where.

    `before`, `after`: of the version before, and of this one; the golden records of before are there
    when the whole file was spliced. `gone`: masters and records that are no more, see
    `registry.loading.load_changes`. `ledger`: rows of the ledger of ids that are new or changed. `place`: the partition
    that holds the rows of the version before.
    """

    before: Snapshot
    after: Snapshot
    gone: Path
    ledger: Path
    place: int

    def files(self) -> Files:
        """What is loaded."""
        return Files(self.after.golden, self.after.provenance, self.after.crosswalk, self.ledger)


def assign_changes(goal: Goal, closure: Closure, key: bytes, out: Path) -> Assignment:
    """Give the clusters of a closure their ids; files of the closure alone."""
    return assign(goal.entity, closure.clusters, closure.past, key, out)


def make_changes(
    goal: Goal,
    tables: Mapping[str, Path],
    closure: Closure,
    found: Assignment,
    published: tuple[Snapshot, int],
    folders: "tuple[Path, Path]",
) -> Changes:
    """Make the golden records of a closure.

    Args:
        goal: what is to be published.
        tables: accepted tables by dataset.
        closure: what the changes concern.
        found: the ids of its clusters.
        published: the files of the version before, and the partition that holds its rows.
        folders: for golden records and provenance, and for work; both empty.
    """
    before, place = published
    part, work = folders
    sources = Sources(found.crosswalk, tables, goal.overrides.values(found.ledger))
    write_golden(goal.entity, sources, goal.as_of, part, work)
    old = Snapshot(work / "gone.parquet", before.provenance, closure.past.ledger, closure.past.crosswalk)
    new = Snapshot(part / "data.parquet", part / FIRST, found.ledger, found.crosswalk)
    changes = Changes(old, new, work / "no-more.parquet", found.changes, place)
    _write_gone(changes, closure.masters, work)
    return changes


def splice_changes(
    changes: Changes, closure: Closure, found: Assignment, published: Snapshot, folders: "tuple[Path, Path]"
) -> Assignment:
    """Put what changes into the files of the version before.

    Args:
        changes: of `make_changes`; the golden records of before are written here.
        closure: what the changes concern.
        found: the ids of its clusters.
        published: the files of the version before.
        folders: an empty one for golden records and provenance, and one for work.

    Returns:
        The assignment with the whole crosswalk and ledger.
    """
    whole, work = folders
    masters = pq.read_table(closure.masters).column("master_id")
    numbers = pq.read_table(found.changes).column("sequence")
    new, gone = changes.after, changes.before.golden
    crosswalk, ledger = work / "crosswalk.parquet", work / "ledger.parquet"
    _splice_all(
        [
            (published.golden, Replacement("master_id", new.golden, masters), whole / "data.parquet", gone),
            (published.crosswalk, Replacement("master_id", new.crosswalk, masters), crosswalk, None),
            (published.ledger, Replacement("sequence", found.changes, numbers), ledger, None),
        ]
    )
    add_layer(published.provenance, new.provenance, whole)
    unite_many(whole / FIRST, whole / "data.parquet", work)
    return replace(found, crosswalk=crosswalk, ledger=ledger)


def _write_gone(changes: Changes, masters: Path, work: Path) -> None:
    with connect(work / "gone") as connection:
        for when, golden, snapshot in (
            ("old", masters, changes.before),
            ("new", changes.after.golden, changes.after),
        ):
            connection.read_parquet(str(golden)).create_view(f"{when}_masters")
            connection.read_parquet(str(snapshot.crosswalk)).create_view(f"{when}_records")
        connection.sql(_NO_MORE).write_parquet(str(changes.gone))


_NO_MORE = """
SELECT master_id, NULL::VARCHAR AS source, NULL::VARCHAR AS dataset, NULL::VARCHAR AS record_id
FROM old_masters ANTI JOIN new_masters USING (master_id)
UNION ALL SELECT master_id, source, dataset, record_id
FROM old_records ANTI JOIN new_records USING (master_id, source, dataset, record_id)
"""


def _splice_all(files: "Sequence[tuple[Path, Replacement, Path, Path | None]]") -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(splice, *one) for one in files]:
            done.result()
