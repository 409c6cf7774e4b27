"""Which district of today a code or a name leads to."""

import pytest

from schemas.divisions import current_district, district_names, divisions
from schemas.industries import former_divisions


@pytest.mark.parametrize(
    ("code", "today"),
    [
        ("370202", "370202"),
        ("370205", "370203"),  # 四方, in 市北 since 2012
        ("370204", "370203"),  # 台东, in 市北 since 1994
        ("370206", "370213"),  # 沧口, most of it 李沧
        ("370222", "370215"),  # a county, then a city, then a district
        ("372126", "370285"),  # 莱西 under another prefecture
        ("370202001", "370202"),
        ("370200", None),
        ("370000", None),
        ("370271", None),
        ("999999", None),
        ("", None),
        (None, None),
    ],
)
def test_a_code_leads_to_its_district_of_today(code, today):
    assert current_district(code) == today


def test_today_leads_to_itself():
    """What a code leads to is in force, for every code of every revision."""
    ends = {current_district(code) for code in divisions()} - {None}
    assert ends
    assert {current_district(code) for code in ends} == ends


def test_names_of_a_city():
    names = district_names("3702")
    assert names["崂山区"] == "370212"
    assert names["四方区"] == names["市北区"] == "370203"
    assert names["胶南市"] == names["西海岸新区"] == "370211"
    assert "青岛市" not in names
    assert not set(names) & set(district_names("3701"))


def test_editions_of_industries():
    assert ("65", "52") in former_divisions()  # retail, 2002 → 2017
    assert all(len(former) == len(present) == 2 for former, present in former_divisions())
