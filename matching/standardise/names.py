"""Names of persons: folded for comparison, with sound by character.

Owns the folding (the original stays in the record). It refuses nothing: any text folds to some text, and one with
nothing to compare to the empty text. Invariants: folding is idempotent; the array path equals `fold`.
"""

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
from matching.standardise.codepoints import CodePoints, flat, matrix, unflat
from matching.standardise.folding import at_rest
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered

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


def _fast(points: CodePoints) -> npt.NDArray[np.bool_]:
    """Code points that fold by the table alone: unified ideographs."""
    return (points >= 0x4E00) & (points <= 0x9FFF)


def standard_names(texts: list[str]) -> list[str]:
    """`fold` of each text; plain Chinese names by one table look-up over all of them."""
    plain = [text if "\n" not in text else " ".join(text.split("\n")) for text in texts]
    points = flat(plain)
    breaks = points == 10
    slow = ~_fast(points) & ~breaks
    folded = unflat(np.where(slow | breaks, points, characters().simplified[np.minimum(points, LAST - 1)]))
    odd = np.unique(np.cumsum(breaks)[slow])
    for place in odd:
        folded[place] = fold(plain[place])
    long = np.flatnonzero(np.diff(np.flatnonzero(np.concatenate(([True], breaks)))) > LONGEST)
    for place in long:
        folded[place] = fold(plain[place])
    return folded


def chinese_name(texts: pa.StringArray) -> Standardised:
    """Names to folded names with the code points, syllables and near syllables of their first twelve characters."""
    filled = texts.fill_null("").to_pylist()
    codes, values = distinct(standard_names(filled))
    names = values.to_pylist()
    points, lengths = matrix(flat(names), WIDTH)
    table = characters()
    bounded = np.minimum(points, LAST - 1)
    syllable, near = table.syllable[bounded], table.near[bounded]
    variant = points.copy()
    variant[:, 0] = surname_stands_for()[bounded[:, 0]]
    surname_length = _surname_lengths(points)
    _read_surnames(points, syllable)
    features = {
        "points": variant, "length": np.minimum(lengths, WIDTH), "syllable": syllable, "near": near,
        "surname_length": surname_length,
    }  # fmt: skip
    keys = _keys(variant, syllable, np.minimum(lengths, WIDTH)) | {"value": numbered(len(names))}
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


def _keys(points: CodePoints, syllable: npt.NDArray[np.uint16], lengths: npt.NDArray[np.int64]) -> dict[str, Keys]:
    """Blocking keys: the whole sound, the surname's, the given name's, and the sound less one character."""
    unit = np.where(syllable > 0, syllable, points + np.uint32(1 << 20)).astype(np.uint64)
    unit[points == 0] = 1
    whole = mixed(*(unit[:, place] for place in range(unit.shape[1])))
    first, second, third = unit[:, 0], unit[:, 1], unit[:, 2]
    given = np.where(lengths > 1, mixed(second, third), 0).astype(np.uint64)
    last = mixed(unit[np.arange(len(unit)), np.maximum(lengths - 1, 0)])
    less = np.stack([mixed(first, second), mixed(first, third + np.uint64(7)), mixed(second, third)], axis=1)
    short = lengths == 2
    less[short, 1] = mixed(first[short], np.full(int(short.sum()), 3, np.uint64))
    less[short, 2] = mixed(second[short], np.full(int(short.sum()), 5, np.uint64))
    less[lengths < 2] = 0
    return {"sound": whole, "surname": mixed(first), "given": given, "last": last, "less": less}
