"""Characters of names, and what writes them wrongly.

Owns one table of entries: a surname, a character of a given name, a mark. A name is four places in this table, so that
every error is a lookup in an array. Weights are made up: they fall with the place in the list.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pypinyin import lazy_pinyin

from benchmarks.cities.vocabulary import letters, words

Places = np.ndarray[Any, np.dtype[np.int32]]

SURNAMES = letters("surnames")
COMPOUND = ("欧阳", "上官", "司马", "诸葛", "尉迟", "皇甫")
MALE, FEMALE, MORE = letters("male"), letters("female"), letters("more")
RARE = ("䶮", "𠮷", "堃", "喆", "犇", "㛃", "垚", "昇", "淼", "燚", "翀", "㸅")
SEGMENTS = ("买买提", "阿卜杜拉", "古丽", "艾山", "努尔", "吐尔逊", "热合曼", "麦麦提", "库尔班", "玉素甫", "沙迪克")
LOOKS, OLD_FORMS, SURNAME_TWINS = words("looks"), words("old_forms"), words("surname_twins")
DOTS = ("·", "•", ".", "‧", "・", "")
LOST = ("?", "□", "*", "？", "")


@dataclass(frozen=True)
class Lettering:
    """The table of entries and its lookups.

    Attributes:
        text: one string per entry.
        sound, look, old, twin: for each entry one to four entries that are written for it by homophony, by
            resemblance, in the traditional form, or as another spelling of a surname; the entry itself where none is.
    """

    text: pa.Array
    surnames: Places
    compounds: Places
    male: Places
    female: Places
    rare: Places
    segments: Places
    dots: Places
    lost: Places
    empty: int
    sound: Places
    look: Places
    old: Places
    twin: Places


def lettering() -> Lettering:
    """The same table whenever it is called."""
    table: dict[str, int] = {"": 0}
    groups = [SURNAMES, COMPOUND, MALE, FEMALE, RARE, SEGMENTS, DOTS, LOST]
    known = [np.array([table.setdefault(word, len(table)) for word in group], np.int32) for group in groups]
    for word in (*MORE, *(letter for pairs in (LOOKS, OLD_FORMS, SURNAME_TWINS) for letter in pairs)):
        for letter in word:
            table.setdefault(letter, len(table))
    surnames, compounds, male, female, rare, segments, dots, lost = known
    return Lettering(
        pa.array(list(table)), surnames, compounds, male, female, rare, segments, dots, lost, 0,
        _sounds(table), _pairs(table, LOOKS), _pairs(table, OLD_FORMS), _pairs(table, SURNAME_TWINS),
    )  # fmt: skip


def _sounds(places: dict[str, int]) -> Places:
    by_sound: dict[str, list[int]] = {}
    for word, place in places.items():
        if len(word) == 1 and "一" <= word <= "鿿":
            by_sound.setdefault(lazy_pinyin(word)[0], []).append(place)
    found = {place: [other for other in group if other != place] for group in by_sound.values() for place in group}
    return _table(places, found)


def _pairs(places: dict[str, int], pairs: list[str]) -> Places:
    found: dict[int, list[int]] = {}
    for pair in pairs:
        found.setdefault(places[pair[0]], []).append(places[pair[1]])
    return _table(places, found)


def _table(places: dict[str, int], found: dict[int, list[int]]) -> Places:
    table = np.repeat(np.arange(len(places), dtype=np.int32)[:, None], 4, axis=1)
    for place, others in found.items():
        table[place] = np.resize(others or [place], 4)
    return table


def falling(count: int, power: float = 0.7) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Weights that fall with the place, adding up to one."""
    weights = 1.0 / np.arange(2, count + 2) ** power
    return np.asarray(weights / weights.sum())
