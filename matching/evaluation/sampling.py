"""A sample of record pairs for a clerk, stratified by match probability, every pair of a stratum as likely as another.

Owns the strata. Together they hold every pair of records that the match put together and every candidate that it did
not; pairs that no blocking rule found lie outside, and what they hide no sample of this kind can tell. Invariant:
deterministic under the seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.explaining.finished import FinishedMatch, Weighed
from matching.nodes import Places

BANDS: Final = (0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 1.0)
"""Bounds of match probability between strata."""

LEAST: Final = 10
"""Pairs of every stratum that are drawn at least, as far as it has them."""

LEAST_SPREAD: Final = 0.02
"""A stratum is taken to be at least this uncertain when pairs are allotted: nobody trusts a probability of 1."""

_BATCHES, _BATCH = 64, 65_536  # tries for pairs that hide among many others of their cluster

Origin = Literal["collapsed", "candidate", "by_way_of_others"]


@dataclass(frozen=True)
class Stratum:
    """Pairs of records alike in what was decided and in match probability.

    Attributes:
        origin: made one by collapse; found by blocking; in one cluster without being a candidate.
        linked: whether the match put them together.
        low, high: match probability from `low` to below `high`; 0 and 1 where pairs were not weighed.
        stated: their mean match probability.
        population: pairs in all. drawn: pairs in the sample.
    """

    origin: Origin
    linked: bool
    low: float
    high: float
    stated: float
    population: int
    drawn: int


@dataclass(frozen=True)
class Sample:
    """Drawn pairs in shuffled order: places of the two records, and the place of their stratum in `strata`."""

    seed: int
    strata: tuple[Stratum, ...]
    left: Places
    right: Places
    stratum: Places


@dataclass(frozen=True)
class _Members:
    """Records of groups: `rows[starts[g]:starts[g + 1]]`."""

    rows: Places
    starts: Places

    @property
    def sizes(self) -> Places:
        return np.diff(self.starts)


@dataclass(frozen=True)
class _Population:
    """Everything that can be drawn; `group` numbers the cluster of each record."""

    match: FinishedMatch
    weighed: Weighed
    nodes: _Members
    clusters: _Members
    group: npt.NDArray[np.int64]
    inside: npt.NDArray[np.bool_]


def draw_sample(match: FinishedMatch, size: int, seed: int) -> Sample:
    """Draw about `size` pairs; more where every stratum's least asks for it, fewer where there are not so many."""
    weighed = match.weigh(match.candidates())
    group = pa.chunked_array([match.masters]).combine_chunks().dictionary_encode()
    numbers = (group.combine_chunks() if isinstance(group, pa.ChunkedArray) else group).indices.to_numpy()
    of_node = numbers[match.nodes.first]
    inside = of_node[weighed.pairs.left] == of_node[weighed.pairs.right]
    population = _Population(
        match, weighed, _members(match.nodes.of_record), _members(numbers), numbers.astype(np.int64), inside
    )
    strata, rows = _strata(population)
    drawn = _allotted(strata, size)
    random = np.random.default_rng(seed)
    parts = [
        _draw(population, stratum, chosen, count, random)
        for stratum, chosen, count in zip(strata, rows, drawn, strict=True)
    ]
    left, right = (np.concatenate([part[side] for part in parts] or [np.zeros(0, np.int64)]) for side in (0, 1))
    of = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = random.permutation(len(left))
    final = tuple(
        Stratum(s.origin, s.linked, s.low, s.high, s.stated, s.population, len(part[0]))
        for s, part in zip(strata, parts, strict=True)
    )
    return Sample(seed, final, left[order], right[order], of[order])


def _members(group: npt.NDArray[np.integer]) -> _Members:
    sizes = np.bincount(group) if len(group) else np.zeros(0, np.int64)
    return _Members(np.argsort(group, kind="stable"), np.concatenate(([0], np.cumsum(sizes))).astype(np.int64))


def _strata(population: _Population) -> tuple[list[Stratum], list[Places]]:
    """The strata that are not empty, and for those of candidates which ones."""
    weighed, sizes = population.weighed, population.nodes.sizes
    weights = sizes[weighed.pairs.left] * sizes[weighed.pairs.right]
    band = np.clip(np.searchsorted(BANDS, weighed.chances, side="right") - 1, 0, len(BANDS) - 2)
    out: list[tuple[Stratum, Places]] = []
    for linked in (True, False):
        for place in range(len(BANDS) - 1):
            rows = np.flatnonzero((band == place) & (population.inside == linked))
            pairs = int(weights[rows].sum())
            if pairs:
                stated = float((weighed.chances[rows] * weights[rows]).sum() / pairs)
                stratum = Stratum("candidate", linked, BANDS[place], BANDS[place + 1], stated, pairs, 0)
                out.append((stratum, rows))
    collapsed, others = int(_within(sizes).sum()), int(_hidden(population).sum())
    if collapsed:
        stated = 1 - population.match.trained.prior
        out.insert(0, (Stratum("collapsed", True, 0.0, 1.0, stated, collapsed, 0), np.zeros(0, np.int64)))
    if others:
        out.append((Stratum("by_way_of_others", True, 0.0, 1.0, 0.9, others, 0), np.zeros(0, np.int64)))
    return [stratum for stratum, _ in out], [rows for _, rows in out]


