"""A whole tiny city, from drop to delivery, against the committed export of an earlier run.

Where a change is meant, `make golden` writes it anew: read the diff before you commit it.
"""

import difflib
import warnings
from pathlib import Path

from simulation.city import simulate
from simulation.settings import CitySettings
from simulation.writing import DEMO
from tests.databases import quick_server
from tests.golden.canonical import canonical
from tests.sitong.homes import Home, new_database

EXPECTED = Path(__file__).with_name("expected.txt")
PERSONS, SEED = 90, 20260331
LARGEST = 300_000  # bytes; more than a person reads in a diff


def test_a_tiny_city_byte_for_byte(tmp_path, refresh_golden):
    settings = CitySettings().harsh()
    simulate(PERSONS, SEED, tmp_path / "drop", settings=settings, formats=DEMO)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Great Expectations at its import
        import great_expectations  # noqa: F401
    with quick_server(tmp_path / "server" / "postgres") as server:
        home = Home(tmp_path / "home", server, new_database(server))
        outcome = home.run(tmp_path / "drop", as_of=settings.as_of)
        assert outcome.status == 0, outcome.said
    found = canonical(home.path, settings.as_of)
    assert len(found.encode()) < LARGEST
    if refresh_golden:
        EXPECTED.write_text(found, "utf-8")
    expected = EXPECTED.read_text("utf-8")
    if found != expected:  # a diff that a person can read, instead of pytest's
        changed = difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", "", "", 0, "")
        raise AssertionError("\n".join(["`make golden` writes it anew where this is meant:", *changed]))


def test_every_section_of_the_export_says_something():
    sections = EXPECTED.read_text("utf-8").split("## ")[1:]
    assert len(sections) == 7
    assert all(section.count("\n") > 2 for section in sections)
    assert EXPECTED.stat().st_size < LARGEST
