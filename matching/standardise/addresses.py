"""Addresses as a road and the numbers along it, whatever words stand between the numbers.

`香港中路12号3号楼2单元502室`, `市南区香港中路12号3-2-502` and `香港中路１２号三号楼２单元502` give the same house.
Owns only comparison keys. It refuses nothing; an address without a number has a road and no house.
"""

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.characters.table import LAST, characters, simplify
from matching.standardise.codepoints import Characters, flat
from matching.standardise.folding import DROPPED, ODD, Folding, at_rest, fold_all, merged
from matching.standardise.values import Keys, Standardised, ValueTable, mixed, numbered

LONGEST: Final = 120
"""Characters of an address that are read."""

CHUNK: Final = 1 << 14
"""Addresses worked on at once."""

NUMERAL = "一二三四五六七八九十百〇零"
COUNTED = "号楼单栋幢层室户座"
NUMERAL_KIND, COUNTED_KIND = 1, 2
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
def _folding() -> Folding:
    """Ideographs and what has a single equal in its row fold by table; a Chinese house number does not."""
    table = np.full(LAST, ODD, np.uint32)
    table[0x4E00:0xA000] = characters().simplified[0x4E00:0xA000]
    for point in (*range(1, 0x80), *range(0x2010, 0x2028), *range(0x3000, 0x3012), *range(0xFF01, 0xFF5F)):
        folded = fold(chr(point))
        if len(folded) < 2:
            table[point] = ord(folded) if folded else DROPPED
    return Folding(fold, table, _chinese_numbers, LONGEST)


