"""Candidate pairs after some changes: those of nodes that were made anew, and of the blocks that these have moved.

A block that is paired along a window changes as a whole when a node joins or leaves it: its nodes are `stirred`, and
their pairs are formed anew like those of new nodes. Invariant: the pairs that a blocking of all nodes gives under the
bounds of the trained model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.blocking import SCATTER, Bounds, Content, Pairs, pairs_of_rule, sorted_distinct, unpacked
from matching.blocking_keys import Keyed, bucket_of, buckets_of, keys_of, ranges
from matching.incremental.changes import Flags
from matching.incremental.regrouping import Regrouped
from matching.model import MatchModel
from matching.nodes import Nodes
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.values import Codes, Keys


@dataclass(frozen=True)
class Paired:
    """Pairs that touch a node formed anew, sorted; and which nodes these are: new ones and stirred ones."""

    pairs: Pairs
    anew: Flags


@dataclass(frozen=True)
class _View:
    """All that pairs are formed of: records and nodes after the changes, the model and its bounds."""

    records: Records
    nodes: Nodes
    model: MatchModel
    bounds: Bounds


@dataclass(frozen=True)
class _Gone:
    """Nodes that are no more, by their numbers before the changes."""

    before: Nodes
    nodes: Codes


def pair_anew(records: Records, before: Nodes, regrouped: Regrouped, model: MatchModel, bounds: Bounds) -> Paired:
    """Form the pairs that changes can have made, moved or taken away.

    Args:
        records: the records after the changes.
        before: the nodes before.
        regrouped: the nodes after.
        model: its blocking rules.
        bounds: nodes of a block up to which each rule pairs it in full.
    """
    view = _View(records, regrouped.nodes, model, bounds)
    gone = _Gone(before, np.flatnonzero(regrouped.place < 0).astype(np.int32))
    lost = keys_of(records, before, model.blocking, gone.nodes, None)
    anew = regrouped.came_from < 0
    while True:
        blocks = _blocks(view, anew, gone, lost)
        stirred = np.unique(np.concatenate([block.stirred for block in blocks]))
        fresh = stirred[~anew[stirred]]
        if not len(fresh):
            return Paired(_pairs(view, blocks, anew), anew)
        anew = anew.copy()
        anew[fresh] = True


@dataclass(frozen=True)
class _Block:
    """The blocks of a rule that touch nodes formed anew, and the nodes of those too large to be paired in full."""

    keyed: Keyed
    stirred: Codes


def _blocks(view: _View, anew: Flags, gone: _Gone, lost: Sequence[Keyed]) -> list[_Block]:
    """By rule the blocks that nodes formed anew are in, or nodes were in that are `gone`, whose keys are `lost`."""
    rules = view.model.blocking
    mine = keys_of(view.records, view.nodes, rules, np.flatnonzero(anew).astype(np.int32), None)
    keys = [np.concatenate((one.key, other.key)) for one, other in zip(mine, lost, strict=True)]
    fields = sorted({name.partition(".")[0] for rule in rules for name in rule.keys})
    found = in_parallel(lambda field: _sharing(view, field, anew, gone), fields)
    reachable = {name: nodes for _, by_key in found for name, nodes in by_key.items()}

    def of_rule(place: int) -> _Block:
        rule = rules[place]
        reached = np.logical_and.reduce([reachable[name] for name in rule.keys])
        others = np.flatnonzero(reached & ~anew).astype(np.int32)
        (theirs,) = keys_of(view.records, view.nodes, [rule], others, {rule.name: buckets_of(keys[place])})
        sought = sorted_distinct(keys[place])
        met = np.flatnonzero(_among(theirs.key, sought))
        owner = np.concatenate((mine[place].owner, theirs.owner[met]))
        key = np.concatenate((mine[place].key, theirs.key[met]))
        large = _large(key, lost[place].key, view.bounds[rule.name])
        stirred = owner[_among(key, large)]
        active = np.ones(len(owner), bool) if rule.settled == "compare" else ~view.nodes.settled[owner]
        order = np.argsort(~active, kind="stable")
        return _Block(Keyed(owner[order], key[order], int(active.sum())), stirred)

    return [block for _, block in in_parallel(of_rule, range(len(rules)))]


def _large(keys: Keys, lost: Keys, largest: int) -> Keys:
    """The keys of blocks that hold more nodes than are paired in full, now or before; in order."""
    ordered = np.sort(np.concatenate((keys, lost)))
    crowded = ordered[largest:] == ordered[: max(len(ordered) - largest, 0)]
    return sorted_distinct(ordered[: len(crowded)][crowded])


def _among(keys: Keys, sought: Keys) -> Flags:
    """Which keys are among some distinct ones that stand in order."""
    if not len(sought):
        return np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(sought, keys), len(sought) - 1)
    return np.asarray(sought[places] == keys)


def _sharing(view: _View, field: str, anew: Flags, gone: _Gone) -> dict[str, Flags]:
    """By key of a field the nodes that can share it with one formed anew or gone: hardly any other, none left out.

    Found by sifting the values of the field, of which there are fewer than nodes.
    """
    held, before = view.nodes.held[field], gone.before.held[field]
    owner = np.repeat(np.arange(len(view.nodes), dtype=np.int32), np.diff(held.starts))
    table = view.records.values[field]
    looked_for = np.zeros(len(table), bool)
    looked_for[held.codes[anew[owner]]] = True
    widths = before.widths(gone.nodes)
    looked_for[before.codes[ranges(before.starts[gone.nodes], widths)]] = True
    found = {}
    for name in sorted({key for rule in view.model.blocking for key in rule.keys if key.partition(".")[0] == field}):
        key = table.keys[name.partition(".")[2] or "value"]
        shares = _sharing_values(key, looked_for) if "." in name else looked_for & (key != 0)
        found[name] = np.zeros(len(view.nodes), bool)
        found[name][owner[shares[held.codes]]] = True
    return found


def _sharing_values(key: Keys, looked_for: Flags) -> Flags:
    """Values that may share a key with one that is looked for."""
    columns = [column * SCATTER for column in (key.T if key.ndim == 2 else [key])]
    wanted = buckets_of(np.concatenate([column[looked_for] for column in columns]))
    shares = [wanted[bucket_of(column, wanted)] & (column != 0) for column in columns]
    return np.asarray(np.logical_or.reduce(shares))


def _pairs(view: _View, blocks: Sequence[_Block], anew: Flags) -> Pairs:
    """The pairs of the blocks that touch a node formed anew."""
    content = Content(view.records, view.nodes, view.model)

    def of_rule(place: int) -> Keys:
        packed = pairs_of_rule(blocks[place].keyed, view.model.blocking[place], content, view.bounds).packed
        pairs = unpacked(packed)
        return np.asarray(packed[anew[pairs.left] | anew[pairs.right]])

    found = [packed for _, packed in in_parallel(of_rule, range(len(blocks)))]
    return unpacked(sorted_distinct(np.concatenate(found)))
