"""Which nodes have which keys of the blocking rules, slice by slice of nodes.

Owns the sieve: nodes that a rule seeks no partners for are left out where no node that it seeks them for can share
their key. Invariant: for every combination of the values that a node holds it has the keys of a rule.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.model import BlockingRule
from matching.nodes import Nodes, Places
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.values import Codes, Keys, mixed

BUCKETS: Final = 8
"""Buckets for each key of active nodes, by which others' keys are sifted before anything is sorted."""

MOST_BUCKET_BITS: Final = 24

SLICE: Final = 1 << 15
"""Nodes whose keys are made at once: what the rules share of them stays within a processor's second memory."""


@dataclass(frozen=True)
class Keyed:
    """Nodes with a key of a rule each; those that the rule looks for partners of come first and are `active` many."""

    owner: Codes
    key: Keys
    active: int


def keyed_nodes(records: Records, nodes: Nodes, rules: Sequence[BlockingRule]) -> list[Keyed]:
    """By rule the keys that two nodes may share, one of them active; hardly any other."""
    everybody = np.arange(len(nodes), dtype=np.int32)
    skipping = [rule for rule in rules if rule.settled == "skip"]
    comparing = [rule for rule in rules if rule.settled == "compare"]
    active = keys_of(records, nodes, rules, everybody[~nodes.settled], None)
    wanted = {rule.name: buckets_of(active[place].key) for place, rule in enumerate(rules) if rule in skipping}
    settled = everybody[nodes.settled]
    further = {
        rule.name: found
        for chosen, sifted in ((skipping, wanted), (comparing, None))
        if chosen
        for rule, found in zip(chosen, keys_of(records, nodes, chosen, settled, sifted), strict=True)
    }
    out = []
    for rule, first in zip(rules, active, strict=True):
        other = further.pop(rule.name)
        owner, key = np.concatenate((first.owner, other.owner)), np.concatenate((first.key, other.key))
        out.append(Keyed(owner, key, len(owner) if rule.settled == "compare" else len(first.owner)))
    return out


def buckets_of(keys: Keys) -> npt.NDArray[np.bool_]:
    """Which buckets hold one of some keys; their number is a power of two."""
    wanted = np.zeros(1 << min(max(len(keys) * BUCKETS, 2).bit_length(), MOST_BUCKET_BITS), bool)
    wanted[bucket_of(keys, wanted)] = True
    return wanted


def bucket_of(key: Keys, buckets: npt.NDArray[np.bool_]) -> Places:
    """Place of each key in buckets whose number is a power of two."""
    return (key >> np.uint64(65 - len(buckets).bit_length())).astype(np.int64)


def keys_of(
    records: Records,
    nodes: Nodes,
    rules: Sequence[BlockingRule],
    chosen: Codes,
    wanted: Mapping[str, npt.NDArray[np.bool_]] | None,
) -> list[Keyed]:
    """By rule all (node, key) of some nodes, those in wanted buckets only; what rules share is looked up once."""

    def of_slice(start: int) -> list[tuple[Codes, Keys]]:
        part = chosen[start : start + SLICE]
        held = _HeldKeys(records, nodes, part)
        return [_of_slice(held, rule, wanted[rule.name] if wanted else None) for rule in rules]

    parts = [part for _, part in in_parallel(of_slice, range(0, max(len(chosen), 1), SLICE))]
    return [
        Keyed(np.concatenate([part[place][0] for part in parts]), np.concatenate([part[place][1] for part in parts]), 0)
        for place in range(len(rules))
    ]


class _HeldKeys:
    """Values of a slice of nodes and their keys, worked out when they are first asked for."""

    def __init__(self, records: Records, nodes: Nodes, chosen: Codes) -> None:
        self.records, self.nodes, self.chosen = records, nodes, chosen
        self._widths: dict[str, Codes] = {}
        self._values: dict[tuple[str, bool], tuple[Places | slice, Codes]] = {}
        self._keys: dict[tuple[str, bool], list[Keys]] = {}

    def widths(self, field: str) -> Codes:
        """How many values of a field each node holds."""
        if field not in self._widths:
            self._widths[field] = self.nodes.held[field].widths(self.chosen)
        return self._widths[field]

    def several(self, field: str) -> int:
        """How many nodes hold several values of a field."""
        return int(np.count_nonzero(self.widths(field) > 1))

    def values(self, field: str, every: bool) -> tuple[Places | slice, Codes]:
        """The codes of `every` value and the rows of their nodes, or each node's first value, −1 where it has none."""
        if (field, every) not in self._values:
            held, widths = self.nodes.held[field], self.widths(field)
            starts = held.starts[self.chosen]
            if every:
                rows: Places | slice = np.repeat(np.arange(len(widths)), widths)
                codes = held.codes[ranges(starts, widths)]
            else:
                rows = slice(None)
                codes = held.codes.take(starts, mode="clip") if len(held.codes) else widths.astype(np.int32)
                codes[widths == 0] = -1
            self._values[field, every] = rows, codes
        return self._values[field, every]

    def keys(self, name: str, every: bool) -> list[Keys]:
        """The keys of `values`, 0 where there is none; several columns where a value has several."""
        if (name, every) not in self._keys:
            field, _, key = name.partition(".")
            codes, table = self.values(field, every)[1], self.records.values[field].keys[key or "value"]
            shape = (len(codes), *table.shape[1:])
            found = table.take(codes, axis=0, mode="clip") if len(table) else np.zeros(shape, np.uint64)
            found[codes < 0] = 0
            self._keys[name, every] = [found] if found.ndim == 1 else [*np.ascontiguousarray(found.T)]
        return self._keys[name, every]


def _of_slice(held: _HeldKeys, rule: BlockingRule, wanted: npt.NDArray[np.bool_] | None) -> tuple[Codes, Keys]:
    """(node, key) of a rule and a slice of nodes; nodes with several values of two fields are left to `_keys`."""
    fields = [name.partition(".")[0] for name in rule.keys]
    widest = max(fields, key=held.several)
    every = held.several(widest) > 0
    rows = held.values(widest, every)[0]
    odd = np.logical_or.reduce([held.widths(field) > 1 for field in fields if field != widest] or [held.chosen < 0])
    found = [_keys(held.records, held.nodes, rule, held.chosen[odd])] if odd.any() else []
    columns = [
        held.keys(name, every) if field == widest else [column[rows] for column in held.keys(name, False)]
        for name, field in zip(rule.keys, fields, strict=True)
    ]
    nodes = held.chosen[rows]
    for parts in itertools.product(*columns):
        key = mixed(*parts)
        if found:
            key[odd[rows]] = 0
        present = np.flatnonzero(key if wanted is None else (key != 0) & wanted[bucket_of(key, wanted)])
        found.append((nodes[present], key[present]))
    owner, key = np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])
    if wanted is not None and odd.any():
        sifted = np.flatnonzero(wanted[bucket_of(key, wanted)])
        owner, key = owner[sifted], key[sifted]
    return owner, key


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
            values = table.keys[key or "value"][held.codes[ranges(starts, widths)]]
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


def ranges(starts: Codes | Places, widths: Codes | Places) -> Places:
    """The numbers start … start + width − 1 of each range, one range after the other."""
    ends = np.cumsum(widths, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - widths), widths))
