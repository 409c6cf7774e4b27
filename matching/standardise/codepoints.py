"""Texts as matrices of code points, so that characters are worked on in arrays and never as UTF-8 bytes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

CodePoints = npt.NDArray[np.uint32]

BREAK = "\n"


def flat(texts: Sequence[str]) -> CodePoints:
    """All texts one after the other, each ended by a line break; texts must not hold one."""
    if not len(texts):
        return np.zeros(0, np.uint32)
    return np.frombuffer((BREAK.join(texts) + BREAK).encode("utf-32-le", "replace"), np.uint32)


def unflat(points: CodePoints) -> list[str]:
    """The inverse of `flat`."""
    return points.astype("<u4").tobytes().decode("utf-32-le").split(BREAK)[:-1]


def spans(points: CodePoints) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each text of a flat array starts and how long it is."""
    ends = np.flatnonzero(points == ord(BREAK))
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    return starts, ends - starts


def matrix(points: CodePoints, width: int) -> tuple[CodePoints, npt.NDArray[np.int64]]:
    """The first `width` code points of each text, 0 beyond its end, and the texts' full lengths."""
    starts, lengths = spans(points)
    out = np.zeros((len(starts), width), np.uint32)
    for place in range(width):
        inside = lengths > place
        out[inside, place] = points[starts[inside] + place]
    return out, lengths