def _chinese_numbers(held: Characters) -> npt.NDArray[np.bool_]:
    """Numerals before what houses are counted in."""
    kind = _kinds().take(held.points, mode="clip")
    found = np.zeros(len(kind), bool)
    found[:-1] = (kind[:-1] == NUMERAL_KIND) & (kind[1:] == COUNTED_KIND)
    return found


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Code point → whether it is a numeral or what houses are counted in."""
    kinds = np.zeros(LAST, np.uint8)
    for texts, kind in ((NUMERAL, NUMERAL_KIND), (COUNTED, COUNTED_KIND)):
        kinds[[ord(character) for character in texts]] = kind
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


def standard_addresses(texts: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """`fold` of each text, and which texts it changed."""
    return fold_all(texts, _folding())


def address(texts: pa.StringArray) -> Standardised:
    """Addresses to keys.

    `value` is the whole text, `house` road and all numbers, `building` road and first number, `road` the road.
    """
    return _standardised(texts, estates=False)


def estate_address(texts: pa.StringArray) -> Standardised:
    """Addresses to the keys of `address` and to `flat`, an estate and the last three numbers.

    That is the same whether road and number stand before the estate or are left out.
    """
    return _standardised(texts, estates=True)


def _standardised(texts: pa.StringArray, *, estates: bool) -> Standardised:
    folded = [standard_addresses(part) for part in _chunks(texts)] or [(texts, np.zeros(0, bool))]
    codes, values = merged(pa.concat_arrays([part for part, _ in folded]), np.concatenate([c for _, c in folded]))
    del folded
    found = [_road_keys(flat(part), estates) for part in _chunks(values)] or [_road_keys(flat(values), estates)]
    keys = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return Standardised(codes, ValueTable(values, {"value": numbered(len(values))} | keys))


def _chunks(texts: pa.StringArray) -> list[pa.StringArray]:
    """Slices that keep the arrays of code points small."""
    return [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]


def _road_keys(held: Characters, estates: bool) -> dict[str, Keys]:
    found = _numbers(held.points, held.starts)
    road = _before(held.points, held.starts, np.where(found.first >= 0, found.first, held.lengths))
    keys = {"house": mixed(road, found.everything), "building": mixed(road, found.leading), "road": mixed(road)}
    return keys | {"flat": _flats(held, found)} if estates else keys


def _flats(held: Characters, found: "_Numbers") -> Keys:
    """Keys of the last three numbers and what stands before them, unless that is the number of a house."""
    opens = np.concatenate(([True], found.owner[1:] != found.owner[:-1])) if len(found.owner) else np.zeros(0, bool)
    place = np.arange(len(opens)) - np.maximum.accumulate(np.where(opens, np.arange(len(opens)), 0))
    last = np.flatnonzero(np.append(opens[1:], True)[: len(opens)] & (place >= 2))
    owner = found.owner[last]
    estate = _before(held.points, held.starts[owner], found.begins[last - 2] - held.starts[owner])
    ends = estate & np.uint64(0x1FFFFF)
    estate = np.where((ends >= np.uint64(0x4E00)) & (ends != ord("号")), estate, 0).astype(np.uint64)
    out = np.zeros(len(held.starts), np.uint64)
    if len(last):
        out[owner] = mixed(estate, *(found.values[last - back] + np.uint64(1) for back in range(3)))
    return out


def _before(points: npt.NDArray[np.uint32], starts: Places, anchor: Places) -> Keys:
    """The three characters before the first number as one number: 0 where there are fewer than two."""
    out = np.zeros(len(starts), np.uint64)
    if not len(points):  # nothing but empty texts
        return out
    for back in range(3, 0, -1):
        inside = anchor >= back
        taken = np.where(inside, points[np.where(inside, starts + anchor - back, 0)], 0)
        out = (out << np.uint64(21)) | taken.astype(np.uint64)
    return np.where(anchor >= 2, out, 0).astype(np.uint64)


@dataclass(frozen=True)
class _Numbers:
    """The numbers of some texts, those of floors left out that a room says again.

    Attributes:
        first: by text, where its first number begins, −1 where there is none.
        everything: by text, a key of all its numbers in order; `leading` of the first; 0 where there is none.
        begins, values, owner: by number, where it begins, its value and the place of its text.
    """

    first: Places
    everything: Keys
    leading: Keys
    begins: Places
    values: Keys
    owner: Places


def _numbers(points: npt.NDArray[np.uint32], starts: Places) -> _Numbers:
    first = np.full(len(starts), -1, np.int64)
    everything, leading = np.zeros(len(starts), np.uint64), np.zeros(len(starts), np.uint64)
    begins, ends = _runs(points, starts)
    owner = np.searchsorted(starts, begins, side="right") - 1
    values = _values(points, begins, ends)
    if len(begins):
        floors = _floors(points, values, ends, owner)
        if floors.any():
            begins, owner, values = begins[~floors], owner[~floors], values[~floors]
        opens = np.concatenate(([True], owner[1:] != owner[:-1]))
        place = np.arange(len(begins)) - np.maximum.accumulate(np.where(opens, np.arange(len(begins)), 0))
        salted = mixed(values + np.uint64(1), (place + 1).astype(np.uint64))
        chosen = owner[opens]
        first[chosen] = begins[opens] - starts[chosen]
        everything[chosen] = np.bitwise_xor.reduceat(salted, np.flatnonzero(opens)) | np.uint64(1)
        leading[chosen] = values[opens] + np.uint64(1)
    return _Numbers(first, everything, leading, begins, values, owner)


def _runs(points: npt.NDArray[np.uint32], starts: Places) -> tuple[Places, Places]:
    """Where the runs of digits begin and end, none over the end of a text."""
    digit = (points - 48) <= 9
    opening = digit.copy()
    opening[1:] &= ~digit[:-1]
    boundary = starts[1:][starts[1:] < len(points)]
    opening[boundary] = digit[boundary]
    closing = digit.copy()
    closing[:-1] &= ~digit[1:] | opening[1:]
    return np.flatnonzero(opening), np.flatnonzero(closing) + 1


def _floors(
    points: npt.NDArray[np.uint32], values: npt.NDArray[np.uint64], ends: Places, owner: Places
) -> npt.NDArray[np.bool_]:
    """Numbers of floors that the room behind them says again: 5层502."""
    out = np.zeros(len(values), bool)
    follows = points[np.minimum(ends[:-1], len(points) - 1)]
    out[:-1] = np.isin(follows, [ord("层"), ord("楼")]) & (values[1:] // 100 == values[:-1]) & (owner[1:] == owner[:-1])
    return out


def _values(points: npt.NDArray[np.uint32], begins: Places, ends: Places) -> npt.NDArray[Any]:
    """The last nine digits of each run as a number."""
    begins = np.maximum(begins, ends - 9)
    value = (points[begins] - 48).astype(np.uint64)
    rows = np.flatnonzero(ends - begins > 1)
    for place in range(1, 9):
        value[rows] = value[rows] * np.uint64(10) + (points[begins[rows] + place] - 48)
        rows = rows[(ends - begins)[rows] > place + 1]
    return value
