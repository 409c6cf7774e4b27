"""Comparators of dates, numbers in digits and Latin text."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from matching.standardise.codepoints import counted
from matching.standardise.values import Codes, ValueTable

DATE_LEVELS: Final = ("different", "lunar", "part", "one_digit", "swapped", "exact")
"""lunar: 18 to 50 days apart, as a lunar date written as a solar one · part: two of year, month and day agree ·
one_digit: so they do, and the third differs in one digit · swapped: month and day exchanged."""

DIGIT_LEVELS: Final = ("different", "one_error", "exact")

TEXT_LEVELS: Final = ("different", "similar", "close", "one_error", "exact")
"""similar: Jaro–Winkler 0.80 · close: 0.90 · one_error: one letter wrong, missing, extra or two exchanged."""

LUNAR_DAYS: Final = (18, 50)


def date_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `DATE_LEVELS` of unequal dates."""
    ours, theirs = table.features["parts"][left], table.features["parts"][right]
    apart = np.abs(table.features["since"][left] - table.features["since"][right])
    agree = counted(ours == theirs)
    swapped = (ours[:, 0] == theirs[:, 0]) & (ours[:, 1] == theirs[:, 2]) & (ours[:, 2] == theirs[:, 1])
    out = np.where((apart >= LUNAR_DAYS[0]) & (apart <= LUNAR_DAYS[1]), 1, 0)
    out = np.where(agree == 2, 2, out)
    rows = np.flatnonzero(agree == 2)
    out[rows[_digits_apart(ours[rows], theirs[rows]) == 1]] = 3
    return np.asarray(np.where(swapped, 4, out))


def _digits_apart(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """In how many of their eight digits two dates (year, month, day) differ."""
    differ = [(ours // power % 10 != theirs // power % 10).sum(axis=1) for power in (1, 10, 100, 1000)]
    return np.asarray(sum(differ))


def digit_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `DIGIT_LEVELS` of unequal numbers: one digit wrong or two neighbours exchanged."""
    ours, theirs = table.features["points"][left], table.features["points"][right]
    wrong = ours != theirs
    count = counted(wrong)
    first = np.minimum(wrong.argmax(axis=1), wrong.shape[1] - 2)
    rows = np.arange(len(left))
    exchanged = (ours[rows, first] == theirs[rows, first + 1]) & (ours[rows, first + 1] == theirs[rows, first])
    return np.asarray((count == 1) | ((count == 2) & exchanged), np.int8)


def text_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `TEXT_LEVELS` of unequal texts."""
    ours, theirs = table.texts.take(left).to_pylist(), table.texts.take(right).to_pylist()
    found = (_text(one, other) for one, other in zip(ours, theirs, strict=True))
    return np.fromiter(found, np.int8, len(ours))


def _text(ours: str, theirs: str) -> int:
    if DamerauLevenshtein.distance(ours, theirs, score_cutoff=1) <= 1 and min(len(ours), len(theirs)) > 2:
        return 3
    similarity = JaroWinkler.similarity(ours, theirs)
    return 2 if similarity >= 0.9 else int(similarity >= 0.8)
