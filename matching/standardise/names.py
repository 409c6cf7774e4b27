"""Names of persons: folded for comparison, with sound by character.

Owns the folding (the original stays in the record). It refuses nothing: any text folds to some text, and one with
nothing to compare to the empty text. Invariants: folding is idempotent; the array path equals `fold`.
"""

import functools
import re
import unicodedata
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.characters.table import (
    LAST,
    characters,
    compound_surnames,
    simplify,
    surname_readings,
    surname_stands_for,
)
from matching.standardise.codepoints import Characters, CodePoints, flat, matrix
from matching.standardise.folding import ODD, Folding, at_rest, fold_all, merged
from matching.standardise.values import Feature, Keys, Standardised, ValueTable, mixed, numbered

WIDTH: Final = 12
"""Characters of a name that are compared; longer names compare by their first twelve."""

LONGEST: Final = 64
"""Characters of a name that are read at all: beyond that a text is no name."""

DOT: Final = "·"
WILDCARD: Final = "?"
DOTS = re.compile(r"\s*[·•‧・･∙⋅．.●]\s*")
NOTE = re.compile(r"[(\[（【〔].*?([)\]）】〕]|$)")
BLANKS = re.compile(r"\s+")
UNREADABLE = re.compile("[?？*＊□■○〇�＿_]")
IDEOGRAPH = "\u3400-\u9fff\U00020000-\U000323af"
CHINESE_BLANK = re.compile(f"(?<=[{IDEOGRAPH}])\\s+(?=[{IDEOGRAPH}])")


def fold(text: str) -> str:
    """A name as it is compared: NFKC, simplified, no notes, one kind of middle dot, `?` for what could not be read.

    >>> fold("張 偉（已故）"), fold("阿卜杜拉•买买提")
    ('张伟', '阿卜杜拉·买买提')
    """
    return at_rest(_fold_once, text)


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKC", simplify(text[:LONGEST]))
    text = DOTS.sub(DOT, NOTE.sub("", text).strip()).strip(DOT)
    text = UNREADABLE.sub(WILDCARD, CHINESE_BLANK.sub("", text))
    return simplify(BLANKS.sub(" ", text).strip().upper())


def note(text: str) -> str:
    """What stands in brackets after a name, without them (曾用名, 已故)."""
    return ";".join(match.group().strip("()[]（）【】〔〕") for match in NOTE.finditer(text))


@functools.cache
def _folding() -> Folding:
    """Unified ideographs and the middle dot fold by table; the dot at either end does not."""
    table = np.full(LAST, ODD, np.uint32)
    table[0x4E00:0xA000] = characters().simplified[0x4E00:0xA000]
    table[ord(DOT)] = ord(DOT)
    return Folding(fold, table, _dots_at_an_end, LONGEST)


def _dots_at_an_end(held: Characters) -> npt.NDArray[np.bool_]:
    dots = held.points == ord(DOT)
    ends = np.concatenate((held.starts, held.starts + held.lengths - 1))[np.tile(held.lengths > 0, 2)]
    at_end = np.zeros(len(dots), bool)
    at_end[ends] = dots[ends]
    return at_end


def standard_names(texts: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """`fold` of each text, and which texts it changed."""
    return fold_all(texts, _folding())


def chinese_name(texts: pa.StringArray) -> Standardised:
    """Names to folded names with the code points, syllables and near syllables of their first twelve characters."""
    codes, values = merged(*standard_names(texts))
    held = flat(values)
    points, lengths = matrix(held, WIDTH), np.minimum(held.lengths, WIDTH).astype(np.int8)
    table = characters()
    bounded = np.minimum(points, LAST - 1)
    syllable, near = table.syllable[bounded], table.near[bounded]
    points[:, 0] = surname_stands_for()[bounded[:, 0]]
    surname_length = _surname_lengths(bounded)
    _read_surnames(bounded, syllable)
    features: dict[str, Feature] = {
        "points": points, "length": lengths, "syllable": syllable, "near": near, "surname_length": surname_length,
    }  # fmt: skip
    keys = _keys(points, syllable, lengths) | {"value": numbered(len(values))}
    return Standardised(codes, ValueTable(values, keys, features))


def _compound(points: CodePoints, surname: str) -> npt.NDArray[np.bool_]:
    """Names of more than two characters that begin with a surname of two."""
    starts = (points[:, 0] == ord(surname[0])) & (points[:, 1] == ord(surname[1]))
    return np.asarray(starts & (points[:, 2] != 0))


def _surname_lengths(points: CodePoints) -> npt.NDArray[np.int8]:
    lengths = np.ones(len(points), np.int8)
    firsts = np.array(sorted({ord(surname[0]) for surname in compound_surnames()}), np.uint32)
    rows = np.flatnonzero(np.isin(points[:, 0], firsts))
    for surname in sorted(compound_surnames()):
        lengths[rows[_compound(points[rows], surname)]] = 2
    return lengths


def _read_surnames(points: CodePoints, syllable: npt.NDArray[np.uint16]) -> None:
    sounds = {sound: number for number, sound in enumerate(characters().syllables)}
    for surname, reading in surname_readings().items():
        chosen = points[:, 0] == ord(surname[0]) if len(surname) == 1 else _compound(points, surname)
        for place, sound in enumerate(reading.split()):
            syllable[chosen, place] = sounds[sound]


def _keys(points: CodePoints, syllable: npt.NDArray[np.uint16], lengths: npt.NDArray[np.int8]) -> dict[str, Keys]:
    """Blocking keys: the whole sound, the surname's, the given name's, and the sound less one character."""
    unit = np.where(syllable > 0, syllable, points + np.uint32(1 << 20))
    unit[points == 0] = 1
    whole = mixed(*(unit[:, place] for place in range(unit.shape[1])))
    first, second, third = unit[:, 0], unit[:, 1], unit[:, 2]
    given = np.where(lengths > 1, mixed(second, third), 0).astype(np.uint64)
    either = mixed(np.minimum(second, third), np.maximum(second, third))
    less = np.stack([mixed(first, second), mixed(first, third + np.uint32(7)), either], axis=1)
    short = lengths == 2
    less[short, 1] = mixed(first[short], 3)
    less[short, 2] = mixed(second[short], 5)
    less[lengths < 2] = 0
    return {"sound": whole, "surname": mixed(first), "given": given, "less": less}
