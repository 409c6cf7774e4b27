"""Look-up arrays over Unicode code points: simplification, sound, near sound and shape.

Invariant: every array is indexed by code point up to `LAST`, 0 means unknown, and `simplified` is idempotent.
"""

import csv
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

LAST: Final = 0x32000
"""One past the last ideograph that Unicode assigns."""

HERE: Final = Path(__file__).parent

NEAR_SOUNDS: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"))
NEAR_ENDINGS: Final = (("ang", "an"), ("eng", "en"), ("ing", "in"))

CodePoints = npt.NDArray[np.uint32]
Small = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class CharacterTable:
    """What is known of each code point.

    Attributes:
        simplified: code point → code point after private-use repair and simplification.
        syllable: code point → number of its toneless syllable.
        near: code point → number of its syllable once zh/z, ch/c, sh/s, n/l, ang/an, eng/en, ing/in are one.
        syllables: the syllables by number; 0 is empty.
        four_corner: five digits by code point, as a number plus one.
        strokes: stroke order by code point, only where known.
    """

    simplified: CodePoints
    syllable: Small
    near: Small
    syllables: tuple[str, ...]
    four_corner: CodePoints
    strokes: dict[int, str]


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the tables beside this module."""
    with (HERE / name).open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


@functools.cache
def near_syllable(syllable: str) -> str:
    """The class of syllables that southern and northern speakers exchange.

    >>> near_syllable("zhang"), near_syllable("lin")
    ('zan', 'lin')
    """
    for long, short in NEAR_SOUNDS:
        if syllable.startswith(long):
            syllable = short + syllable[2:]
    for long, short in NEAR_ENDINGS:
        if syllable.endswith(long):
            syllable = syllable[:-3] + short
    return "l" + syllable[1:] if syllable.startswith("n") and len(syllable) > 1 else syllable


class Numbers:
    """Gives each text a number, in order of first sight, from 1."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {"": 0}

    def of(self, text: str) -> int:
        """The number of a text; the empty text is 0."""
        return self._known.setdefault(text, len(self._known))

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts by number."""
        return tuple(self._known)


@functools.cache
def characters() -> CharacterTable:
    """The table, read once in a process (about 40 ms)."""
    simplified = np.arange(LAST, dtype=np.uint32)
    syllable = np.zeros(LAST, np.uint16)
    near = np.zeros(LAST, np.uint16)
    four = np.zeros(LAST, np.uint32)
    strokes: dict[int, str] = {}
    sounds, near_sounds = Numbers(), Numbers()
    for row in rows("characters.csv"):
        code = ord(row["character"])
        if row["simplified"]:
            simplified[code] = ord(row["simplified"])
            continue
        pinyin = row["pinyin"] or ""
        syllable[code] = sounds.of(pinyin)
        near[code] = near_sounds.of(near_syllable(pinyin))
        if row["four_corner"]:
            four[code] = int(row["four_corner"]) + 1
        if row["strokes"]:
            strokes[code] = row["strokes"]
    for row in rows("private_use.csv"):
        simplified[int(row["code_point"], 16)] = ord(row["character"])
    simplified = simplified[simplified]
    return CharacterTable(simplified, syllable, near, sounds.texts, four, strokes)


@functools.cache
def _simplification() -> dict[int, int]:
    simplified = characters().simplified
    changed = np.flatnonzero(simplified != np.arange(LAST))
    return dict(zip(changed.tolist(), simplified[changed].tolist(), strict=True))


def simplify(text: str) -> str:
    """A text with private-use characters repaired and traditional ones simplified.

    >>> simplify("張偉")
    '张伟'
    """
    return text.translate(_simplification())


@functools.cache
def compound_surnames() -> frozenset[str]:
    """Surnames of two characters."""
    return frozenset(row["surname"] for row in rows("compound_surnames.csv"))


@functools.cache
def surname_stands_for() -> CodePoints:
    """Code point → the surname it is exchanged with (肖 → 萧), itself elsewhere."""
    same = np.arange(LAST, dtype=np.uint32)
    for row in rows("surname_variants.csv"):
        same[ord(row["character"])] = ord(row["stands_for"])
    return same


@functools.cache
def surname_readings() -> dict[str, str]:
    """Surname → how it is read as a surname, where that differs from the usual reading."""
    return {row["surname"]: row["pinyin"] for row in rows("surname_readings.csv")}
