"""The map of districts: each square leads to the list that it counts, and none stands upon another."""

import re
from decimal import Decimal
from html import unescape

import pytest

from portal.bars import Counted
from portal.tiles import SHADES, Look, grid, tile_map
from schemas.divisions import district_names
from tests.portal.city_hall import CHIEF, DISTRICTS, LI
from tests.portal.test_findings import total

TILE = re.compile(
    r'<a href="([^"]+)" aria-label="([^:"]+): ([\d,]+) [^"]+"><title>.*?<rect class="shade-(\d)"', re.DOTALL
)


def tiles(hall, actor, address="/board"):
    answer = hall.reader(actor).get(address)
    assert answer.status_code == 200
    return [
        (unescape(to), name, int(n.replace(",", "")), int(shade)) for to, name, n, shade in TILE.findall(answer.text)
    ]


def test_every_square_leads_to_a_list_of_as_many(hall):
    found = tiles(hall, CHIEF)
    assert len(found) == len(set(district_names("3702").values()))
    for address, _, count, _ in found:
        assert total(hall.reader(CHIEF).get(address).text) == count
    assert sum(count > 0 for *_, count, _ in found) >= len(DISTRICTS)


def test_darker_is_more_and_white_is_none(hall):
    found = sorted((count, shade) for *_, count, shade in tiles(hall, CHIEF))
    assert [shade for _, shade in found] == sorted(shade for _, shade in found)
    assert all((count == 0) == (shade == 0) for count, shade in found)
    assert found[-1][1] == SHADES


def test_the_filter_stays_in_the_squares_and_leaves_others_out(hall):
    found = tiles(hall, CHIEF, "/board?severity=high&district=370202&district=370211&map=yuan")
    assert {name for _, name, *_ in found} == {"市南区", "黄岛区"}
    assert all("severity=high" in address for address, *_ in found)


def test_one_district_is_no_map(hall):
    assert not tiles(hall, LI)
    assert 'class="map"' not in hall.reader(LI).get("/board").text


@pytest.mark.parametrize("city", ["3702", "1101", "5101", "5002"])
def test_squares_of_any_city_stand_apart(city):
    codes = sorted(set(district_names(city).values()))
    places = grid(codes)
    assert list(places) == codes
    assert len(set(places.values())) == len(codes)
    ordered = sorted(places, key=lambda code: places[code][::-1])
    assert ordered == codes  # read like a page, they follow their codes


def test_yuan_are_told_in_the_units_of_the_language():
    found = {"370202": Counted({"high": 2}, Decimal("123456789")), "370203": Counted({"low": 1}, None)}
    for language, words in (("zh", "1.2亿"), ("en", "123.5 m")):
        shown = tile_map(found, lambda code: code in found, Look("yuan", language, lambda **changes: str(changes)))
        assert [(one.short, one.shade, one.findings) for one in shown.tiles] == [(words, SHADES, 2), ("0", 0, 1)]
        assert shown.steps[-1] == (SHADES, words)


def test_a_long_name_is_cut_on_the_square_and_whole_in_its_text():
    found = {code: Counted({"low": 1}, None) for code in ("530827", "530828")}  # 孟连傣族拉祜族佤族自治县
    shown = tile_map(found, lambda code: code in found, Look("findings", "zh", lambda **changes: str(changes)))
    assert shown.tiles[0].title == "孟连傣族拉祜族佤族自治县"
    assert shown.tiles[0].name == ("孟连傣族拉祜", "族佤族自治县")
