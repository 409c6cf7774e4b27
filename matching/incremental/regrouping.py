"""Nodes after some changes: only those are made anew whose records, or whose company, have changed.

Invariant: the nodes that a collapse of all records gives, in the same order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.incremental.changes import Changed, Flags, Rows
from matching.model import MatchModel
from matching.nodes import Held, Nodes, collapse, group_keys
from matching.parallel import in_parallel
from matching.records import Records, some
from matching.standardise.values import Codes


@dataclass(frozen=True)
class Regrouped:
    """Nodes after the changes.

    Attributes:
        nodes: all of them.
        came_from: node before the changes of each node, −1 for one made anew.
        place: node after the changes of each node before, −1 for one that is no more.
    """

    nodes: Nodes
    came_from: Codes
    place: Codes


def regroup(before: Nodes, old: Records, changed: Changed, model: MatchModel) -> Regrouped:
    """The nodes of changed records.

    Args:
        before: the nodes before.
        old: their records; codes mean the same as in the new ones.
        changed: the records now.
        model: its collapse says which records are one.
    """
    touched = _touched(before, old, changed, model)
    came_from = changed.came_from
    was_in, anew = np.zeros(len(came_from), np.int32), came_from < 0
    if len(before):
        was_in = before.of_record.take(came_from, mode="clip")
        anew |= touched[was_in]
    rows = np.flatnonzero(anew)
    fresh = collapse(some(changed.records, rows, with_ids=False), model)
    return _merged(before, touched, changed, (was_in, rows, fresh))


def _touched(before: Nodes, old: Records, changed: Changed, model: MatchModel) -> Flags:
    """Nodes before that lost a record, or that a new or changed record may join."""
    touched = np.zeros(len(before), bool)
    touched[before.of_record[~changed.stayed]] = True
    keys = group_keys(changed.records, model, np.flatnonzero(changed.came_from < 0))
    touched |= np.isin(group_keys(old, model, before.first), keys[keys != 0])
    return touched


def _merged(before: Nodes, touched: Flags, changed: Changed, made: tuple[Codes, Rows, Nodes]) -> Regrouped:
    """Kept nodes and fresh ones in order; `made`: the node before of each record, rows made anew, their nodes."""
    was_in, rows, fresh = made
    row_now = np.full(len(before.of_record) + 1, -1, np.int32)  # the last one is that of records that are new
    row_now[changed.came_from] = np.arange(len(changed.came_from), dtype=np.int32)
    kept = np.flatnonzero(~touched).astype(np.int32)
    firsts, fresh_firsts = row_now[before.first[kept]].astype(np.int64), rows[fresh.first]
    at = np.searchsorted(firsts, fresh_firsts)
    came_from = np.insert(kept, at, -1)
    order = np.insert(np.arange(len(kept)), at, len(kept) + np.arange(len(fresh)))
    place = np.full(len(before), -1, np.int32)
    place[kept] = np.flatnonzero(came_from >= 0)
    of_fresh = np.flatnonzero(came_from < 0).astype(np.int32)
    of_record = place[was_in] if len(before) else was_in
    of_record[rows] = of_fresh[fresh.of_record]

    def held(field: str) -> Held:
        return _held(before.held[field], touched, fresh.held[field], at)

    masks = _masks(before.datasets[kept], changed)
    nodes = Nodes(
        of_record=of_record,
        first=np.concatenate([firsts, fresh_firsts])[order],
        size=np.concatenate([before.size[kept], fresh.size])[order],
        datasets=np.concatenate([masks, fresh.datasets])[order],
        settled=np.concatenate([before.settled[kept], fresh.settled])[order],
        held=dict(in_parallel(held, sorted(before.held))),
    )
    return Regrouped(nodes, came_from, place)


def _masks(masks: npt.NDArray[np.uint64], changed: Changed) -> npt.NDArray[np.uint64]:
    """Datasets of kept nodes under the datasets' places of today."""
    moved = _moved(changed)
    if all(old == new for old, new in moved.items()):
        return masks
    out = np.zeros(len(masks), np.uint64)
    for old, new in moved.items():
        out |= ((masks >> np.uint64(old)) & np.uint64(1)) << np.uint64(new)
    return out


def _moved(changed: Changed) -> Mapping[int, int]:
    """Place of each dataset before → its place now."""
    names = changed.datasets_before
    now = {name: place for place, name in enumerate(changed.records.datasets)}
    return {old: now[name] for old, name in enumerate(names[:64]) if now[name] < 64}


def _held(before: Held, touched: Flags, fresh: Held, at: Rows) -> Held:
    """The values of kept nodes, and before each place in `at` those of a fresh one."""
    widths = np.diff(before.starts)
    codes = before.codes[np.repeat(~touched, widths)]
    widths = widths[~touched]
    starts = np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])
    fresh_widths = np.diff(fresh.starts)
    codes = np.insert(codes, np.repeat(starts[at], fresh_widths), fresh.codes)
    ends = np.cumsum(np.insert(widths, at, fresh_widths), dtype=np.int32)
    return Held(np.concatenate([np.zeros(1, np.int32), ends]), codes)
