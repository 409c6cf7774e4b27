"""Candidate pairs of nodes: every two that agree on the keys of some rule, each pair once.

Owns the bound on their number: a block with more nodes than its rule allows is sorted by its nodes' evidence and only
nodes within `WINDOW` places are paired, so that n equal values cost n pairs times a constant. Invariant: left < right.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.model import BlockingRule, MatchModel, SpecificationError
from matching.nodes import Nodes, Places
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.values import Keys, mixed

WINDOW: Final = 6
"""Neighbours that a node of an oversized block is paired with."""

MOST_PAIRS: Final = 8
"""Pairs of a rule for each node beyond which smaller blocks count as oversized too."""

FREE_PAIRS: Final = 1_000_000
"""Pairs that every rule may form."""

BUCKET_BITS: Final = 25
"""Most bits of a key that count where keys held by one node only are told from the others before anything is sorted."""


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs of nodes, sorted, left < right."""

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True)
class RuleCount:
    """What one blocking rule found: `pairs` of its own, `new` ones no earlier rule had, and its oversized blocks."""

    rule: str
    pairs: int
    new: int
    oversized_blocks: int
    oversized_nodes: int


def candidate_pairs(records: Records, nodes: Nodes, model: MatchModel) -> tuple[Pairs, list[RuleCount]]:
    """The pairs of all rules and a count for each rule."""
    found = np.zeros(0, np.uint64)
    counts = []
    content = _content(records, nodes, model)

    def of_rule(rule: BlockingRule) -> tuple[Keys, int, int]:
        return _pairs(*_keys(records, nodes, rule), nodes, rule, content)

    for rule, (packed, blocks, members) in in_parallel(of_rule, model.blocking):
        merged = sorted_distinct(np.concatenate((found, packed)))
        counts.append(RuleCount(rule.name, len(packed), len(merged) - len(found), blocks, members))
        found = merged
    left = (found >> np.uint64(32)).astype(np.int32)
    return Pairs(left, (found & np.uint64(0xFFFFFFFF)).astype(np.int32)), counts


def _content(records: Records, nodes: Nodes, model: MatchModel) -> Keys:
    """A number by node that brings equal evidence together when blocks are sorted by it."""
    state = np.zeros(len(nodes), np.uint64)
    for number, comparison in enumerate(model.comparisons[:4]):
        codes = records.codes[comparison.field][nodes.first].astype(np.int64) + 1
        state |= (codes.astype(np.uint64) & np.uint64(0xFFFF)) << np.uint64(48 - 16 * number)
    return state


def _keys(records: Records, nodes: Nodes, rule: BlockingRule) -> tuple[Places, Keys]:
    """All (node, key) of a rule, one a combination of the values that the node holds."""
    owner = np.arange(len(nodes), dtype=np.int64)
    parts: list[Keys] = []
    for name in rule.keys:
        field, _, key = name.partition(".")
        table, held = records.values[field], nodes.held[field]
        if (key or "value") not in table.keys:
            raise SpecificationError(
                f"blocking rule {rule.name}: field {field} has no key {key!r}; it has {', '.join(table.keys)}"
            )
        widths = (held.starts[1:] - held.starts[:-1])[owner]
        places = _ranges(held.starts[owner], widths)
        parts = [np.repeat(part, widths) for part in parts]
        owner = np.repeat(owner, widths)
        values = table.keys[key or "value"][held.codes[places]]
        if values.ndim == 2:
            parts = [np.repeat(part, values.shape[1]) for part in parts]
            owner = np.repeat(owner, values.shape[1])
            values = values.ravel()
        present = values != 0
        parts = [*(part[present] for part in parts), values[present]]
        owner = owner[present]
    return owner, mixed(*parts)


def _ranges(starts: Places, widths: Places) -> Places:
    """The numbers start … start + width − 1 of each range, one range after the other."""
    ends = np.cumsum(widths)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - widths), widths))


def _pairs(owner: Places, key: Keys, nodes: Nodes, rule: BlockingRule, content: Keys) -> tuple[Keys, int, int]:
    """Packed pairs (left << 32 | right) of one rule, sorted and distinct; its oversized blocks and their nodes."""
    active = ~nodes.settled[owner] if rule.settled == "skip" else np.ones(len(owner), bool)
    rows = _worth_sorting(key, active)
    owner, key, active = owner[rows], key[rows], active[rows]
    order = np.argsort(key, kind="stable")
    owner, key, active = owner[order], key[order], active[order]
    opens = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(opens, len(key)))
    paired = sizes > 1
    if len(key):
        paired &= np.logical_or.reduceat(active, opens)
    chosen = np.repeat(paired, sizes)
    owner, key, active, sizes = owner[chosen], key[chosen], active[chosen], sizes[paired]
    order = np.lexsort((content[owner], ~active, key))
    owner, active = owner[order], active[order]
    following = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(owner)) - 1
    whole = np.where(active, following, 0)
    largest = rule.largest
    while True:
        oversized = np.repeat(sizes > largest, sizes)
        bounded = np.where(oversized, np.minimum(following, WINDOW), whole)
        if largest <= WINDOW or bounded.sum() <= MOST_PAIRS * len(nodes) + FREE_PAIRS:
            break
        largest //= 2
    following = bounded
    one = np.repeat(owner, following)
    other = owner[_ranges(np.arange(len(owner)) + 1, following)]
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    packed = sorted_distinct(((low << np.uint64(32)) | high)[low != high])
    return packed, int((sizes > largest).sum()), int(sizes[sizes > largest].sum())


def _worth_sorting(key: Keys, active: npt.NDArray[np.bool_]) -> Places:
    """Rows whose key may be shared and by an active node, told by small counters before anything is sorted."""
    bits = min(max(len(key) * 8, 2).bit_length(), BUCKET_BITS)
    bucket = (key >> np.uint64(64 - bits)).astype(np.int64)
    shared = np.bincount(bucket, minlength=1 << bits) > 1
    if not active.all():
        touched = np.zeros(1 << bits, bool)
        touched[bucket[active]] = True
        shared &= touched
    return np.flatnonzero(shared[bucket])


def sorted_distinct(values: Keys) -> Keys:
    """Values in order, each once."""
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
