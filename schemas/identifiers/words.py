"""Texts that stand in an identifier's place without being one."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.characters import lengths
from schemas.text import NO_VALUE_WORDS, Mask

_LONGEST = 24  # bytes; longer texts are no placeholders
_ONE_REPEATED = "^(" + "|".join(f"{character}+" for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") + ")$"
_COUNTING = "^(0?1234567890?[0-9]*|0?123456|012345|987654321[0-9]*|987654|X+|[*?]+)$"


def placeholders(cleaned: pa.StringArray) -> Mask:
    """Where a cleaned number is a word for "none", one character repeated, or counting digits."""
    found = np.zeros(len(cleaned), bool)
    widths = lengths(cleaned)
    rows = np.flatnonzero((widths > 0) & (widths <= _LONGEST))
    few = cleaned.take(pa.array(rows))
    words = pa.array([word.upper() for word in NO_VALUE_WORDS], pa.string())
    patterns = pc.or_(pc.match_substring_regex(few, _ONE_REPEATED), pc.match_substring_regex(few, _COUNTING))
    found[rows] = pc.or_(patterns, pc.is_in(few, words)).to_numpy(zero_copy_only=False)
    return found
