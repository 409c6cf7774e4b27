"""Whether match probabilities mean what they say: how often pairs of a probability are true."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.evaluation.contingency import Contingency
from matching.evaluation.intervals import wilson

EDGES: Final = (0.0, 0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999, 1.0)
"""Bounds of the rows of a reliability table: narrow where decisions are."""

LEAST_CHANCE: Final = 1e-6
"""A probability counts in the log loss as no nearer than this to 0 or 1."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """One row of a reliability table.

    Attributes:
        low, high: probabilities from `low` to below `high`; the last row includes 1.
        count: pairs (or records) with such a probability.
        stated: their mean probability. true: the share that is true; low_true, high_true: its 95 % interval.
    """

    low: float
    high: float
    count: int
    stated: float
    true: float
    low_true: float
    high_true: float


@dataclass(frozen=True)
class Calibration:
    """A reliability table with the mean squared error (Brier) and the log loss in nats; null where it is empty."""

    count: int
    bins: tuple[Bin, ...]
    brier: float | None
    log_loss: float | None


def calibration(stated: Numbers, true: Numbers) -> Calibration:
    """Calibrate stated probabilities by outcomes.

    Args:
        stated: match probabilities.
        true: 1 where it is so, 0 where not; between for a node of mixed records, the share of its pairs.
    """
    if not len(stated):
        return Calibration(0, (), None, None)
    place = np.clip(np.searchsorted(EDGES, stated, side="right") - 1, 0, len(EDGES) - 2)
    counts = np.bincount(place, minlength=len(EDGES) - 1)
    sums, right = (np.bincount(place, weights=values, minlength=len(EDGES) - 1) for values in (stated, true))
    bins = tuple(
        _bin(at, int(counts[at]), float(sums[at]), float(right[at])) for at in range(len(EDGES) - 1) if counts[at]
    )
    brier = float(np.mean(true * (1 - stated) ** 2 + (1 - true) * stated**2))
    held = np.clip(stated, LEAST_CHANCE, 1 - LEAST_CHANCE)
    loss = float(-np.mean(true * np.log(held) + (1 - true) * np.log1p(-held)))
    return Calibration(len(stated), bins, brier, loss)


def _bin(at: int, count: int, stated: float, right: float) -> Bin:
    low, high = wilson(right, count)
    return Bin(EDGES[at], EDGES[at + 1], count, stated / count, right / count, low, high)


def record_calibration(cells: Contingency) -> Calibration:
    """The crosswalk's probability that a record belongs to its cluster.

    It is so where another record of the cluster is the same subject's.
    """
    table = cells.connection.execute(
        "SELECT match_probability::DOUBLE AS stated, (n > 1)::DOUBLE AS right_ "
        "FROM record JOIN cell USING (master_id, subject) WHERE match_probability IS NOT NULL"
    ).fetchnumpy()
    return calibration(np.asarray(table["stated"], float), np.asarray(table["right_"], float))
