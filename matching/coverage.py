"""What blocking could have missed, without truth: matches that agree on no rule's keys, and records that no rule keys.

Owns the estimate and what it rests on. A match counts for a rule where its nodes agree on the rule's keys, whether or
not the rule formed the pair: pairs that a window or a settled node left out are counted by blocking itself.
Source: Chao 1987, Biometrics 43, 783–791, bias-corrected as in Chao 2005, for occasions that catch with unlike chances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.blocking import Pairs, RuleCount
from matching.blocking_keys import keys_of
from matching.model import BlockingRule, MatchModel
from matching.nodes import Nodes, Places
from matching.records import Records
from matching.standardise.values import Codes, Keys

Caught = npt.NDArray[np.bool_]
Chances = npt.NDArray[np.float64]

LEAST_CHANCE: Final = 0.5
"""Match probability from which a candidate pair counts, for as much: many pairs of little chance, which mostly one rule
finds, would tell of the calibration and not of the rules."""

SAMPLE: Final = 20_000
"""Likely matches that are looked up in every rule; of more, every n-th is taken and counts for n."""

NOTABLE_SHARE: Final = 0.01
"""Share of records or matches that could have been missed from which a person is told."""


@dataclass(frozen=True)
class RuleCoverage:
    """Expected matches that agree on a rule's keys, and those of them that agree on no other rule's."""

    rule: str
    matches: float
    only: float


@dataclass(frozen=True)
class Coverage:
    """What blocking could have missed.

    Attributes:
        matches: expected matches among the candidate pairs (of nodes; what the collapse joined is not among them).
        by_rules: expected matches that agree on the keys of exactly one rule, two rules, … all rules.
        unformed: estimate of further matches that agree on no rule's keys. A lower bound: rules that rest on the same
            fields catch the same pairs, and what nothing catches then looks rarer than it is.
        unformed_share: its share of all expected matches.
        unkeyed_records: records that lack a key of every rule; nothing can pair them.
        unkeyed_share: their share of all records.
        left_out_pairs: pairs of oversized blocks that lay outside the window, over all rules.
        rules: each rule by itself.
    """

    matches: float
    by_rules: tuple[float, ...]
    unformed: float
    unformed_share: float
    unkeyed_records: int
    unkeyed_share: float
    left_out_pairs: int
    rules: tuple[RuleCoverage, ...]


def coverage(
    records: Records, nodes: Nodes, model: MatchModel, found: tuple[Pairs, Chances], counts: Sequence[RuleCount]
) -> Coverage:
    """Estimate what blocking missed. Deterministic; costs what `SAMPLE` pairs cost, whatever the number of pairs.

    Args:
        records: all records.
        nodes: their nodes.
        model: the model whose rules formed the pairs.
        found: candidate pairs and their match probabilities.
        counts: what blocking says of each rule.
    """
    pairs, chances = found
    likely = np.flatnonzero(chances >= LEAST_CHANCE)
    step = -(-len(likely) // SAMPLE) or 1
    rows = likely[::step]
    sample, weight = Pairs(pairs.left[rows], pairs.right[rows]), chances[rows] * (len(likely) / max(len(rows), 1))
    caught = agree(records, nodes, model.blocking, sample)
    rules = caught.sum(axis=1)
    times = np.bincount(rules, weights=weight, minlength=len(model.blocking) + 1).astype(np.float64)
    alone = caught & (rules == 1)[:, None]
    unformed, unkeyed = unseen(times[1:]), unkeyed_records(records, nodes, model)
    matches = float(weight.sum())
    return Coverage(
        round(matches, 1), tuple(np.round(times[1:], 1).tolist()), round(unformed, 1),
        _share(unformed, matches + unformed), unkeyed, _share(unkeyed, len(records)),
        sum(count.left_out for count in counts),
        tuple(RuleCoverage(rule.name, round(float(weight @ caught[:, column]), 1),
                           round(float(weight @ alone[:, column]), 1))
              for column, rule in enumerate(model.blocking)),
    )  # fmt: skip


def unseen(times: npt.NDArray[np.float64]) -> float:
    """Chao's lower bound of what no occasion caught, from how much was caught once, twice, … at every occasion.

    >>> round(unseen(np.array([30.0, 60.0, 50.0])), 2)
    4.75
    """
    if len(times) < 2:
        return 0.0
    once, twice, occasions = float(times[0]), float(times[1]), len(times)
    return (occasions - 1) / occasions * max(once * (once - 1), 0.0) / (2 * (twice + 1))


def agree(records: Records, nodes: Nodes, rules: Sequence[BlockingRule], pairs: Pairs) -> Caught:
    """Whether the two nodes of each pair share a key of each rule: one row a pair, one column a rule."""
    out = np.zeros((len(pairs), len(rules)), bool)
    chosen, places = np.unique(np.concatenate((pairs.left, pairs.right)), return_inverse=True)
    left, right = places[: len(pairs)], places[len(pairs) :]
    for column, found in enumerate(keys_of(records, nodes, rules, chosen.astype(np.int32), None)):
        order = np.argsort(found.owner, kind="stable")
        owner, keys = found.owner[order], found.key[order]
        starts = np.searchsorted(owner, chosen)
        widths = np.searchsorted(owner, chosen, side="right") - starts
        rows, one, other = _combinations(starts[left], widths[left], starts[right], widths[right])
        out[rows[keys[one] == keys[other]], column] = True
    return out


def _combinations(
    left: Places, left_width: Places, right: Places, right_width: Places
) -> tuple[Places, Places, Places]:
    """Every place of one range with every place of another, and the row of the two ranges."""
    counts = left_width * right_width
    rows = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, left[rows] + step // right_width[rows], right[rows] + step % right_width[rows]


def unkeyed_records(records: Records, nodes: Nodes, model: MatchModel) -> int:
    """Records whose node has no key of any rule."""
    left: Codes = np.arange(len(nodes), dtype=np.int32)
    for rule in model.blocking:
        keyed = np.ones(len(left), bool)
        for name in rule.keys:
            field, _, key = name.partition(".")
            keyed &= _any_key(records.values[field].keys[key or "value"], nodes, field, left)
        left = left[~keyed]
    return int(nodes.size[left].sum())


def _any_key(keys: Keys, nodes: Nodes, field: str, chosen: Codes) -> Caught:
    """Whether some value that a node holds of a field has a key."""
    held = nodes.held[field]
    present = keys != 0 if keys.ndim == 1 else (keys != 0).any(axis=1)
    before = np.concatenate(([0], np.cumsum(present[held.codes], dtype=np.int64)))
    return np.asarray(before[held.starts[chosen + 1]] > before[held.starts[chosen]])


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole else 0.0


def remarks(found: Coverage) -> list[str]:
    """What a reader of the console should know; nothing where blocking left little to miss."""
    out = []
    if found.unkeyed_share >= NOTABLE_SHARE:
        out.append(
            f"{found.unkeyed_records:,} records ({found.unkeyed_share:.1%}) hold nothing that a blocking rule could "
            "pair them by; they stand alone"
        )
    if found.unformed_share >= NOTABLE_SHARE:
        out.append(
            f"about {found.unformed:,.0f} matches or more ({found.unformed_share:.1%}) may agree on no blocking rule: "
            "see coverage in summary.json"
        )
    return out
