"""Folding of texts: by table over all code points at once where that is enough, else each until nothing changes.

Invariants: `at_rest` makes any folding idempotent; `fold_all` gives what the fold of each single text gives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.characters.table import LAST
from matching.standardise.codepoints import Characters, CodePoints, flat, unflat
from matching.standardise.values import Codes, distinct, through

MOST_ROUNDS: Final = 12
"""Rounds of folding: each shortens or settles a text, and no text seen needed more than three."""

DROPPED: Final = 0
ODD: Final = LAST
"""What a fold table gives for a code point that is left out, and for one that it cannot fold."""

Flags = npt.NDArray[np.bool_]


def at_rest(fold: Callable[[str], str], text: str) -> str:
    """The text after as many foldings as change it."""
    for _ in range(MOST_ROUNDS):
        folded = fold(text)
        if folded == text:
            break
        text = folded
    return text


@dataclass(frozen=True)
class Folding:
    """A fold of texts as a table and as a function.

    Attributes:
        fold: the fold of one text, whatever it holds.
        table: code point → its fold, `DROPPED` or `ODD`.
        strange: code points of folded texts beside whose neighbours the table is not enough.
        longest: characters that the fold reads.
    """

    fold: Callable[[str], str]
    table: CodePoints
    strange: Callable[[Characters], Flags]
    longest: int


def fold_all(texts: pa.StringArray, folding: Folding) -> tuple[pa.StringArray, Flags]:
    """The fold of each text ("" for null), and which of them it changed."""
    held = flat(texts)
    points = folding.table.take(held.points, mode="clip")
    changed = np.flatnonzero(points != held.points)
    touched = held.mark(changed)
    odd = held.mark(changed[points[changed] == ODD]) | (held.lengths > folding.longest)
    quick = touched & ~odd
    odd[~touched] |= held.mark(np.flatnonzero(folding.strange(held)))[~touched]
    if quick.any():
        quick_texts, strange = _by_table(texts.filter(pa.array(quick)), folding)
        texts = pc.replace_with_mask(texts, pa.array(quick), quick_texts)
        odd[np.flatnonzero(quick)[strange]] = True
    if odd.any():
        slow = [folding.fold(text or "") for text in texts.filter(pa.array(odd)).to_pylist()]
        texts = pc.replace_with_mask(texts, pa.array(odd), pa.array(slow, pa.string()))
    return texts, odd | touched


def _by_table(texts: pa.StringArray, folding: Folding) -> tuple[pa.StringArray, Flags]:
    """Texts folded by the table, and which of them need more than that."""
    held = flat(texts)
    points = folding.table.take(held.points, mode="clip")
    gone = points == DROPPED
    if gone.any():
        lost = np.bincount(held.owner(np.flatnonzero(gone)), minlength=len(held.lengths))
        held = Characters.of(points[~gone], held.lengths - lost)
    else:
        held = Characters(points, held.starts, held.lengths)
    return unflat(held), held.mark(np.flatnonzero(folding.strange(held)))


def merged(texts: pa.StringArray, changed: Flags) -> tuple[Codes, pa.StringArray]:
    """Codes of texts and their distinct values where all unchanged ones are known to differ; null and empty are −1.

    What `distinct` gives, in another order: only the changed ones are looked up.
    """
    if changed.mean(dtype=float) > 0.5 if len(changed) else True:
        return distinct(texts)
    kept, (codes, values) = texts.filter(pa.array(~changed)), distinct(texts.filter(pa.array(changed)))
    met: npt.NDArray[Any] = pc.index_in(kept, value_set=values).fill_null(-1).to_numpy()
    places = np.full(len(values), -1, np.int32)
    places[met[met >= 0]] = np.flatnonzero(met >= 0)
    new = places < 0
    places[new] = len(kept) + np.arange(int(new.sum()))
    out = np.empty(len(changed), np.int32)
    out[~changed], out[changed] = np.arange(len(kept)), through(places, codes)
    return out, pa.concat_arrays([kept, values.filter(pa.array(new))])
