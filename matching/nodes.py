"""Nodes: records whose identical evidence makes them one before any pair is formed.

Owns the collapse. Invariant: nodes are numbered by their first record, so that their order is that of the records.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.model import MatchModel
from matching.records import Records
from matching.standardise.values import Codes, mixed

MOST_VALUES: Final = 8
"""Values of a field that a node keeps: more would let one absurd node cost the square of its records."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """The distinct values that each node holds of one field: `codes[starts[n]:starts[n + 1]]`."""

    starts: Places
    codes: Codes


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
    """Group records by the first list of the model's `collapse` whose fields are all present and equal."""
    group = np.zeros(len(records), np.uint64)
    for number, fields in enumerate(model.collapse):
        parts = [records.codes[field].astype(np.int64) + 1 for field in fields]
        key = mixed(*parts, np.full(len(records), number + 1, np.uint64))
        group = np.where(group == 0, key, group)
    alone = group == 0
    of_record, first = _numbered(group, alone)
    size = np.bincount(of_record, minlength=len(first)).astype(np.int32)
    mask = np.zeros(len(first), np.uint64)
    for place in range(min(len(records.datasets), 64)):
        mask[of_record[records.dataset == place]] |= np.uint64(1 << place)
    settled = _settled(records, model, first, mask)
    used = {comparison.field for comparison in model.comparisons} | {
        key.split(".")[0] for rule in model.blocking for key in rule.keys
    }
    held = {field: _held(records, field, of_record, first) for field in sorted(used)}
    return Nodes(of_record, first, size, mask, settled, held)


def _numbered(group: npt.NDArray[np.uint64], alone: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], Places]:
    """Node numbers by record in order of each node's first record, and those first records."""
    together = np.flatnonzero(~alone)
    firsts = np.arange(len(group), dtype=np.int64)
    if len(together):
        order = np.argsort(group[together], kind="stable")
        rows, keys = together[order], group[together][order]
        opens = np.concatenate(([True], keys[1:] != keys[:-1]))
        firsts[rows] = rows[np.maximum.accumulate(np.where(opens, np.arange(len(rows)), 0))]
    is_first = firsts == np.arange(len(group))
    number = (np.cumsum(is_first) - 1).astype(np.int32)
    return number[firsts], np.flatnonzero(is_first)


def _settled(records: Records, model: MatchModel, first: Places, mask: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    if not model.settled:
        return np.zeros(len(first), bool)
    codes = records.codes[model.settled][first]
    valid = records.values[model.settled].features.get("valid")
    sound = codes >= 0 if valid is None else np.append(valid, False)[codes]
    return np.asarray(sound & ((mask & (mask - np.uint64(1))) != 0))


def _held(records: Records, field: str, of_record: npt.NDArray[np.int32], first: Places) -> Held:
    """Distinct values of a field by node, in order of their records; further values (former names) last."""
    main = records.codes[field]
    leading = main[first]
    is_first = np.zeros(len(main), bool)
    is_first[first] = True
    extra = np.flatnonzero(~is_first & (main >= 0) & (main != leading[of_record]))
    owners: list[npt.NDArray[Any]] = [np.flatnonzero(leading >= 0), of_record[extra]]
    codes: list[npt.NDArray[Any]] = [leading[leading >= 0], main[extra]]
    for other in records.others[field]:
        rows = np.flatnonzero((other >= 0) & (other != leading[of_record]))
        owners.append(of_record[rows])
        codes.append(other[rows])
    owner, code = np.concatenate(owners).astype(np.int64), np.concatenate(codes).astype(np.int64)
    owner, code = _few(*_unrepeated(owner, code))
    starts = np.zeros(len(first) + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=len(first)), out=starts[1:])
    return Held(starts, code.astype(np.int32))


def _few(owner: Places, code: Places) -> tuple[Places, Places]:
    """At most `MOST_VALUES` of each owner; owners are sorted."""
    opens = np.concatenate(([True], owner[1:] != owner[:-1])) if len(owner) else np.zeros(0, bool)
    place = np.arange(len(owner)) - np.maximum.accumulate(np.where(opens, np.arange(len(owner)), 0))
    kept = place < MOST_VALUES
    return owner[kept], code[kept]


def _unrepeated(owner: Places, code: Places) -> tuple[Places, Places]:
    """Sorted by owner, each value of an owner once; already sorted input is left alone."""
    if len(owner) and not np.all(owner[1:] > owner[:-1]):
        both = np.sort((owner.astype(np.uint64) << np.uint64(32)) | code.astype(np.uint64))
        both = both[np.concatenate(([True], both[1:] != both[:-1]))]
        return (both >> np.uint64(32)).astype(np.int64), (both & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return owner, code
