"""Which link holds some nodes of a cluster together: the weakest on the surest way between them.

Links are followed from the strongest; the one that brings the last of the nodes to the others is the one in question
(a bottleneck of a maximum spanning tree: Gower and Ross 1969). All groups are worked out at once: the strongest link of
every cluster, then the second of each, and so on. Deterministic: equal weights are ordered by node.
"""

from dataclasses import dataclass

import numpy as np

from matching.clustering import components
from matching.nodes import Places
from matching.standardise.values import Codes
from matching.weighing import Bits


@dataclass(frozen=True)
class Links:
    """Links inside clusters: two nodes, their bits (infinite where a steward judged), and the cluster of both."""

    left: Codes
    right: Codes
    bits: Bits
    cluster: Codes

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True)
class Groups:
    """Nodes of one cluster each: `node` lists them group by group, `starts` says where each group begins."""

    starts: Places
    node: Codes
    cluster: Codes

    def __len__(self) -> int:
        return len(self.starts)


def bottlenecks(groups: Groups, links: Links) -> Places:
    """The link that each group hangs on, −1 where links do not join it; a group has two nodes at least."""
    out = np.full(len(groups), -1)
    if not len(groups) or not len(links):
        return out
    nodes, local = np.unique(np.concatenate((links.left, links.right, groups.node)), return_inverse=True)
    left, right, own = np.split(local.astype(np.int32), [len(links), 2 * len(links)])
    root = np.arange(len(nodes), dtype=np.int32)
    for step in _steps(links):
        root = components(len(nodes), root[left[step]], root[right[step]])[root]
        found = root[own]
        joined = np.minimum.reduceat(found, groups.starts) == np.maximum.reduceat(found, groups.starts)
        new = np.flatnonzero(joined & (out < 0))
        out[new] = step[np.searchsorted(links.cluster[step], groups.cluster[new])]
        if (out >= 0).all():
            break
    return out


def strongest(nodes: Codes, links: Links) -> Places:
    """The strongest link of some nodes, −1 where one has none."""
    order = np.lexsort((links.right, links.left, -links.bits))
    ends = np.concatenate((links.left[order], links.right[order]))
    rank = np.tile(np.arange(len(order)), 2)
    best = np.lexsort((rank, ends))
    ends, rank = ends[best], rank[best]
    at = np.searchsorted(ends, nodes)
    there = np.append(ends, -1)[at] == nodes
    return np.where(there, np.append(order, -1)[np.append(rank, 0)[at]], -1)


def _steps(links: Links) -> list[Places]:
    """The strongest link of every cluster, the second of every cluster …, each in the order of the clusters."""
    order = np.lexsort((links.right, links.left, -links.bits, links.cluster))
    cluster = links.cluster[order]
    opens = np.concatenate(([True], cluster[1:] != cluster[:-1]))
    places = np.arange(len(order))
    rank = places - np.maximum.accumulate(np.where(opens, places, 0))
    by_rank = order[np.argsort(rank, kind="stable")]
    return np.split(by_rank, np.cumsum(np.bincount(rank))[:-1])
