"""Judgements that a match honours: pairs of records that are one, pairs that are two, and records that are left out.

Owns how a judgement bears on records, nodes and clusters. It refuses judgements that contradict each other. A record of
a judged pair collapses with no other, so that it can go either way; a link holds whatever contradicts it; a not-link
parts the two along the weakest links between them. A judgement about a record that is not there says nothing.
Invariant: two records of a link are in one cluster, two of a not-link in two, through whatever others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.blocking import Pairs
from matching.clustering import Bits, Component, Cut, CutRule, Flags, cluster, components
from matching.nodes import Nodes, Places
from matching.records import Records, some
from storage.errors import BadSpecification

Key = tuple[str, str]
"""A record: its dataset, as tables are named, and its record id."""

KINDS: Final = ("link", "not_link", "suppress")
FILE: Final = "judgements.parquet"

SCHEMA: Final = pa.schema(
    [("kind", pa.string())]
    + [(f"{side}{name}", pa.string()) for side in ("", "other_") for name in ("source", "dataset", "record_id")]
)
"""One row per judgement; the other record is null where a record is suppressed."""


@dataclass(frozen=True)
class Judgements:
    """What holds; of a pair the smaller record stands first."""

    links: frozenset[tuple[Key, Key]] = frozenset()
    not_links: frozenset[tuple[Key, Key]] = frozenset()
    suppressed: frozenset[Key] = frozenset()

    def paired(self) -> frozenset[Key]:
        """The records of all pairs."""
        return frozenset(key for pair in (*self.links, *self.not_links) for key in pair)

    def changed(self, before: "Judgements") -> frozenset[Key]:
        """Records of pairs that are judged otherwise than before."""
        pairs = (self.links ^ before.links) | (self.not_links ^ before.not_links)
        return frozenset(key for pair in pairs for key in pair)


NONE: Final = Judgements()


def read(path: Path) -> Judgements:
    """Read a file of judgements.

    Raises:
        BadSpecification: it is no such file, or its judgements contradict each other.
    """
    expected, remedy = f"Parquet with {', '.join(SCHEMA.names)}", "write it with `sitong judge export`"
    try:
        rows = pq.read_table(path, columns=SCHEMA.names, partitioning=None).cast(SCHEMA).to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise BadSpecification("the judgements cannot be read", str(path), expected, remedy) from error
    found: dict[str, set[tuple[Key, ...]]] = {kind: set() for kind in KINDS}
    for row in rows:
        keys = [_key(row, side) for side in ("", "other_")[: 1 if row["kind"] == "suppress" else 2]]
        if row["kind"] not in KINDS or len(set(keys)) < len(keys) or None in keys:
            raise BadSpecification(f"a judgement cannot be used ({row['kind']})", str(path), expected, remedy)
        found[row["kind"]].add(tuple(sorted(key for key in keys if key)))
    links, not_links = (frozenset((one, other) for one, other in found[kind]) for kind in KINDS[:2])
    judgements = Judgements(links, not_links, frozenset(one for (one,) in found["suppress"]))
    _refuse_contradictions(judgements, path)
    return judgements


def write(judgements: Judgements, path: Path) -> None:
    """Write judgements as `read` reads them."""
    rows = sorted(_rows(judgements))
    columns = [pa.array([row[at] or None for row in rows], pa.string()) for at in range(len(SCHEMA))]
    path.touch(mode=0o600)
    pq.write_table(pa.table(columns, schema=SCHEMA), path)


def applied(records: Records, judgements: Judgements) -> Records:
    """Records without those that are left out; those of judged pairs are marked as standing alone."""
    if judgements.suppressed:
        stays = np.ones(len(records), bool)
        stays[_found(rows_of(records, judgements.suppressed))] = False
        records = some(records, np.flatnonzero(stays)) if not stays.all() else records
    return marked(records, judgements)


def marked(records: Records, judgements: Judgements) -> Records:
    """Records of which those of judged pairs are marked as standing alone."""
    if not judgements.paired():
        return replace(records, alone=None)
    alone = np.zeros(len(records), bool)
    alone[_found(rows_of(records, judgements.paired()))] = True
    return replace(records, alone=alone)


@dataclass(frozen=True)
class Ruled:
    """Judged pairs of nodes: those that are one, and those that are two."""

    together: Pairs
    apart: Pairs

    def __bool__(self) -> bool:
        return bool(len(self.together) or len(self.apart))


def ruled(records: Records, nodes: Nodes, judgements: Judgements) -> Ruled:
    """The nodes of judged pairs of which both records are there."""
    return Ruled(*(_node_pairs(records, nodes, pairs) for pairs in (judgements.links, judgements.not_links)))


@dataclass(frozen=True)
class WeighedPairs:
    """Candidate pairs of nodes, their total bits, and which of them reach the link threshold."""

    pairs: Pairs
    bits: Bits
    linked: Flags


def with_ruled(weighed: WeighedPairs, judged: Ruled) -> WeighedPairs:
    """Candidate pairs with the judged ones after them: infinitely likely or unlikely."""
    if not judged:
        return weighed
    one, other = judged.together, judged.apart
    return WeighedPairs(
        Pairs(
            np.concatenate((weighed.pairs.left, one.left, other.left)),
            np.concatenate((weighed.pairs.right, one.right, other.right)),
        ),
        np.concatenate((weighed.bits, np.full(len(one), np.inf), np.full(len(other), -np.inf))),
        np.concatenate((weighed.linked, np.ones(len(one), bool), np.zeros(len(other), bool))),
    )


def cluster_ruled(size: int, weighed: WeighedPairs, rule: CutRule, judged: Ruled) -> tuple[Component, Cut]:
    """`cluster`, with judged pairs among the weighed ones (`with_ruled`)."""
    together = components(size, judged.together.left, judged.together.right) if len(judged.together) else None
    return cluster(size, weighed.pairs, weighed.bits, weighed.linked, replace(rule, together=together))


def rows_of(records: Records, keys: frozenset[Key]) -> dict[Key, int]:
    """Where some records stand; those that are not there are left out."""
    by_dataset: dict[str, list[str]] = {}
    for name, record_id in sorted(keys):
        by_dataset.setdefault(name, []).append(record_id)
    found: dict[Key, int] = {}
    for place, name in enumerate(records.datasets):
        if name not in by_dataset:
            continue
        start, stop = (int(np.searchsorted(records.dataset, place, side=side)) for side in ("left", "right"))
        wanted = pa.array(by_dataset[name], pa.string())
        at = pc.index_in(wanted, value_set=records.record_ids.slice(start, stop - start)).to_pylist()
        found |= {(name, one): start + row for one, row in zip(by_dataset[name], at, strict=True) if row is not None}
    return found


def _found(rows: dict[Key, int]) -> Places:
    return np.array(sorted(rows.values()), np.int64)


def _node_pairs(records: Records, nodes: Nodes, pairs: frozenset[tuple[Key, Key]]) -> Pairs:
    rows = rows_of(records, frozenset(key for pair in pairs for key in pair))
    both = [(rows[one], rows[other]) for one, other in pairs if one in rows and other in rows]
    found: npt.NDArray[np.int64] = np.array(both, np.int64).reshape(-1, 2)
    of = np.sort(nodes.of_record[found].astype(np.int32), axis=1)
    of = of[np.lexsort((of[:, 1], of[:, 0]))]
    return Pairs(of[:, 0].copy(), of[:, 1].copy())


def _key(row: dict[str, str | None], side: str) -> Key | None:
    source, dataset, record_id = (row[f"{side}{name}"] for name in ("source", "dataset", "record_id"))
    if dataset is None or record_id is None:
        return None
    return (f"{source}.{dataset}" if source else dataset, record_id)


def _rows(judgements: Judgements) -> Iterator[tuple[str, ...]]:
    for kind, pairs in zip(KINDS[:2], (judgements.links, judgements.not_links), strict=True):
        for one, other in pairs:
            yield (kind, *_parts(one), *_parts(other))
    for key in judgements.suppressed:
        yield (KINDS[2], *_parts(key), "", "", "")


def _parts(key: Key) -> tuple[str, str, str]:
    source, dot, dataset = key[0].partition(".")
    return (source, dataset, key[1]) if dot else ("", key[0], key[1])


def _refuse_contradictions(judgements: Judgements, path: Path) -> None:
    number = {key: at for at, key in enumerate(sorted(judgements.paired()))}
    links = np.array([[number[one], number[other]] for one, other in judgements.links], np.int32).reshape(-1, 2)
    root = components(len(number), links[:, 0].copy(), links[:, 1].copy())
    count = sum(bool(root[number[one]] == root[number[other]]) for one, other in judgements.not_links)
    if count:
        raise BadSpecification(
            f"{count} of the judgements keep two records apart that others link, directly or through others",
            str(path), "judgements that can all hold", "write the file with `sitong judge export`",
        )  # fmt: skip
