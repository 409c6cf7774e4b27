"""Addresses as a road and the numbers along it, whatever words stand between the numbers.

`香港中路12号3号楼2单元502室`, `市南区香港中路12号3-2-502` and `香港中路１２号三号楼２单元502` give the same house.
Owns only comparison keys. It refuses nothing; an address without a number has a road and no house.
"""

import functools
import re
import unicodedata
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.characters.table import LAST, characters, simplify
from matching.standardise.codepoints import BREAK, flat, spans, unflat
from matching.standardise.folding import at_rest
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered

LONGEST: Final = 120
"""Characters of an address that are read."""

CHUNK: Final = 1 << 18
"""Addresses worked on at once."""

NUMERAL = "一二三四五六七八九十百〇零"
COUNTED = "号楼单栋幢层室户座"
PLAIN_KIND, ODD, NUMERAL_KIND, COUNTED_KIND = range(4)
DIGIT: Final = {character: place for place, character in enumerate("〇一二三四五六七八九")} | {"零": 0}
NOISE = re.compile(r"[\s,，.。;；:：()（）\[\]【】]+")
CHINESE_NUMBER = re.compile(f"([{NUMERAL}]+)(?=号|楼|单元|栋|幢|层|室|户|座)")

Places = npt.NDArray[np.int64]


def fold(text: str) -> str:
    """An address as it is compared: NFKC, simplified, Chinese house numbers as digits, no blanks or punctuation."""
    return at_rest(_fold_once, text)


def _fold_once(text: str) -> str:
    text = NOISE.sub("", unicodedata.normalize("NFKC", text[:LONGEST]))
    return CHINESE_NUMBER.sub(lambda match: str(chinese_number(match.group(1))), simplify(text)).upper()


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Code point → whether arrays can fold it, and whether it is a numeral or what houses are counted in."""
    kinds = np.full(LAST, ODD, np.uint8)
    kinds[0x4E00:0xA000] = PLAIN_KIND
    for character in f"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ#-{BREAK}":
        kinds[ord(character)] = PLAIN_KIND
    for characters_, kind in ((NUMERAL, NUMERAL_KIND), (COUNTED, COUNTED_KIND)):
        kinds[[ord(character) for character in characters_]] = kind
    return kinds


def chinese_number(text: str) -> int:
    """The value of a Chinese numeral below a thousand.

    >>> chinese_number("二十三"), chinese_number("一〇二")
    (23, 102)
    """
    if not set(text) & set("十百"):
        return int("".join(str(DIGIT[character]) for character in text))
    total, last = 0, 0
    for character in text:
        if character == "百":
            total, last = total + max(last, 1) * 100, 0
        elif character == "十":
            total, last = total + max(last, 1) * 10, 0
        else:
            last = DIGIT[character]
    return total + last


def standard_addresses(texts: list[str]) -> list[str]:
    """`fold` of each text, by arrays where nothing but simplification is needed."""
    quick = [text.replace(BREAK, " ") for text in texts] if any(BREAK in text for text in texts) else texts
    points = flat(quick)
    bounded = np.minimum(points, LAST - 1)
    folded = unflat(characters().simplified[bounded])
    kind = _kinds()[bounded]
    odd = kind == ODD
    odd[1:] |= (kind[:-1] == NUMERAL_KIND) & (kind[1:] == COUNTED_KIND)
    starts, lengths = spans(points)
    slow = np.unique(np.searchsorted(starts, np.flatnonzero(odd), side="right") - 1)
    for place in np.union1d(slow, np.flatnonzero(lengths > LONGEST)).tolist():
        folded[place] = fold(texts[place])
    return folded


def address(texts: pa.StringArray) -> Standardised:
    """Addresses to keys.

    `value` is the whole text, `house` road and all numbers, `building` road and first number, `road` the road.
    """
    filled = texts.fill_null("")
    parts = [pa.array(standard_addresses(part.to_pylist()), pa.string()) for part in _chunks(filled)]
    codes, values = distinct(pa.concat_arrays([*parts, pa.array([], pa.string())]))
    found = [_road_keys(part.to_pylist()) for part in _chunks(values)] or [_road_keys([])]
    keys = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))} | keys))


def _chunks(texts: pa.StringArray) -> list[pa.StringArray]:
    """Slices that keep the arrays of code points small."""
    return [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]


def _road_keys(texts: list[str]) -> dict[str, Keys]:
    points = flat(texts)
    starts, lengths = spans(points)
    first, numbers, leading = _numbers(points, starts)
    road = _before(points, starts, np.where(first >= 0, first, lengths))
    present = np.where(first >= 0, numbers, 0).astype(np.uint64)
    return {"house": mixed(road, present), "building": mixed(road, leading), "road": mixed(road)}


def _before(points: npt.NDArray[np.uint32], starts: Places, anchor: Places) -> Keys:
    """The three characters before the first number as one number: 0 where there are fewer than two."""
    out = np.zeros(len(starts), np.uint64)
    for back in range(3, 0, -1):
        inside = anchor >= back
        taken = np.where(inside, points[np.where(inside, starts + anchor - back, 0)], 0)
        out = (out << np.uint64(21)) | taken.astype(np.uint64)
    return np.where(anchor >= 2, out, 0).astype(np.uint64)


def _numbers(points: npt.NDArray[np.uint32], starts: Places) -> tuple[Places, Keys, Keys]:
    """Of each text: where its first number begins (−1), a key of all its numbers in order, and of the first."""
    first = np.full(len(starts), -1, np.int64)
    everything, leading = np.zeros(len(starts), np.uint64), np.zeros(len(starts), np.uint64)
    digit = (points >= 48) & (points <= 57)
    begins = np.flatnonzero(digit & ~np.concatenate(([False], digit[:-1])))
    if not len(begins):
        return first, everything, leading
    ends = np.flatnonzero(digit & ~np.concatenate((digit[1:], [False]))) + 1
    owner = np.searchsorted(starts, begins, side="right") - 1
    values = _values(points, begins, ends)
    opens = np.concatenate(([True], owner[1:] != owner[:-1]))
    place = np.arange(len(begins)) - np.maximum.accumulate(np.where(opens, np.arange(len(begins)), 0))
    salted = mixed(values + np.uint64(1), (place + 1).astype(np.uint64))
    chosen = owner[opens]
    first[chosen] = begins[opens] - starts[chosen]
    everything[chosen] = np.bitwise_xor.reduceat(salted, np.flatnonzero(opens)) | np.uint64(1)
    leading[chosen] = values[opens] + np.uint64(1)
    return first, everything, leading


def _values(points: npt.NDArray[np.uint32], begins: Places, ends: Places) -> npt.NDArray[Any]:
    """The last nine digits of each run as a number."""
    value = np.zeros(len(begins), np.uint64)
    for back in range(9, 0, -1):
        inside = ends - back >= begins
        digit = np.where(inside, points[np.where(inside, ends - back, 0)] - 48, 0)
        value = value * np.uint64(10) + digit.astype(np.uint64)
    return value
