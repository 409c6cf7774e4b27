"""Intervals of shares."""

from typing import Final

import numpy as np

NORMAL_95: Final = 1.959963984540054
"""Quantile of the normal distribution that leaves 5 % on both sides together."""


def wilson(right: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share of which `right` of `count` were seen; (0, 1) where nothing was.

    Source: Wilson 1927.

    >>> [round(bound, 3) for bound in wilson(10, 10)], wilson(0, 0)
    ([0.722, 1.0], (0.0, 1.0))
    """
    if count <= 0:
        return 0.0, 1.0
    share, square = right / count, NORMAL_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = NORMAL_95 * float(np.sqrt(share * (1 - share) / count + square / (4 * count**2))) / (1 + square / count)
    return 0.0 if right <= 0 else middle - half, 1.0 if right >= count else middle + half
