"""The map of the districts on the board: one labelled square a district, coloured by findings or by yuan.

Not to scale and without borders: no map data is needed, and a small district is as easy to hit as a large one. Squares
stand in the order of their division codes, which put urban districts first, then counties, then cities under the city.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import ceil, sqrt
from typing import Final, Literal

from mismatches.wording import UNKNOWN, money
from portal.bars import Counted
from portal.words import district_in_english, district_title
from schemas.bilingual import Language
from schemas.divisions import district_names, division_name

SIDE: Final = 120  # of a square, in units of the picture
STEP: Final = 128  # from one square to the next
SHADES: Final = 5  # above none, by equal steps up to the largest
Measure = Literal["findings", "yuan"]

_COUNTIES_FROM, _CITIES_FROM = 21, 81  # GB/T 2260: last two digits of counties, and of cities under a city
_LINE: Final[Mapping[Language, int]] = {"zh": 6, "en": 11}  # characters of a name beside each other
_LINES: Final = 2
_SIZES: Final[Mapping[Language, tuple[tuple[Decimal, str], ...]]] = {
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "en": ((Decimal(10) ** 9, " bn"), (Decimal(10) ** 6, " m"), (Decimal(10) ** 3, " k")),
}


@dataclass(frozen=True)
class Tile:
    """One district. `x`, `y`: its corner; `shade`: 0 for none to `SHADES`; `name`: in lines that fit."""

    title: str
    name: tuple[str, ...]
    findings: int
    likely: str
    short: str
    address: str
    x: int
    y: int
    shade: int


@dataclass(frozen=True)
class TileMap:
    """The squares of a picture `width` by `height`; `steps`: shade and the largest value that it stands for."""

    tiles: tuple[Tile, ...]
    width: int
    height: int
    steps: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Look:
    """How a map is drawn: what its colours say, in whose language, and where a change of the filter leads."""

    measure: Measure
    language: Language
    address: Callable[..., str]


def tile_map(found: Mapping[str | None, Counted], shown: Callable[[str], bool], look: Look) -> TileMap | None:
    """The districts of the cities in which anything was found; null where there are not two of them.

    Args:
        found: what each division counts; an unknown one has no place on a map.
        shown: whether the reader and the filter let a division through.
        look: how it is drawn.
    """
    codes = sorted(code for code in _districts(code for code in found if code) if shown(code))
    if len(codes) < 2:
        return None
    nothing = Counted({}, None)
    counts = {code: found.get(code, nothing) for code in codes}
    largest = max(_measured(row, look.measure) for row in counts.values())
    places = grid(codes)
    tiles = tuple(_tile(code, row, places[code], largest, look) for code, row in counts.items())
    columns, rows = (1 + max(place[axis] for place in places.values()) for axis in (0, 1))
    steps = [(shade, _said(largest * shade / SHADES, look)) for shade in range(1, SHADES + 1)] if largest else []
    return TileMap(tiles, columns * STEP, rows * STEP, tuple(steps))


def grid(codes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Division codes → column and row: about a square, each kind of district from a new row on.

    >>> grid(["370202", "370203", "370211", "370281"])
    {'370202': (0, 0), '370203': (1, 0), '370211': (0, 1), '370281': (0, 2)}
    """
    ordered = sorted(codes)
    columns = ceil(sqrt(len(ordered)))
    places, first = {}, 0
    for _, alike in groupby(ordered, lambda code: (code[:4], _kind(code))):
        group = list(alike)
        for number, code in enumerate(group):
            places[code] = (number % columns, first + number // columns)
        first += ceil(len(group) / columns)
    return places


def _districts(codes: Iterable[str]) -> set[str]:
    """All districts of today of the cities that codes lie in, and the codes themselves."""
    known = set(codes)
    return known.union(*(district_names(city).values() for city in {code[:4] for code in known}))


def _kind(code: str) -> int:
    number = int(code[4:6])
    return (number >= _COUNTIES_FROM) + (number >= _CITIES_FROM)


def _tile(code: str, row: Counted, place: tuple[int, int], largest: Decimal, look: Look) -> Tile:
    name, value = division_name(code) or code, _measured(row, look.measure)
    short = name if look.language == "zh" else district_in_english(name)
    return Tile(
        title=district_title(code, look.language),
        name=_lines(short, _LINE[look.language]),
        findings=row.findings,
        likely=money(row.likely) if row.likely is not None else UNKNOWN,
        short=_said(value, look),
        address=look.address(district=[code]),
        x=place[0] * STEP,
        y=place[1] * STEP,
        shade=min(ceil(SHADES * value / largest), SHADES) if value > 0 else 0,
    )


def _measured(row: Counted, measure: Measure) -> Decimal:
    return Decimal(row.findings) if measure == "findings" else row.likely or Decimal(0)


def _said(value: Decimal, look: Look) -> str:
    """A value in a few characters: yuan by ten thousands in Chinese, by thousands and millions in English."""
    if look.measure == "findings":
        return f"{ceil(value):,}"
    for size, word in _SIZES[look.language]:
        if value >= size:
            return f"{value / size:,.1f}{word}"
    return f"{value:,.0f}"


def _lines(title: str, width: int) -> tuple[str, ...]:
    parts = [title[start : start + width] for start in range(0, len(title), width)]
    return tuple(parts if len(parts) <= _LINES else [*parts[: _LINES - 1], f"{parts[_LINES - 1][:-1]}…"])
