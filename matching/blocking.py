"""Candidate pairs of nodes: every two that agree on the keys of some rule, each pair once.

Owns the bound on their number: a block with more nodes than its rule allows is sorted by its nodes' evidence and only
nodes within `WINDOW` places are paired, so that n equal values cost n pairs times a constant. Invariant: left < right.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.model import BlockingRule, MatchModel
from matching.nodes import Nodes, Places
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.values import Codes, Keys, mixed

WINDOW: Final = 6
"""Neighbours that a node of an oversized block is paired with."""

MOST_PAIRS: Final = 8
"""Pairs of a rule for each node beyond which smaller blocks count as oversized too."""

FREE_PAIRS: Final = 1_000_000
"""Pairs that every rule may form."""

BUCKETS: Final = 8
"""Buckets for each key of active nodes, by which others' keys are sifted before anything is sorted."""

MOST_BUCKET_BITS: Final = 24

SLICE: Final = 1 << 18
"""Nodes whose keys are made at once."""


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
        return _pairs(_shared(records, nodes, rule), nodes, rule, content)

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


@dataclass(frozen=True)
class _Keyed:
    """Nodes with a key of a rule each, and whether the node is one that the rule looks for partners of."""

    owner: Codes
    key: Keys
    active: npt.NDArray[np.bool_]

    def __getitem__(self, rows: Places | npt.NDArray[np.bool_]) -> "_Keyed":
        return _Keyed(self.owner[rows], self.key[rows], self.active[rows])


def _shared(records: Records, nodes: Nodes, rule: BlockingRule) -> _Keyed:
    """The keys of a rule that two nodes may share, one of them active; hardly any other."""
    everybody = np.arange(len(nodes), dtype=np.int32)
    settled = nodes.settled if rule.settled == "skip" else np.zeros(len(nodes), bool)
    owners, keys = _sliced(records, nodes, rule, everybody[~settled], None)
    count = len(owners)
    if settled.any():
        wanted = np.zeros(1 << min(max(len(keys) * BUCKETS, 2).bit_length(), MOST_BUCKET_BITS), bool)
        wanted[_bucket(keys, wanted)] = True
        others, their_keys = _sliced(records, nodes, rule, everybody[settled], wanted)
        owners, keys = np.concatenate((owners, others)), np.concatenate((keys, their_keys))
    return _Keyed(owners, keys, np.arange(len(owners)) < count)


def _sliced(
    records: Records, nodes: Nodes, rule: BlockingRule, chosen: Codes, wanted: npt.NDArray[np.bool_] | None
) -> tuple[Codes, Keys]:
    """All (node, key) of some nodes, those in wanted buckets only."""
    owners, keys = [np.zeros(0, np.int32)], [np.zeros(0, np.uint64)]
    for start in range(0, len(chosen), SLICE):
        owner, key = _keys(records, nodes, rule, chosen[start : start + SLICE])
        if wanted is not None:
            rows = np.flatnonzero(wanted[_bucket(key, wanted)])
            owner, key = owner[rows], key[rows]
        owners.append(owner)
        keys.append(key)
    return np.concatenate(owners), np.concatenate(keys)


def _bucket(key: Keys, buckets: npt.NDArray[np.bool_]) -> Places:
    """Place of each key in buckets whose number is a power of two."""
    return (key >> np.uint64(65 - len(buckets).bit_length())).astype(np.int64)


def _keys(records: Records, nodes: Nodes, rule: BlockingRule, chosen: Codes) -> tuple[Codes, Keys]:
    """All (node, key) of a rule and some nodes, one a combination of the values that the node holds."""
    owner = chosen
    parts: list[Keys] = []
    for name in rule.keys:
        field, _, key = name.partition(".")
        table, held = records.values[field], nodes.held[field]
        starts, widths = held.starts[owner], held.widths(owner)
        if widths.max(initial=0) > 1:
            rows = np.repeat(np.arange(len(owner)), widths)
            values = table.keys[key or "value"][held.codes[_ranges(starts, widths)]]
        else:
            rows = np.flatnonzero(widths)
            values = table.keys[key or "value"][held.codes[starts[rows]]]
        if values.ndim == 2:
            rows = np.repeat(rows, values.shape[1])
            values = values.ravel()
        if not values.all():
            present = np.flatnonzero(values)
            rows, values = rows[present], values[present]
        owner, parts = owner[rows], [*(part[rows] for part in parts), values]
    return owner, mixed(*parts)


def _ranges(starts: Codes | Places, widths: Codes | Places) -> Places:
    """The numbers start … start + width − 1 of each range, one range after the other."""
    ends = np.cumsum(widths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - widths), widths))


def _pairs(keyed: _Keyed, nodes: Nodes, rule: BlockingRule, content: Keys) -> tuple[Keys, int, int]:
    """Packed pairs (left << 32 | right) of one rule, sorted and distinct; its oversized blocks and their nodes."""
    keyed, sizes = _blocks(keyed, rule, content)
    owner = keyed.owner
    following = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(owner)) - 1
    whole = np.where(keyed.active, following, 0)
    largest = rule.largest
    while True:
        oversized = np.repeat(sizes > largest, sizes)
        bounded = np.where(oversized, np.minimum(following, WINDOW), whole)
        if largest <= WINDOW or bounded.sum() <= MOST_PAIRS * len(nodes) + FREE_PAIRS:
            break
        largest //= 2
    one = np.repeat(owner, bounded)
    other = owner[_ranges(np.arange(1, len(owner) + 1), bounded)]
    low, high = np.minimum(one, other).astype(np.uint64), np.maximum(one, other).astype(np.uint64)
    packed = sorted_distinct(((low << np.uint64(32)) | high)[low != high])
    return packed, int((sizes > largest).sum()), int(sizes[sizes > largest].sum())


def _blocks(keyed: _Keyed, rule: BlockingRule, content: Keys) -> tuple[_Keyed, Places]:
    """Nodes block by block, active ones first; and how many nodes each block has.

    Blocks with an active node only, and of two nodes at least; where one is oversized, nodes stand by content.
    """
    keyed = keyed[np.argsort((keyed.key << np.uint64(1)) | ~keyed.active)]
    key = keyed.key << np.uint64(1)
    opens = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(opens, len(key)))
    paired = (sizes > 1) & keyed.active[opens]
    keyed, sizes = keyed[np.repeat(paired, sizes)], sizes[paired]
    if sizes.max(initial=0) > rule.largest or (sizes * sizes).sum() > FREE_PAIRS:
        block = np.repeat(np.arange(len(sizes)), sizes)
        keyed = keyed[np.lexsort((keyed.owner, content[keyed.owner], ~keyed.active, block))]
    return keyed, sizes


def sorted_distinct(values: Keys) -> Keys:
    """Values in order, each once."""
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
