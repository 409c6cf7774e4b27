"""Every path of a home folder is named once, private, and cannot leave it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import BadSpecification
from storage.zones import Zones, checked_component


def test_paths_are_those_of_the_architecture(tmp_path):
    zones = Zones(tmp_path)
    named = {
        "landing/tax/wage/20260331": zones.landing("tax", "wage", "20260331"),
        "accepted/tax/wage/v1": zones.accepted("tax", "wage", "v1"),
        "quarantine/tax/wage/v1": zones.quarantine("tax", "wage", "v1"),
        "quality/tax/wage/v1": zones.quality("tax", "wage", "v1"),
        "matching/person/r1": zones.matching("person", "r1"),
        "published/person/v1": zones.published("person", "v1"),
        "published/person/current": zones.current("person"),
        "reports/2026-03-31": zones.reports(date(2026, 3, 31)),
        "deliveries/民政局/v1": zones.deliveries("民政局", "v1"),
        "postgres": zones.postgres,
        "work": zones.work,
        "lock": zones.lock,
    }
    assert {name: path.relative_to(tmp_path).as_posix() for name, path in named.items()} == {
        name: name for name in named
    }


def test_a_new_home_is_closed_to_others(tmp_path):
    zones = Zones(tmp_path / "a" / "home").create()
    folders = [zones.home, *zones.home.iterdir()]
    assert len(folders) > 5
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_an_empty_home_that_stands_open_is_closed(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    Zones(home).create()
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_folder_with_other_things_keeps_its_mode(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    (home / "someone's.txt").write_text("x")
    Zones(home).create()
    assert home.stat().st_mode & 0o777 == 0o755
    assert (home / "work").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a\0b", "a\nb", "\ud800", "名" * 86])
def test_names_that_could_leave_their_folder_are_refused(name, tmp_path):
    with pytest.raises(BadSpecification):
        Zones(tmp_path).landing("tax", "wage", name)


@given(st.text(max_size=300))
def test_an_accepted_name_is_one_component(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp()
    try:
        component = checked_component(name)
    except BadSpecification:
        return
    path = root / component
    assert path.name == name
    assert path.parent == root
    assert not path.exists()  # the system takes the name
