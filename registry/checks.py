"""The checks before a publication: what is counted on a new version, and what holds it.

Two kinds. What must be true of any version (each record once, each master once) cannot be waived. What is only unlikely
(far fewer persons than before, a department that vanished, an attribute that emptied) holds the publication until a
person has looked, and is waived by naming the check.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.increment.making import Changes
from registry.loading import LARGEST_MASTER
from registry.members import Sources
from registry.policy import DERIVED, Entity, policy
from registry.sql import connect, quoted
from schemas.contract import product_contract
from storage.errors import PublicationHeld
from storage.manifest import Json

ROLLED_BACK = "rolled_back"
"""Holds a publication of the very records that were rolled back; see `registry.rollback`."""

WAIVABLE = ("fewer_masters", "source_coverage", "attribute_drift", ROLLED_BACK)


@dataclass(frozen=True)
class Limits:
    """What a version may lack against the one before.

    `masters`: least ratio of persons (enterprises). `coverage`: largest fall of the share of masters that a dataset
    knows. `drift`: largest fall of the share of masters that have an attribute.
    """

    masters: float = 0.8
    coverage: float = 0.2
    drift: float = 0.2


@dataclass(frozen=True)
class Figures:
    """What a version counts.

    `records`: rows of the crosswalk by dataset. `distinct`: record ids among them. `accepted`: rows of the accepted
    tables, without those that a judgement leaves out. `known`: masters with a record of the dataset. `filled`: masters
    with a value, by attribute. `largest`: records of the master that has the most.
    """

    masters: int
    distinct_masters: int
    largest: int
    records: Mapping[str, int]
    distinct: Mapping[str, int]
    accepted: Mapping[str, int]
    known: Mapping[str, int]
    filled: Mapping[str, int]

    def as_json(self) -> dict[str, Json]:
        """For the version's row."""
        return dict(asdict(self))


_TOTALS = "count(*), count(DISTINCT master_id), coalesce(max(record_count), 0)"

_BY_DATASET = """
SELECT source || '.' || dataset AS name, count(*), count(DISTINCT record_id) FROM crosswalk GROUP BY name ORDER BY name
"""

_KNOWN = """
WITH sets AS (SELECT sources, count(*) AS masters FROM golden GROUP BY sources)
SELECT unnest(string_split(sources, ';')) AS name, sum(masters)::BIGINT FROM sets GROUP BY name ORDER BY name
"""


def figures(
    entity: Entity, sources: Sources, golden: Path, work: Path, suppressed: frozenset[tuple[str, str]] = frozenset()
) -> Figures:
    """Count a new version.

    Args:
        entity: person or enterprise.
        sources: crosswalk with master ids, and the accepted tables.
        golden: the file of golden records.
        work: an empty folder.
        suppressed: records (dataset, record id) that the match was told to leave out.
    """
    counted = _counted(entity, golden, sources.crosswalk, work)
    return replace(counted, accepted=_accepted(entity, sources.tables, suppressed))


def changed_figures(
    entity: Entity,
    before: Mapping[str, Json],
    changes: Changes,
    whole: tuple[Mapping[str, Path], Path],
    work: Path,
    suppressed: frozenset[tuple[str, str]] = frozenset(),
) -> Figures:
    """What `figures` gives for a version of few changes, from the figures of the version before.

    That no record outside the changes is among them twice is the closure's to see to (`registry.increment.closure`);
    the unique indexes of the database hold it once more.

    Args:
        entity: person or enterprise.
        before: figures of the version before.
        changes: rows of the masters concerned, of before and of now.
        whole: the accepted tables, and the whole file of golden records.
        work: an empty folder.
        suppressed: as for `figures`.
    """
    then = Figures(**before)  # type: ignore[arg-type]  # written by as_json
    old, new = (
        _counted(entity, one.golden, one.crosswalk, work / name)
        for name, one in (("old", changes.before), ("new", changes.after))
    )
    tables, golden = whole
    largest = max(new.largest, then.largest)
    if new.largest < then.largest == old.largest:  # it may have been the only one of that size
        largest = pc.max(pq.read_table(golden, columns=["record_count"]).column(0)).as_py() or 0
    return Figures(
        masters=then.masters - old.masters + new.masters,
        distinct_masters=then.distinct_masters - old.distinct_masters + new.distinct_masters,
        largest=largest,
        records=_instead(then.records, old.records, new.records),
        distinct=_instead(then.distinct, old.distinct, new.distinct),
        accepted=_accepted(entity, tables, suppressed),
        known=_instead(then.known, old.known, new.known),
        filled={name: then.filled[name] - old.filled[name] + new.filled[name] for name in new.filled},
    )


