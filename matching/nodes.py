"""Nodes: records whose identical evidence makes them one before any pair is formed.

Owns the collapse. Invariant: nodes are numbered by their first record, so that their order is that of the records.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.model import MatchModel
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.sightings import first_sights
from matching.standardise.values import Codes, Keys, ValueTable, content_keys, mixed

MOST_VALUES: Final = 8
"""Values of a field that a node keeps: more would let one absurd node cost the square of its records."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """The distinct values that each node holds of one field: `codes[starts[n]:starts[n + 1]]`."""

    starts: npt.NDArray[np.int32]
    codes: Codes

    def widths(self, nodes: Codes | Places) -> Codes:
        """How many values some nodes hold."""
        return self.starts[nodes + 1] - self.starts[nodes]


@dataclass(frozen=True)
class Nodes:
    """All nodes of a run.

    Attributes:
        of_record: node by record.
        first: first record by node.
        size: records by node.
        datasets: bit mask of the datasets of its records, by node.
        settled: whether two datasets confirm the node's valid identifier.
        held: field → the values held by each node.
    """

    of_record: npt.NDArray[np.int32]
    first: Places
    size: npt.NDArray[np.int32]
    datasets: npt.NDArray[np.uint64]
    settled: npt.NDArray[np.bool_]
    held: Mapping[str, Held]

    def __len__(self) -> int:
        return len(self.first)


def collapse(records: Records, model: MatchModel) -> Nodes:
    """Make records nodes: by the first list of `collapse` that is present and equal."""
    of_record, first = _numbered(group_keys(records, model))
    size = np.bincount(of_record, minlength=len(first)).astype(np.int32)
    mask = np.zeros(len(first), np.uint64)
    for place in range(min(len(records.datasets), 64)):
        mask[of_record[records.dataset == place]] |= np.uint64(1 << place)
    settled = _settled(records, model, first, mask)
    used = {comparison.field for comparison in model.comparisons} | {
        key.split(".")[0] for rule in model.blocking for key in rule.keys
    }
    is_first = np.zeros(len(records), bool)
    is_first[first] = True
    rest = np.flatnonzero(~is_first).astype(np.int32)
    of_rest = of_record[rest]

    told_apart = {spec.field for spec in model.comparisons if any(level.term_frequency for level in spec.levels)}
    told_apart |= {key.split(".")[0] for key in model.constraints.apart}

    def held(field: str) -> Held:
        least = 2 if field in told_apart else MOST_VALUES + 1
        return _held(records, field, of_record, (first, rest, of_rest), least)

    return Nodes(of_record, first, size, mask, settled, dict(in_parallel(held, sorted(used))))


def group_keys(records: Records, model: MatchModel, of: Places | None = None) -> Keys:
    """What names the group of each record, or of some, 0 where one stands alone."""
    group = np.zeros(len(records) if of is None else len(of), np.uint64)
    open_: Places | slice = slice(None)
    rows: Places | slice = slice(None) if of is None else of
    for number, fields in enumerate(model.collapse):
        group[open_] = mixed(*(records.codes[field][rows] + np.int32(1) for field in fields), number + 1)
        open_ = np.flatnonzero(group == 0)
        rows = open_ if of is None else of[open_]
    if records.alone is not None:
        group[records.alone if of is None else records.alone[of]] = 0
    return group


def _numbered(group: Keys) -> tuple[npt.NDArray[np.int32], Places]:
    """Node numbers by record in order of each node's first record, and those first records."""
    together = np.flatnonzero(group)
    codes, seen = first_sights(group[together])
    is_first = group == 0
    is_first[together[seen]] = True
    of_record = np.cumsum(is_first, dtype=np.int32)
    of_record -= 1
    of_record[together] = of_record[together[seen]][codes]
    return of_record, np.flatnonzero(is_first)


def _settled(records: Records, model: MatchModel, first: Places, mask: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    if not model.settled:
        return np.zeros(len(first), bool)
    codes = records.codes[model.settled][first]
    valid = records.values[model.settled].features.get("valid")
    sound = codes >= 0 if valid is None else np.append(valid, False)[codes]
    return np.asarray(sound & ((mask & (mask - np.uint64(1))) != 0))


def _held(
    records: Records,
    field: str,
    of_record: npt.NDArray[np.int32],
    parts: tuple[Places, npt.NDArray[np.int32], npt.NDArray[np.int32]],
    least: int,
) -> Held:
    """Distinct values of a field by node, further values (former names) among them.

    Where a node has `least` values or more its first record's stands first and the others follow in an order that rests
    on the values and not on their codes: which of equally good ones is weighed, or dropped, must not hang on these.

    Args:
        records: all records.
        field: the field.
        of_record: node by record.
        parts: first records of nodes, all other records, and the nodes of these.
        least: values of a node from which their order matters.
    """
    first, rest, of_rest = parts
    main = records.codes[field]
    leading = main[first]
    extra = np.flatnonzero((main[rest] >= 0) & (main[rest] != leading[of_rest]))
    owners: list[npt.NDArray[Any]] = [np.flatnonzero(leading >= 0).astype(np.int32), of_rest[extra]]
    codes = [leading[owners[0]], main[rest[extra]]]
    for other in records.others[field]:
        rows = np.flatnonzero(other >= 0)
        rows = rows[other[rows] != leading[of_record[rows]]]
        owners.append(of_record[rows])
        codes.append(other[rows])
    if any(len(owner) for owner in owners[1:]):
        owner, code = _unrepeated(np.concatenate(owners), np.concatenate(codes))
        owner, code = _few(owner, _ordered(records.values[field], owner, code, (leading, least)))
    else:
        owner, code = owners[0], codes[0]
    starts = np.zeros(len(first) + 1, np.int32)
    np.cumsum(np.bincount(owner, minlength=len(first)), out=starts[1:])
    return Held(starts, code)


def _few(owner: Codes, code: Codes) -> tuple[Codes, Codes]:
    """At most `MOST_VALUES` of each owner; owners are sorted."""
    crowded = np.flatnonzero(owner[MOST_VALUES:] == owner[:-MOST_VALUES]) + MOST_VALUES
    return (np.delete(owner, crowded), np.delete(code, crowded)) if len(crowded) else (owner, code)


def _ordered(table: ValueTable, owner: Codes, code: Codes, first: tuple[Codes, int]) -> Codes:
    """The codes of each owner, where it has enough of them the leading one first and then by content."""
    leading, least = first
    several = np.flatnonzero(np.bincount(owner, minlength=len(leading))[owner] >= least)
    codes, owners = code[several], owner[several]
    order = np.lexsort((content_keys(table, codes), codes != leading[owners], owners))
    out = code.copy()
    out[several] = codes[order]
    return out


def _unrepeated(owner: Codes, code: Codes) -> tuple[Codes, Codes]:
    """Sorted by owner, each value of an owner once."""
    both = np.sort((owner.astype(np.uint64) << np.uint64(32)) | code.astype(np.uint64))
    both = both[np.concatenate(([True], both[1:] != both[:-1]))]
    return (both >> np.uint64(32)).astype(np.int32), (both & np.uint64(0xFFFFFFFF)).astype(np.int32)
