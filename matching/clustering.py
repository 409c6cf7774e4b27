"""Clusters of nodes: linked components, cut where their members contradict each other.

Owns the partition. Invariants: independent of the order of links; equal to union–find where no two members of a
component contradict each other; deterministic (equal weights are ordered by node).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.blocking import Pairs

Bits = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Weigh = Callable[[Pairs], Bits]
Differ = Callable[[Pairs], Flags]

WHOLE: Final = 24
"""Nodes of a component up to which every pair inside it is weighed, found by blocking or not."""

Component = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Cut:
    """How many components held a contradiction, and how many links inside them were not followed."""

    components: int
    links: int


def components(size: int, left: Component, right: Component) -> Component:
    """Smallest node of the component of each node, by hooking and pointer jumping."""
    root = np.arange(size, dtype=np.int32)
    while len(left):
        ours, theirs = root[left], root[right]
        differ = ours != theirs
        if not differ.any():
            break
        left, right, ours, theirs = left[differ], right[differ], ours[differ], theirs[differ]
        np.minimum.at(root, np.maximum(ours, theirs), np.minimum(ours, theirs))
        while True:
            jumped = root[root]
            if np.array_equal(jumped, root):
                break
            root = jumped
    return root


def _nowhere(pairs: Pairs) -> Flags:
    return np.zeros(len(pairs), bool)


@dataclass(frozen=True)
class CutRule:
    """When two nodes of a component contradict each other.

    Attributes:
        contradiction: total bits at or below which they do.
        weigh: weighs further pairs.
        doubt: total bits below which they do where their identifiers differ.
        differ: whether they do; asked only where it decides.
        together: by node the group that was judged to be one, inside which nothing contradicts; null where none was.
    """

    contradiction: float
    weigh: Weigh
    doubt: float = -np.inf
    differ: Differ = _nowhere
    together: Component | None = None

    def against(self, pairs: Pairs, bits: Bits) -> Flags:
        """Which pairs contradict each other."""
        out = bits <= self.contradiction
        asked = np.flatnonzero(~out & (bits < self.doubt))
        if len(asked):
            out[asked] = self.differ(Pairs(pairs.left[asked], pairs.right[asked]))
        if self.together is not None:
            out &= self.together[pairs.left] != self.together[pairs.right]
        return out


def cluster(size: int, pairs: Pairs, bits: Bits, linked: Flags, rule: CutRule) -> tuple[Component, Cut]:
    """Cluster of each node, named by its smallest node.

    Args:
        size: number of nodes.
        pairs: candidate pairs.
        bits: their total weights.
        linked: which of them reach the link threshold.
        rule: what counts as a contradiction.
    """
    root = components(size, pairs.left[linked], pairs.right[linked])
    inside = root[pairs.left] == root[pairs.right]
    members = np.bincount(root, minlength=size)
    known = Pairs(pairs.left[inside], pairs.right[inside])
    known_bits, known_links = bits[inside], linked[inside]
    small = (members >= 3) & (members <= WHOLE)
    further = _missing(root, small, known)
    every = Pairs(np.concatenate((known.left, further.left)), np.concatenate((known.right, further.right)))
    every_bits = np.concatenate((known_bits, rule.weigh(further) if len(further) else np.zeros(0)))
    links = np.concatenate((known_links, np.zeros(len(further), bool)))
    against = rule.against(every, every_bits)
    troubled = np.unique(root[every.left[against]])
    if not len(troubled):
        return root, Cut(0, 0)
    rows = np.flatnonzero(np.isin(root[every.left], troubled))
    chosen = Pairs(every.left[rows], every.right[rows])
    root, dropped = _agglomerate(root, chosen, every_bits[rows], links[rows], against[rows])
    return root, Cut(len(troubled), dropped)


def _missing(root: Component, small: Flags, known: Pairs) -> Pairs:
    """Pairs inside small components that are not among the known ones."""
    nodes = np.flatnonzero(small[root])
    if not len(nodes):
        return Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32))
    nodes = nodes[np.argsort(root[nodes], kind="stable")]
    owner = root[nodes]
    opens = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1])))
    sizes = np.diff(np.append(opens, len(owner)))
    following = np.repeat(opens + sizes, sizes) - np.arange(len(owner)) - 1
    left = np.repeat(np.arange(len(owner)), following)
    step = np.arange(len(left)) - np.repeat(np.cumsum(following) - following, following)
    one, other = nodes[left].astype(np.uint64), nodes[left + 1 + step].astype(np.uint64)
    packed = np.unique((np.minimum(one, other) << np.uint64(32)) | np.maximum(one, other))
    had = (known.left.astype(np.uint64) << np.uint64(32)) | known.right.astype(np.uint64)
    packed = packed[~np.isin(packed, had)]
    return Pairs((packed >> np.uint64(32)).astype(np.int32), (packed & np.uint64(0xFFFFFFFF)).astype(np.int32))


def _agglomerate(root: Component, pairs: Pairs, bits: Bits, links: Flags, against: Flags) -> tuple[Component, int]:
    """Follow links from the strongest; one that would bring contradicting nodes together is not followed."""
    order = np.lexsort((pairs.right, pairs.left, -bits))
    order = order[links[order]]
    groups = _Groups(np.unique(np.concatenate((pairs.left, pairs.right))).tolist())
    for left, right in _rows(pairs, against):
        groups.hostile[left].add(right)
        groups.hostile[right].add(left)
    dropped = 0
    for left, right in zip(pairs.left[order].tolist(), pairs.right[order].tolist(), strict=True):
        dropped += not groups.join(left, right)
    out = root.copy()
    for together in groups.members.values():
        out[together] = min(together)
    return out, dropped


class _Groups:
    """Groups that grow together, and which of them must not.

    The lighter group moves, members and hostilities, so that each moves at most once for each doubling: n log n in all,
    however many links are not followed.
    """

    def __init__(self, nodes: list[int]) -> None:
        self.of = {node: node for node in nodes}
        self.members = {node: [node] for node in nodes}
        self.hostile: dict[int, set[int]] = {node: set() for node in nodes}

    def join(self, left: int, right: int) -> bool:
        """Bring the groups of two nodes together; false where they are hostile."""
        ours, theirs = self.of[left], self.of[right]
        if ours == theirs:
            return True
        if theirs in self.hostile[ours]:
            return False
        if self._weight(ours) < self._weight(theirs):
            ours, theirs = theirs, ours
        for node in self.members[theirs]:
            self.of[node] = ours
        self.members[ours].extend(self.members.pop(theirs))
        for enemy in self.hostile[theirs]:
            self.hostile[enemy].discard(theirs)
            self.hostile[enemy].add(ours)
        self.hostile[ours] |= self.hostile.pop(theirs)
        return True

    def _weight(self, group: int) -> int:
        return len(self.members[group]) + len(self.hostile[group])


def _rows(pairs: Pairs, chosen: Flags) -> list[tuple[int, int]]:
    return list(zip(pairs.left[chosen].tolist(), pairs.right[chosen].tolist(), strict=True))


def belonging(root: Component, pairs: Pairs, chances: Bits) -> Bits:
    """Probability that each node belongs to its cluster; NaN where its cluster is one node.

    Args:
        root: cluster of each node.
        pairs: candidate pairs.
        chances: match probability of each pair.
    """
    out = np.full(len(root), np.nan)
    inside = root[pairs.left] == root[pairs.right]
    left, right, chance = pairs.left[inside], pairs.right[inside], chances[inside]
    np.fmax.at(out, left, chance)
    np.fmax.at(out, right, chance)
    return out