def _instead(then: Mapping[str, int], old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    """Counts by dataset with the old ones taken out and the new ones put in; none that came to nothing."""
    counts = {
        name: then.get(name, 0) - old.get(name, 0) + new.get(name, 0) for name in sorted(then.keys() | new.keys())
    }
    return {name: rows for name, rows in counts.items() if rows}


def _counted(entity: Entity, golden: Path, crosswalk: Path, work: Path) -> Figures:
    """All figures but those of the accepted tables."""
    names = [item.name for item in product_contract(entity).columns if item.name not in ("master_id", *DERIVED)]
    filled = ", ".join(f"count({quoted(name)})" for name in names)
    with connect(work) as connection:
        connection.read_parquet(str(golden)).create_view("golden")
        connection.read_parquet(str(crosswalk)).create_view("crosswalk")
        total = connection.execute(f"SELECT {_TOTALS}, {filled} FROM golden").fetchall()[0]
        by_dataset = connection.execute(_BY_DATASET).fetchall()
        known = connection.execute(_KNOWN).fetchall()
    return Figures(
        masters=total[0],
        distinct_masters=total[1],
        largest=total[2],
        records={row[0]: row[1] for row in by_dataset},
        distinct={row[0]: row[2] for row in by_dataset},
        accepted={},
        known=dict(known),
        filled=dict(zip(names, total[3:], strict=True)),
    )


def _accepted(entity: Entity, tables: Mapping[str, Path], suppressed: frozenset[tuple[str, str]]) -> dict[str, int]:
    return {
        name: pq.read_metadata(tables[name]).num_rows - _left_out(tables[name], name, suppressed)
        for name in policy(entity).datasets
        if name in tables
    }


def _left_out(table: Path, name: str, suppressed: frozenset[tuple[str, str]]) -> int:
    """How many rows of an accepted table are of suppressed records."""
    ids = pa.array([record_id for dataset, record_id in suppressed if dataset == name], pa.string())
    if not len(ids):
        return 0
    known = pq.read_table(table, columns=["record_id"], partitioning=None).column("record_id")
    return int(pc.sum(pc.is_in(known.cast(pa.string()), value_set=ids)).as_py() or 0)


def hold(entity: Entity, now: Figures, before: Mapping[str, Json], limits: Limits, waived: Iterable[str] = ()) -> None:
    """Hold a publication that must not be.

    Raises:
        PublicationHeld: every failed check with its figures, and what to do.
    """
    passed = frozenset(waived)
    failed = [*_broken(now), *(item for item in _unlikely(now, before, limits) if item[0] not in passed)]
    if not failed:
        return
    names = sorted({name for name, _ in failed})
    waivable = [name for name in names if name in WAIVABLE]
    accepted = " ".join(f"--accept {name}" for name in waivable)
    release = f", or, where this is right, with {accepted}" if waivable == names else ""
    raise PublicationHeld(
        f"the {entity} base is held: " + "; ".join(f"{name}: {what}" for name, what in failed),
        where=f"publication of {entity}",
        expected="a version that stands beside the last one",
        remedy=f"what was published before stays in force; look into the named datasets and run again{release}",
    )


def _broken(now: Figures) -> Iterator[tuple[str, str]]:
    """What no version may be."""
    if now.masters != now.distinct_masters:
        yield "unique_master_id", f"{now.masters} golden records carry {now.distinct_masters} ids"
    for name, rows in now.records.items():
        if rows != now.distinct[name]:
            yield "unique_record", f"{name} has {rows} rows in the crosswalk for {now.distinct[name]} records"
    for name in sorted(now.accepted.keys() | now.records.keys()):
        rows, accepted = now.records.get(name, 0), now.accepted.get(name, 0)
        if rows != accepted:
            yield "every_record_once", f"{name} has {accepted} accepted records and {rows} in the crosswalk"
    if now.largest > LARGEST_MASTER:
        yield (
            "largest_master",
            f"one master has {now.largest} records, more than {LARGEST_MASTER}: the matching chained strangers",
        )


def _unlikely(now: Figures, before: Mapping[str, Json], limits: Limits) -> Iterator[tuple[str, str]]:
    """What has to be looked at against the version before."""
    if not before:
        return
    then = Figures(**before)  # type: ignore[arg-type]  # written by as_json
    if now.masters < limits.masters * then.masters:
        yield "fewer_masters", f"{now.masters} masters after {then.masters}, less than {limits.masters:.0%}"
    same = now.known.keys() == then.known.keys()  # other datasets, other shares
    for name, known in then.known.items():
        fall = _share(known, then.masters) - _share(now.known.get(name, 0), now.masters)
        if name not in now.known or (same and fall > limits.coverage):
            told = f"knows {now.known.get(name, 0)} of {now.masters} masters, before {known} of {then.masters}"
            yield "source_coverage", f"{name} {told}"
    for name in sorted(now.filled.keys() & then.filled.keys()) if same else ():
        if _share(then.filled[name], then.masters) - _share(now.filled[name], now.masters) > limits.drift:
            told = f"is filled in {now.filled[name]} of {now.masters}, before in {then.filled[name]} of {then.masters}"
            yield "attribute_drift", f"{name} {told}"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
