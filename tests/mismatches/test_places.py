"""Districts and houses out of addresses, however they are written."""

import pyarrow as pa

from mismatches.places import current_districts, parsed_addresses


def parsed(*texts):
    return parsed_addresses(pa.array(texts, pa.string()), "3702").to_pylist()


def test_the_district_stands_before_the_first_number():
    rows = parsed(
        "青岛市崂山区海尔路1号",
        "山东省青岛市四方区人民路8号",
        "海尔路1号崂山区",
        "青岛市海尔路1号",
        "济南市历下区泉城路1号",
    )
    assert [row["district"] for row in rows] == ["370212", "370203", None, None, None]


def test_a_house_is_one_however_it_is_written():
    one, other, none, next_door = parsed(
        "崂山区海尔路1号3号楼502", "海尔路１号３号楼502室", "崂山区海尔路", "海尔路2号3号楼502"
    )
    assert one["house"] is not None
    assert one["house"] == other["house"] != next_door["house"]
    assert none["house"] is None


def test_villages_of_one_name_in_two_towns_are_two():
    one, other, same, unsaid = parsed(
        "山东省青岛市即墨区泊里街道上马村289号",
        "即墨区田横镇上马村289号",
        "即墨市泊里街道上马村289号",
        "即墨区上马村289号",
    )
    assert one["house"] == same["house"] != other["house"]
    assert unsaid["house"] is not None


def test_texts_that_say_nothing():
    assert parsed() == []
    assert [(row["district"], row["house"]) for row in parsed("")] == [(None, None)]


def test_codes():
    table = current_districts(pa.array(["370205", "999999"], pa.string()))
    assert table.to_pylist() == [{"code": "370205", "district": "370203"}, {"code": "999999", "district": None}]