def _within(sizes: Places) -> Places:
    return np.asarray(sizes * (sizes - 1) // 2, np.int64)


def _hidden(population: _Population) -> Places:
    """By cluster: pairs of records that are in one cluster, not in one node, and no candidates."""
    nodes, weighed = population.nodes.sizes, population.weighed
    count = len(population.clusters.sizes)
    of_node = population.group[population.match.nodes.first]
    within = np.bincount(of_node, weights=_within(nodes), minlength=count)
    rows = np.flatnonzero(population.inside)
    left, right = weighed.pairs.left[rows], weighed.pairs.right[rows]
    found = np.bincount(of_node[left], weights=nodes[left] * nodes[right], minlength=count)
    return np.asarray(_within(population.clusters.sizes) - within - found, np.int64)


def _allotted(strata: Sequence[Stratum], size: int) -> list[int]:
    """Pairs to draw from each: in proportion to its pairs times its spread, at least `LEAST` (Neyman 1934)."""
    if not strata:
        return []
    stated = np.clip([stratum.stated for stratum in strata], LEAST_SPREAD, 1 - LEAST_SPREAD)
    shares = np.array([stratum.population for stratum in strata]) * np.sqrt(stated * (1 - stated))
    wanted = np.maximum(np.round(size * shares / shares.sum()).astype(int), LEAST)
    most = np.argmax(wanted)
    wanted[most] = max(LEAST, wanted[most] - max(int(wanted.sum()) - size, 0))
    return [int(min(count, stratum.population)) for count, stratum in zip(wanted, strata, strict=True)]


def _draw(
    population: _Population, stratum: Stratum, rows: Places, count: int, random: np.random.Generator
) -> tuple[Places, Places]:
    if stratum.origin == "by_way_of_others":
        return _draw_hidden(population, count, random)
    chosen = np.sort(random.choice(stratum.population, count, replace=False))
    members = population.nodes
    if stratum.origin == "collapsed":
        return _inside(members, chosen, _within(members.sizes))
    left, right = population.weighed.pairs.left[rows], population.weighed.pairs.right[rows]
    weights = members.sizes[left] * members.sizes[right]
    ends = np.cumsum(weights)
    pair = np.searchsorted(ends, chosen, side="right")
    offset = chosen - (ends - weights)[pair]
    width = members.sizes[right[pair]]
    return (
        members.rows[members.starts[left[pair]] + offset // width],
        members.rows[members.starts[right[pair]] + offset % width],
    )


def _inside(members: _Members, chosen: Places, weights: Places) -> tuple[Places, Places]:
    """The chosen ones of all pairs inside groups, where group g has `weights[g]` of them."""
    ends = np.cumsum(weights)
    group = np.searchsorted(ends, chosen, side="right")
    one, other = _triangle(chosen - (ends - weights)[group])
    start = members.starts[group]
    return members.rows[start + other], members.rows[start + one]


def _triangle(number: Places) -> tuple[Places, Places]:
    """The pair other < one of a number: 0 → (1, 0), 1 → (2, 0), 2 → (2, 1), 3 → (3, 0) …"""
    one = np.floor((1 + np.sqrt(1 + 8.0 * number)) / 2).astype(np.int64)
    one -= one * (one - 1) // 2 > number
    one += (one + 1) * one // 2 <= number
    return one, number - one * (one - 1) // 2


def _draw_hidden(population: _Population, count: int, random: np.random.Generator) -> tuple[Places, Places]:
    """Pairs that share a cluster only: drawn among all pairs of the cluster until enough are of that kind."""
    hidden = _hidden(population)
    clusters = np.searchsorted(np.cumsum(hidden), random.choice(int(hidden.sum()), count, replace=False), side="right")
    pairs = population.weighed.pairs
    known = (pairs.left.astype(np.int64) << 32) | pairs.right.astype(np.int64)
    parts = [
        _hidden_of(population, int(cluster), int(wanted), known, random)
        for cluster, wanted in zip(*np.unique(clusters, return_counts=True), strict=True)
    ]
    left, right = (np.concatenate([part[side] for part in parts] or [np.zeros(0, np.int64)]) for side in (0, 1))
    return left, right


def _hidden_of(
    population: _Population, cluster: int, wanted: int, known: Places, random: np.random.Generator
) -> tuple[Places, Places]:
    members = population.clusters
    rows = members.rows[members.starts[cluster] : members.starts[cluster + 1]]
    node = population.match.nodes.of_record
    every = len(rows) * (len(rows) - 1) // 2
    found = np.zeros(0, np.int64)
    for _ in range(_BATCHES if every > _BATCH else 1):
        tried = random.permutation(every) if every <= _BATCH else random.integers(0, every, _BATCH)
        one, other = _triangle(tried)
        ours, theirs = node[rows[one]].astype(np.int64), node[rows[other]].astype(np.int64)
        packed = (np.minimum(ours, theirs) << 32) | np.maximum(ours, theirs)
        fresh = tried[(ours != theirs) & ~np.isin(packed, known) & ~np.isin(tried, found)]
        found = np.concatenate((found, fresh[np.sort(np.unique(fresh, return_index=True)[1])]))
        if len(found) >= wanted:
            break
    one, other = _triangle(found[:wanted])
    return rows[other], rows[one]
