"""Candidate pairs of nodes: every two that agree on the keys of some rule, each pair once.

Owns the bound on their number: a block with more nodes than its rule allows is sorted by its nodes' evidence and only
nodes within `WINDOW` places are paired, so that n equal values cost n pairs times a constant. Invariant: left < right.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.blocking_keys import Keyed, keyed_nodes, ranges
from matching.model import BlockingRule, MatchModel
from matching.nodes import Nodes, Places
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.sightings import grouped
from matching.standardise.values import Codes, Keys

WINDOW: Final = 6
"""Neighbours that a node of an oversized block is paired with."""

MOST_PAIRS: Final = 8
"""Pairs of a rule for each node beyond which smaller blocks count as oversized too."""

FREE_PAIRS: Final = 1_000_000
"""Pairs that every rule may form."""


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
    keyed = dict(enumerate(keyed_nodes(records, nodes, model.blocking)))

    def of_rule(place: int) -> tuple[Keys, int, int]:
        return _pairs(keyed.pop(place), nodes, model.blocking[place], content)

    for place, (packed, blocks, members) in in_parallel(of_rule, range(len(model.blocking))):
        merged = sorted_distinct(np.concatenate((found, packed)))
        counts.append(RuleCount(model.blocking[place].name, len(packed), len(merged) - len(found), blocks, members))
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


def _pairs(keyed: Keyed, nodes: Nodes, rule: BlockingRule, content: Keys) -> tuple[Keys, int, int]:
    """Packed pairs (left << 32 | right) of one rule, sorted and distinct; its oversized blocks and their nodes."""
    owner, active, sizes = _blocks(keyed, rule, content, len(nodes))
    following = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(owner)) - 1
    whole = np.where(active, following, 0)
    largest = rule.largest
    while True:
        oversized = np.repeat(sizes > largest, sizes)
        bounded = np.where(oversized, np.minimum(following, WINDOW), whole)
        if largest <= WINDOW or bounded.sum() <= _most_pairs(len(nodes)):
            break
        largest //= 2
    one = np.repeat(owner, bounded)
    other = owner[ranges(np.arange(1, len(owner) + 1), bounded)]
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    packed = sorted_distinct(((low << np.uint64(32)) | high)[low != high])
    return packed, int((sizes > largest).sum()), int(sizes[sizes > largest].sum())


def _blocks(keyed: Keyed, rule: BlockingRule, content: Keys, nodes: int) -> tuple[Codes, npt.NDArray[np.bool_], Places]:
    """Nodes block by block, active ones first, and which are; and how many nodes each block has.

    Blocks with an active node only, and of two nodes at least; where one may be oversized, nodes stand by content.
    """
    places, sizes = grouped(keyed.key, least=2)
    active = places < keyed.active
    paired = active[np.cumsum(sizes) - sizes]
    rows = np.flatnonzero(np.repeat(paired, sizes))
    owner, active, sizes = keyed.owner[places[rows]], active[rows], sizes[paired]
    if sizes.max(initial=0) > rule.largest or (sizes * (sizes - 1) // 2).sum() > _most_pairs(nodes):
        block = np.repeat(np.arange(len(sizes)), sizes)
        order = np.lexsort((owner, content[owner], ~active, block))
        owner, active = owner[order], active[order]
    return owner, active, sizes


def _most_pairs(nodes: int) -> int:
    """Pairs that a rule may form."""
    return MOST_PAIRS * nodes + FREE_PAIRS


def sorted_distinct(values: Keys) -> Keys:
    """Values in order, each once."""
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
