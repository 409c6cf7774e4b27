"""Dwellings of Qingdao, and the ways in which offices write an address down.

A dwelling is fixed; its text differs from office to office: with or without province, street and compound,
`3-2-502` for 3号楼2单元502室, full-width digits, and the names of districts that no longer exist.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulation import tables
from simulation.randomness import Ints, stream, weighted
from simulation.values import joined

FULL, CITY, SHORT, COMPOUND, HISTORIC, WIDE = range(6)
WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
FIRST_YEAR = 1980
YEARS = 60


@dataclass(frozen=True)
class Parts:
    """Parts of the city, finer than today's districts, with the division code of every year."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    current: Ints
    code_by_year: Ints
    old_names: tuple[str, ...]


def parts() -> Parts:
    """Read `divisions.csv`: one row a part and span of years."""
    rows = tables.rows("divisions")
    names = tuple(dict.fromkeys(row["part"] for row in rows))
    codes = np.zeros((len(names), YEARS), dtype=np.int64)
    shares, current, old = [0.0] * len(names), np.zeros(len(names), dtype=np.int64), [""] * len(names)
    for row in rows:
        part = names.index(row["part"])
        shares[part], current[part] = float(row["share"]), int(row["current_code"])
        last = min(int(row["last_year"]), FIRST_YEAR + YEARS - 1)
        codes[part, int(row["first_year"]) - FIRST_YEAR : last - FIRST_YEAR + 1] = int(row["code"])
        if row["last_year"] != "9999" or not old[part]:
            old[part] = row["name"]
    return Parts(names, tuple(shares), current, codes, tuple(old))


@dataclass(frozen=True)
class Dwellings:
    """One entry a dwelling; the text columns are values by dwelling."""

    part: Ints
    street: Ints
    district: pa.StringArray
    old_district: pa.StringArray
    street_name: pa.StringArray
    road: pa.StringArray
    house: pa.StringArray
    compound: pa.StringArray
    building: pa.StringArray
    unit: pa.StringArray
    room: pa.StringArray
    rural: np.ndarray

    @property
    def division(self) -> pa.StringArray:
        """Nine digits of the street."""
        return pa.array(tables.column("streets", "code")).take(pa.array(self.street))


def dwellings(seed: int, name: str, part: Ints) -> Dwellings:
    """One dwelling in each of the given parts."""
    rng, count, city = stream(seed, f"dwellings {name}"), len(part), parts()
    street_part = np.array([city.names.index(one) for one in tables.column("streets", "part")])
    street = np.zeros(count, dtype=np.int64)
    road, roads = np.zeros(count, dtype=np.int64), list[str]()
    by_district = {int(row["district"]): row["roads"].split("、") for row in tables.rows("roads")}
    for code in sorted(by_district):
        rows = np.flatnonzero(city.current[part] == code)
        road[rows] = len(roads) + weighted(rng, 1 / (np.arange(len(by_district[code])) + 4.0), len(rows))
        roads += by_district[code]
    for one in range(len(city.names)):
        rows = np.flatnonzero(part == one)
        street[rows] = rng.choice(np.flatnonzero(street_part == one), len(rows))
    rural = np.array([name.endswith("镇") for name in tables.column("streets", "name")])[street]
    village = _villages(rng, street)
    road_name = pa.array(roads).take(pa.array(road))
    rooms = rng.integers(1, 24, count) * 100 + rng.integers(1, 5, count)
    take = pa.array(street)
    return Dwellings(
        part=part,
        street=street,
        district=pa.array(tables.column("streets", "district")).take(take),
        old_district=pa.array(city.old_names).take(pa.array(part)),
        street_name=pa.array(tables.column("streets", "name")).take(take),
        road=pa.compute.if_else(pa.array(rural), village, road_name),
        house=_number(1 + rng.integers(0, 280, count)),
        compound=pa.array(tables.column("compounds", "name")).take(
            pa.array(weighted(rng, tables.weights("compounds"), count))
        ),
        building=_number(1 + np.minimum(rng.geometric(0.12, count), 60)),
        unit=_number(rng.integers(1, 5, count)),
        room=_number(rooms),
        rural=rural,
    )


def _villages(rng: np.random.Generator, street: Ints) -> pa.StringArray:
    listed = [text.split("、") for text in tables.column("streets", "communities")]
    start = np.cumsum([0] + [len(names) for names in listed])
    drawn = start[street] + rng.integers(0, 1 << 20, len(street)) % np.diff(start)[street]
    return pa.array(
        [name.removesuffix("社区村") + "村" * name.endswith("社区村") for names in listed for name in names]
    ).take(pa.array(drawn))


def _number(values: Ints) -> pa.StringArray:
    return pa.array(values).cast(pa.string())


def addresses(homes: Dwellings, dwelling: Ints, style: Ints) -> pa.StringArray:
    """The text of a dwelling in a style, one entry a record."""
    groups, order = [], []
    for one in range(6):
        for rural in (False, True):
            rows = np.flatnonzero((style == one) & (homes.rural[dwelling] == rural))
            if len(rows):
                groups.append(_written(homes, pa.array(dwelling[rows]), one, rural))
                order.append(rows)
    if not groups:
        return pa.array([], pa.string())
    place = np.empty(len(dwelling), dtype=np.int64)
    place[np.concatenate(order)] = np.arange(len(dwelling))
    return pa.chunked_array(groups).combine_chunks().take(pa.array(place))


def _written(homes: Dwellings, rows: pa.Array, style: int, rural: bool) -> pa.StringArray:
    def of(column: pa.StringArray) -> pa.StringArray:
        return column.take(rows)

    district = of(homes.old_district if style == HISTORIC else homes.district)
    prefix = {FULL: "山东省青岛市", CITY: "青岛市", SHORT: "", COMPOUND: "青岛市", HISTORIC: "山东省", WIDE: "青岛市"}[
        style
    ]
    if rural:
        number = (of(homes.house), "号") if style in (FULL, CITY, HISTORIC) else ("",)
        return joined(prefix, district, of(homes.street_name), of(homes.road), *number)
    road = (of(homes.road), of(homes.house), "号")
    block, unit, room = of(homes.building), of(homes.unit), of(homes.room)
    written: tuple[pa.Array | str, ...]
    if style == FULL:
        written = (of(homes.street_name), *road, of(homes.compound), block, "号楼", unit, "单元", room, "室")
    elif style in (CITY, WIDE):
        written = (*road, block, "号楼", unit, "单元", room, "室")
    elif style == SHORT:
        written = (*road, block, "-", unit, "-", room)
    elif style == COMPOUND:
        written = (of(homes.compound), block, "栋", unit, "单元", room)
    else:
        written = (*road, of(homes.compound), block, "号楼", unit, "单元", room, "户")
    text = joined(prefix, district, *written)
    return pa.array([one.translate(WIDE_DIGITS) for one in text.to_pylist()]) if style == WIDE else text
