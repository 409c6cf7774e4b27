"""Houses of the city, and the ways in which departments write them.

Owns districts with their codes, roads and villages, and a table of houses; a person or an enterprise holds the place
of a house in it. Codes of the districts: GB/T 2260. Roads and villages are made up from common words.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.cities.vocabulary import words

Places = np.ndarray[Any, np.dtype[np.int32]]

# name, code today, code on numbers given before 1994, an older name of the place, share of the houses
DISTRICTS = (
    ("市南区", 370202, 370202, "市南区", 0.10),
    ("市北区", 370203, 370205, "四方区", 0.16),
    ("李沧区", 370213, 370206, "李沧区", 0.09),
    ("黄岛区", 370211, 370284, "胶南市", 0.19),
    ("崂山区", 370212, 370221, "崂山区", 0.06),
    ("城阳区", 370214, 370221, "城阳区", 0.10),
    ("即墨区", 370215, 370222, "即墨市", 0.11),
    ("胶州市", 370281, 370223, "胶州市", 0.08),
    ("平度市", 370283, 370226, "平度市", 0.07),
    ("莱西市", 370285, 370225, "莱西市", 0.04),
)
ELSEWHERE = (370102, 370602, 370782, 371302, 371702, 320102, 340104, 410105, 210202, 230103, 130102, 510107)
_ROAD_WORDS = words("roads")
_ROAD_ENDS = ("路", "中路", "东路", "西路", "南路", "北路", "一路", "二路", "支路", "大街")
_TOWN_WORDS = words("towns")
_VILLAGE_WORDS = [
    "东王",
    "西李",
    "前张",
    "后刘",
    "大孙",
    "小赵",
    "南于",
    "北陈",
    "上马",
    "下庄",
    "石桥",
    "柳林",
    "河头",
    "桃园",
    "杏花",
    "黄埠",
    "沙窝",
    "官庄",
    "店子",
    "埠前",
]
_ESTATES = words("estates")
_ESTATE_ENDS = ("小区", "花园", "家园", "新城", "公寓")


@dataclass(frozen=True)
class Houses:
    """One row per house (flat or farmstead). `rural` houses have a town, a village and a number."""

    district: Places
    road: Places
    number: Places
    estate: Places
    building: Places
    unit: Places
    room: Places
    rural: np.ndarray[Any, np.dtype[np.bool_]]

    def __len__(self) -> int:
        """Houses."""
        return len(self.district)


def draw_houses(count: int, rng: np.random.Generator) -> Houses:
    """Flats stand in estates of some hundred flats, so that neighbours share road, number and building."""
    blocks = max(count // 60, 1)
    of = np.sort(rng.integers(0, blocks, count))
    district = rng.choice(len(DISTRICTS), blocks, p=[row[4] for row in DISTRICTS])
    rural = rng.random(blocks) < np.where(district >= 6, 0.5, 0.06)
    floor, side = rng.integers(1, 19, count), rng.integers(1, 5, count)
    columns = (
        district, rng.integers(0, len(_ROAD_WORDS) * len(_ROAD_ENDS), blocks), rng.integers(1, 320, blocks),
        np.where(rng.random(blocks) < 0.4, rng.integers(0, len(_ESTATES) * len(_ESTATE_ENDS), blocks), -1),
    )  # fmt: skip
    part = [column[of].astype(np.int32) for column in columns]
    number = np.where(rural[of], rng.integers(1, 600, count), part[2]).astype(np.int32)
    building, unit = rng.integers(1, 25, count).astype(np.int32), rng.integers(1, 5, count).astype(np.int32)
    return Houses(part[0], part[1], number, part[3], building, unit, (floor * 100 + side).astype(np.int32), rural[of])


def _words(heads: list[str], ends: tuple[str, ...]) -> pa.Array:
    return pa.array([head + end for head in heads for end in ends])


def _say(values: Places, before: str, after: str) -> pa.Array:
    return pc.binary_join_element_wise(before, pa.array(values).cast(pa.string()), after, "")


def write_addresses(houses: Houses, at: Places, style: int, rng: np.random.Generator) -> pa.Array:
    """One text per place in `at`, null where it is negative.

    Args:
        houses: the table of houses.
        at: places in it.
        style: 0 in full from the province; 1 from the city; 2 from the district with hyphens; 3 loosely, with older
            names of places, full-width digits, flats left out.
        rng: decides where a department departs from its own style.
    """
    at_, count = np.maximum(at, 0), len(at)
    district = pa.array([row[0] for row in DISTRICTS]).take(pa.array(houses.district[at_]))
    if style == 3:
        older = pa.array([row[3] for row in DISTRICTS]).take(pa.array(houses.district[at_]))
        district = pc.if_else(pa.array(rng.random(count) < 0.15), older, district)
        district = pc.if_else(pa.array(rng.random(count) < 0.10), "", district)
    start = ("山东省青岛市", "青岛市", "", "青岛")[style]
    town = pc.binary_join_element_wise(
        _words(_TOWN_WORDS, ("镇", "街道")).take(pa.array(houses.road[at_] % (2 * len(_TOWN_WORDS)))),
        _words(_VILLAGE_WORDS, ("村", "社区")).take(pa.array(houses.building[at_] + houses.road[at_] % 16)),
        _say(houses.number[at_], "", "号"), "",
    )  # fmt: skip
    road = pc.binary_join_element_wise(
        _words(_ROAD_WORDS, _ROAD_ENDS).take(pa.array(houses.road[at_])), _say(houses.number[at_], "", "号"),
        _estate(houses, at_, style, rng), _flat(houses, at_, style, rng), "",
    )  # fmt: skip
    whole = pc.binary_join_element_wise(start, district, pc.if_else(pa.array(houses.rural[at_]), town, road), "")
    if style == 3:
        wide = pc.utf8_replace_slice(whole, 0, 0, "")
        for narrow, full in zip("0123456789", "０１２３４５６７８９", strict=True):
            wide = pc.replace_substring(wide, narrow, full)
        whole = pc.if_else(pa.array(rng.random(count) < 0.1), wide, whole)
    return pc.if_else(pa.array(at < 0), None, whole)


def _estate(houses: Houses, at: Places, style: int, rng: np.random.Generator) -> pa.Array:
    """The estate's name, which departments give or leave out as they like."""
    names = pa.concat_arrays([pa.array([""]), _words(_ESTATES, _ESTATE_ENDS)])
    said = rng.random(len(at)) < (0.95, 0.8, 0.4, 0.5)[style]
    return names.take(pa.array(np.where(said, houses.estate[at] + 1, 0)))


def _flat(houses: Houses, at: Places, style: int, rng: np.random.Generator) -> pa.Array:
    if style == 2:
        parts = [_say(column[at], "", "") for column in (houses.building, houses.unit, houses.room)]
        return pc.binary_join_element_wise(*parts, "-")
    word = ("号楼", "号楼", "", "栋")[style]
    flat = pc.binary_join_element_wise(
        _say(houses.building[at], "", word), _say(houses.unit[at], "", "单元"),
        _say(houses.room[at], "", "户" if style == 0 else "室"), "",
    )  # fmt: skip
    if style != 3:
        return flat
    return pc.if_else(pa.array(rng.random(len(at)) < 0.12), "", flat)
