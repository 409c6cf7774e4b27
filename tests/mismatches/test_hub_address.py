"""Many enterprises at one address: the twentieth, one house however written, ended ones, addresses without a number."""

RULE = "hub_address"
HOUSE = "青岛市崂山区海尔路1号3号楼502室"
LEAST = 20


def licence(city, key, address=HOUSE, master=None, status="1", **values):
    city.add(
        "commerce.enterprise",
        {"record_id": f"C{key:02d}", "name": f"单位{key}", "status": status, "address": address} | values,
    )
    if master != "":
        city.link(master or f"E{key}", f"commerce.enterprise:C{key:02d}", probability=0.97)


def test_twenty_are_each_hit_and_nineteen_are_not(city):
    for key in range(LEAST):
        licence(city, key)
    for key in range(30, 30 + LEAST - 1):
        licence(city, key, "青岛市崂山区海尔路2号3号楼502室")
    checked = city.check()
    assert checked.counts(RULE) == (LEAST, LEAST - 1, 0)
    found = {f["master_id"]: f for f in checked.of(RULE)}
    assert set(found) == {f"E{key}" for key in range(LEAST)}
    one = found["E7"]
    assert (one["subject_kind"], one["severity"], one["period"], one["estimate_low"]) == (
        "enterprise", "medium", None, None,
    )  # fmt: skip
    roles = [(e["record_id"], e["role"]) for e in one["evidence"]]
    assert roles[0] == ("C07", "subject")
    assert sorted(roles[1:]) == [(f"C{key:02d}", "support") for key in range(LEAST) if key != 7]
    assert city.told(RULE)["E7"]["enterprises"] == LEAST


def test_one_house_however_it_is_written(city):
    spellings = [
        HOUSE,
        "山东省青岛市崂山区海尔路1号3号楼502",
        "青岛市崂山区海尔路１号３号楼５０２室",
        "崂山区 海尔路1号3栋502室",
    ]
    for key in range(LEAST):
        licence(city, key, spellings[key % len(spellings)])
    licence(city, 30, "海尔路1号3号楼502室", division_code="370212")  # the code tells the district
    assert city.check().counts(RULE) == (LEAST + 1, 0, 0)


def test_a_district_under_its_former_name_is_the_same_house(city):
    for key in range(LEAST):
        licence(city, key, f"青岛市{'四方区' if key % 2 else '市北区'}人民路5号101")
    assert city.check().counts(RULE) == (LEAST, 0, 0)


def test_roads_of_two_districts_share_a_name(city):
    for key in range(LEAST):
        licence(city, key, f"青岛市{'黄岛区' if key % 2 else '崂山区'}人民路5号101")
    assert city.check().counts(RULE) == (0, LEAST, 0)


def test_an_enterprise_counts_once_with_all_its_licences(city):
    for key in range(LEAST):
        licence(city, key, master="E0" if key < 2 else None)
    assert city.check().counts(RULE) == (0, LEAST - 1, 0)


def test_ended_enterprises_count_and_weigh_less(city):
    for key in range(LEAST):
        licence(city, key, status="3" if key == 5 else "1")
    severities = {f["master_id"]: f["severity"] for f in city.check().of(RULE, "hit")}
    assert severities.pop("E5") == "low"
    assert set(severities.values()) == {"medium"}


def test_addresses_that_name_no_house_are_not_comparable(city):
    for key in range(LEAST + 1):
        licence(city, key, "青岛市崂山区海尔路")
    licence(city, 40, None)
    licence(city, 41, master="")
    licence(city, 42)
    checked = city.check()
    assert checked.counts(RULE) == (0, 1, LEAST + 3)
    assert checked.rule(RULE)["not_comparable_reasons"] == {"no_address": 1, "no_house": LEAST + 1, "unlinked": 1}


def test_a_large_service_address_is_cited_in_part(city):
    """A registered-address service: every enterprise is told of, and cites as many neighbours as make a hub."""
    for key in range(60):
        licence(city, key)
    found = city.check().of(RULE, "hit")
    assert len(found) == 60
    assert max(len(f["evidence"]) for f in found) == LEAST + 1
