"""Which characters look alike: stroke order and four-corner code, decided once for each pair of characters.

Invariant: symmetric; a character is not its own look-alike.
"""

import functools

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from matching.characters.table import LAST, CodePoints, characters

STROKE_SIMILARITY = 0.72
"""Share of strokes in common from which two characters count as look-alikes (chosen on 己已巳, 末未, 晴睛, 明朋)."""

SHARED_TAIL = 4
"""Strokes that a shared right or lower part needs (伟, 炜 share 韦)."""


@functools.lru_cache(maxsize=1 << 18)
def look_alike(left: int, right: int) -> bool:
    """Whether two code points are easily taken for one another when read or typed by shape."""
    if left == right:
        return False
    table = characters()
    ours, theirs = table.strokes.get(left, ""), table.strokes.get(right, "")
    if not ours or not theirs:
        return False
    similarity = Levenshtein.normalized_similarity(ours, theirs)
    if similarity >= STROKE_SIMILARITY:
        return True
    shorter = min(len(ours), len(theirs))
    tail = shorter > SHARED_TAIL and _shared_tail(ours, theirs) >= max(SHARED_TAIL, shorter * 2 // 3)
    corners = _four_corner(int(table.four_corner[left]), int(table.four_corner[right]))
    return tail or (corners and similarity >= STROKE_SIMILARITY / 2)


def look_alike_pairs(left: CodePoints, right: CodePoints) -> npt.NDArray[np.bool_]:
    """`look_alike` for arrays of code points, worked out once for each distinct pair."""
    low, high = np.minimum(left, right).astype(np.uint64), np.maximum(left, right).astype(np.uint64)
    distinct, places = np.unique(low * np.uint64(LAST) + high, return_inverse=True)
    found = np.fromiter((look_alike(int(pair) // LAST, int(pair) % LAST) for pair in distinct), bool, len(distinct))
    return found[places]


def _shared_tail(ours: str, theirs: str) -> int:
    count = 0
    for one, other in zip(reversed(ours), reversed(theirs), strict=False):
        if one != other:
            break
        count += 1
    return count


def _four_corner(ours: int, theirs: int) -> bool:
    if not ours or not theirs:
        return False
    return sum(a == b for a, b in zip(f"{ours - 1:05d}", f"{theirs - 1:05d}", strict=True)) >= 4
