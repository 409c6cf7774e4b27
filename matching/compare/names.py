"""Persons' names compared character by character: same, same sound, near sound or shape, unreadable.

Refuses plain edit distance: two characters are too few for it. Names of more than four characters or with a middle
dot are compared by the similarity of their sounds.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from matching.characters.shape import look_alike_pairs
from matching.characters.table import characters
from matching.standardise.names import DOT, WILDCARD
from matching.standardise.values import Codes, ValueTable

NAME_LEVELS: Final = (
    "different", "surname", "given", "unread", "partial", "exchanged", "alike", "wildcard", "sound", "exact",
)  # fmt: skip
"""surname: only the surname agrees, as between brothers · given: only the surname differs · unread: the surname agrees
and no more can be read · partial: the surname and one of two given characters, or one character more · exchanged: the
two given characters in the other order · alike: every character same or near in sound or shape · wildcard: the same
where readable · sound: every syllable the same · exact: the same after folding."""

SHORT: Final = 4
LONG_SIMILARITY: Final = 0.8
PLACE: Final = {name: place for place, name in enumerate(NAME_LEVELS)}

Mask = npt.NDArray[np.bool_]


def name_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `NAME_LEVELS` of unequal names."""
    length = table.features["length"]
    ours, theirs = length[left], length[right]
    points = table.features["points"]
    long = np.maximum(ours, theirs) > SHORT
    for side in (left, right):
        for place in range(SHORT):  # a dot further on makes a name long anyhow
            long |= points[side, place] == ord(DOT)
    out = np.full(len(left), PLACE["different"], np.int8)
    same = ~long & (ours == theirs)
    out[same] = _same_length(table, left[same], right[same])
    one_more = ~long & (np.abs(ours - theirs) == 1)
    out[one_more] = _one_more(points[left[one_more]], points[right[one_more]])
    for row in np.flatnonzero(long):
        out[row] = _long(table, int(left[row]), int(right[row]))
    return out


def _same_length(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    ours, theirs = table.features["points"][left, :SHORT], table.features["points"][right, :SHORT]
    filled = ours != 0
    same = ours == theirs
    wild = filled & ((ours == ord(WILDCARD)) | (theirs == ord(WILDCARD)))
    sound = _agree(table, "syllable", left, right)
    near = _agree(table, "near", left, right)
    open_ = filled & ~same & ~wild & ~sound & ~near
    open_ &= open_.sum(axis=1, keepdims=True) == 1
    rows, columns = np.nonzero(open_)
    near[rows, columns] = look_alike_pairs(ours[rows, columns], theirs[rows, columns])
    bad = filled & ~(same | wild | sound | near)
    compound = (table.features["surname_length"][left] == 2) & (table.features["surname_length"][right] == 2)
    surname = np.where(compound, 2, 1)
    out = _graded(filled, same, wild, sound, bad, surname)
    out[_exchanged(ours, theirs, same, surname)] = PLACE["exchanged"]
    return out


def _exchanged(ours: npt.NDArray[Any], theirs: npt.NDArray[Any], same: Mask, surname: npt.NDArray[Any]) -> Mask:
    """The same surname and the same two given characters in the other order."""
    rows = np.arange(len(ours))
    crossed = (ours[rows, surname] == theirs[rows, surname + 1]) & (ours[rows, surname + 1] == theirs[rows, surname])
    alone = np.where(surname == 1, ours[:, 3], 0) == 0
    surnames = same[:, 0] & (same[:, 1] | (surname == 1))
    return np.asarray(crossed & alone & surnames & ~same[rows, surname] & (ours[rows, surname + 1] != 0))


def _agree(table: ValueTable, feature: str, left: Codes, right: Codes) -> Mask:
    ours, theirs = table.features[feature][left, :SHORT], table.features[feature][right, :SHORT]
    return np.asarray((ours == theirs) & (ours != 0))


def _graded(
    filled: Mask, same: Mask, wild: Mask, sound: Mask, bad: Mask, surname: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    length = filled.sum(axis=1)
    in_surname = np.arange(SHORT) < surname[:, None]
    surname_bad = (bad & in_surname).any(axis=1)
    given_bad = (bad & ~in_surname).sum(axis=1)
    readable = filled.sum(axis=1) - wild.sum(axis=1)
    given = length - surname
    out = np.full(len(filled), PLACE["different"], np.int8)
    out[~surname_bad & (given_bad > 0)] = PLACE["surname"]
    out[surname_bad & (given_bad == 0) & (given >= 2)] = PLACE["given"]
    out[~surname_bad & (given_bad == 1) & (given >= 2)] = PLACE["partial"]
    no_bad = ~bad.any(axis=1)
    out[no_bad] = PLACE["alike"]
    out[no_bad & (~filled | same | sound).all(axis=1)] = PLACE["sound"]
    out[no_bad & wild.any(axis=1) & (~filled | same | sound | wild).all(axis=1)] = PLACE["wildcard"]
    out[(~filled | same).all(axis=1)] = PLACE["exact"]
    out[no_bad & wild.any(axis=1) & (readable < 2)] = PLACE["unread"]
    return out


def _one_more(ours: npt.NDArray[np.uint32], theirs: npt.NDArray[np.uint32]) -> npt.NDArray[Any]:
    """One name is the other with one character more and the same surname."""
    ours_longer = (ours != 0).sum(axis=1) > (theirs != 0).sum(axis=1)
    longer, shorter = (np.where(ours_longer[:, None], a, b)[:, :SHORT] for a, b in ((ours, theirs), (theirs, ours)))
    found = np.zeros(len(ours), bool)
    for gone in range(1, SHORT):
        less = np.concatenate((np.delete(longer, gone, axis=1), np.zeros((len(longer), 1), np.uint32)), axis=1)
        found |= (less == shorter).all(axis=1)
    enough = (shorter != 0).sum(axis=1) >= 2
    surname_same = longer[:, 0] == shorter[:, 0]
    return np.where(found & enough, PLACE["partial"], np.where(surname_same, PLACE["surname"], PLACE["different"]))


def _long(table: ValueTable, left: int, right: int) -> int:
    ours, theirs = _sounds(table, left), _sounds(table, right)
    similarity = Levenshtein.normalized_similarity("".join(ours), "".join(theirs))
    if ours == theirs:
        return PLACE["sound"]
    return PLACE["alike"] if similarity >= LONG_SIMILARITY else PLACE["different"]


def _sounds(table: ValueTable, row: int) -> list[str]:
    texts = characters().syllables
    pairs = zip(table.features["syllable"][row], table.features["points"][row], strict=True)
    return [texts[syllable] if syllable else chr(point) for syllable, point in pairs if point and point != ord(DOT)]
