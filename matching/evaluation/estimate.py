"""Precision and recall without truth: estimated from a clerk's decisions on a stratified sample, with intervals.

Each stratum's share of true pairs is known from its decisions only; precision and recall are sums over strata. The
interval comes from drawing every share from its Beta distribution (Jeffreys 1946), so that a stratum without a single
wrong pair still tells no more than its number of decisions can; the stratum's own interval is Wilson's. Recall is
among the pairs that blocking looked at. Deterministic under the seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.evaluation.clerical import Decision, Design
from matching.evaluation.intervals import wilson
from matching.evaluation.sampling import Stratum

DRAWS: Final = 20_000

Draws = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class StratumDecisions:
    """What the clerk decided in a stratum, and the 95 % interval of its share of true pairs."""

    stratum: Stratum
    same: int
    different: int
    unsure: int
    low: float
    high: float


@dataclass(frozen=True)
class ClericalEstimate:
    """What a clerical sample tells.

    Attributes:
        decided, unsure, open: pairs with a decision, with the decision that it cannot be told, and without any.
        recall: among the pairs that blocking looked at. errors_per_10000: wrong and missed pairs per 10,000 true.
        if_unsure_same, if_unsure_different: precision and recall if every unsure pair were so.
    """

    decided: int
    unsure: int
    open: int
    precision: Estimate
    recall: Estimate
    errors_per_10000: Estimate
    if_unsure_same: tuple[float, float]
    if_unsure_different: tuple[float, float]
    strata: tuple[StratumDecisions, ...]


def estimate(design: Design, decisions: Mapping[int, Decision]) -> ClericalEstimate:
    """Estimate precision and recall from decisions by pair number."""
    counts = np.zeros((len(design.strata), 3), np.int64)
    for pair, decision in decisions.items():
        counts[design.pairs[pair - 1], ("same", "different", "unsure").index(decision)] += 1
    same, different, unsure = counts.T
    point = _measures(design.strata, _shares(design.strata, same, different)[None, :])
    spread = _measures(design.strata, _drawn(design, same, different))
    precision, recall, errors = (_interval(float(point[k, 0]), spread[k]) for k in range(3))
    return ClericalEstimate(
        decided=int((same + different).sum()),
        unsure=int(unsure.sum()),
        open=len(design.pairs) - len(decisions),
        precision=precision, recall=recall, errors_per_10000=errors,
        if_unsure_same=_pair(design.strata, same + unsure, different),
        if_unsure_different=_pair(design.strata, same, different + unsure),
        strata=tuple(_of_stratum(stratum, *counts[place].tolist()) for place, stratum in enumerate(design.strata)),
    )  # fmt: skip


def _pair(strata: Sequence[Stratum], same: Counts, different: Counts) -> tuple[float, float]:
    """Precision and recall of some counts."""
    measured = _measures(strata, _shares(strata, same, different)[None, :])
    return float(measured[0, 0]), float(measured[1, 0])


def _of_stratum(stratum: Stratum, same: int, different: int, unsure: int) -> StratumDecisions:
    low, high = wilson(same, same + different)
    return StratumDecisions(stratum, same, different, unsure, low, high)


def _shares(strata: Sequence[Stratum], same: Counts, different: Counts) -> Draws:
    """Share of true pairs by stratum; the stated probability where nothing was decided."""
    decided = same + different
    stated = np.array([stratum.stated for stratum in strata], float)
    return np.where(decided > 0, same / np.maximum(decided, 1), stated)


def _drawn(design: Design, same: Counts, different: Counts) -> Draws:
    """Shares drawn from their Beta distributions; a stratum that was decided in full is known."""
    random = np.random.default_rng(design.seed)
    population = np.array([stratum.population for stratum in design.strata])
    draws = random.beta(same + 0.5, different + 0.5, (DRAWS, len(population)))
    whole = same + different >= population
    return np.where(whole, _shares(design.strata, same, different), draws)


def _measures(strata: Sequence[Stratum], shares: Draws) -> Draws:
    """Precision, recall, and wrong and missed pairs per 10,000 true ones; a column for each row of shares."""
    population = np.array([stratum.population for stratum in strata], float)
    linked = np.array([stratum.linked for stratum in strata], bool)
    true = shares * population
    found, missed = true[:, linked].sum(axis=1), true[:, ~linked].sum(axis=1)
    together = population[linked].sum()
    all_true = np.maximum(found + missed, 1e-9)
    precision = found / together if together else np.ones(len(found))
    recall = np.where(found + missed > 0, found / all_true, 1.0)
    return np.array([precision, recall, 1e4 * (together - found + missed) / all_true])


def _interval(value: float, draws: Draws) -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(value, min(value, float(low)), max(value, float(high)))
