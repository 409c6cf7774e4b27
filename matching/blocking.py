"""Candidate pairs of nodes: every two that agree on the keys of some rule, each pair once.

Owns the bound on their number: a block with more nodes than its rule allows is sorted by its nodes' evidence and only
nodes within `WINDOW` places are paired, so that n equal values cost n pairs times a constant. Invariant: left < right.
"""

from collections.abc import Mapping
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

SCATTER: Final = np.uint64(0x9E3779B97F4A7C15)
"""An odd number that brings the differences of keys into their upper bits (Knuth 1998, section 6.4)."""

Bounds = Mapping[str, int]
"""Blocking rule → nodes of a block up to which it is paired in full."""

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
    """What one blocking rule found, and where it was bounded.

    Attributes:
        pairs: of its own; `new` ones no earlier rule had.
        largest: nodes of a block up to which it was paired in full; less than declared where there were too many pairs.
        oversized_blocks: blocks of more nodes, which were paired along a window only.
        oversized_nodes: nodes in them, one counted in each.
        left_out: pairs of them that lie outside the window.
    """

    rule: str
    pairs: int
    new: int
    largest: int
    oversized_blocks: int
    oversized_nodes: int
    left_out: int


def candidate_pairs(
    records: Records, nodes: Nodes, model: MatchModel, bounds: Bounds | None = None
) -> tuple[Pairs, list[RuleCount]]:
    """The pairs of all rules and a count for each rule.

    Args:
        records: all records.
        nodes: their nodes.
        model: its blocking rules.
        bounds: of a trained model, which then hold whatever the number of pairs.
    """
    found = np.zeros(0, np.uint64)
    counts = []
    content = Content(records, nodes, model)
    keyed = dict(enumerate(keyed_nodes(records, nodes, model.blocking)))

    def of_rule(place: int) -> RulePairs:
        return pairs_of_rule(keyed.pop(place), model.blocking[place], content, bounds)

    for place, one in in_parallel(of_rule, range(len(model.blocking))):
        merged = sorted_distinct(np.concatenate((found, one.packed)))
        new = len(merged) - len(found)
        counts.append(
            RuleCount(
                model.blocking[place].name, len(one.packed), new, one.largest,
                one.oversized_blocks, one.oversized_nodes, one.left_out,
            )
        )  # fmt: skip
        found = merged
    return unpacked(found), counts


def unpacked(packed: Keys) -> Pairs:
    """Pairs from `left << 32 | right`."""
    return Pairs((packed >> np.uint64(32)).astype(np.int32), (packed & np.uint64(0xFFFFFFFF)).astype(np.int32))


@dataclass(frozen=True)
class Content:
    """What brings equal evidence together when the nodes of a block are sorted by it, worked out where it is needed.

    It rests on keys that are made of the values themselves, so that it does not depend on how values are numbered.
    """

    records: Records
    nodes: Nodes
    model: MatchModel

    def of(self, chosen: Codes) -> Keys:
        """A number by node."""
        state = np.zeros(len(chosen), np.uint64)
        rows = self.nodes.first[chosen]
        shift = 48
        for comparison in self.model.comparisons:
            keys = self.records.values[comparison.field].content()
            if keys and shift >= 0:
                codes = self.records.codes[comparison.field][rows]
                key = np.append(keys[0] if keys[0].ndim == 1 else keys[0][:, 0], np.uint64(0))[codes]
                state |= (key * SCATTER >> np.uint64(48)) << np.uint64(shift)
                shift -= 16
        return state


@dataclass(frozen=True)
class RulePairs:
    """Packed pairs (left << 32 | right) of one rule, sorted and distinct; see `RuleCount` for the rest."""

    packed: Keys
    largest: int
    oversized_blocks: int
    oversized_nodes: int
    left_out: int


def pairs_of_rule(keyed: Keyed, rule: BlockingRule, content: Content, bounds: Bounds | None) -> RulePairs:
    """The pairs of whole blocks."""
    nodes = len(content.nodes)
    largest = bounds[rule.name] if bounds else rule.largest
    owner, active, sizes = _blocks(keyed, largest, content, bounded=bounds is not None)
    following = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(owner)) - 1
    whole = np.where(active, following, 0)
    while True:
        oversized = np.repeat(sizes > largest, sizes)
        bounded = np.where(oversized, np.minimum(following, WINDOW), whole)
        if bounds or largest <= WINDOW or bounded.sum() <= _most_pairs(nodes):
            break
        largest //= 2
    one = np.repeat(owner, bounded)
    other = owner[ranges(np.arange(1, len(owner) + 1), bounded)]
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    packed = sorted_distinct(((low << np.uint64(32)) | high)[low != high])
    large = sizes[sizes > largest]
    left_out = int((following - bounded)[oversized & active].sum()) if len(large) else 0
    return RulePairs(packed, largest, len(large), int(large.sum()), left_out)


def _blocks(
    keyed: Keyed, largest: int, content: Content, *, bounded: bool
) -> tuple[Codes, npt.NDArray[np.bool_], Places]:
    """Nodes block by block, active ones first, and which are; and how many nodes each block has.

    Blocks with an active node only, and of two nodes at least; where one may be oversized, nodes stand by content.
    """
    places, sizes = grouped(keyed.key, least=2)
    active = places < keyed.active
    paired = active[np.cumsum(sizes) - sizes]
    rows = np.flatnonzero(np.repeat(paired, sizes))
    owner, active, sizes = keyed.owner[places[rows]], active[rows], sizes[paired]
    many = not bounded and (sizes * (sizes - 1) // 2).sum() > _most_pairs(len(content.nodes))
    if sizes.max(initial=0) > largest or many:
        block = np.repeat(np.arange(len(sizes)), sizes)
        order = np.lexsort((owner, content.of(owner), ~active, block))
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
