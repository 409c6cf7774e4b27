"""One master on both times: a law against a slow diary of all days, and the cases by name."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.history.differences import attributes
from registry.history.timeline import Change, Event, Past, state_at
from registry.history.times import parse_times, times
from storage.errors import BadSpecification

NAMES = attributes("person")
PERSON = times("person")
DAYS = [dt.date(2026, 1, day) for day in range(1, 13)]
VALUES = st.sampled_from(["a", "b", "c", None])

changes = st.lists(st.tuples(VALUES, st.one_of(st.none(), st.sampled_from(DAYS[1:-1]))), max_size=5)


def diary(first, steps):
    """For each version the value of each day, written out: a change overwrites from its day, a correction from the
    day of what it corrects."""
    pages, since = [dict.fromkeys(DAYS, first)], DAYS[0]
    for value, day in steps:
        since = since if day is None else day
        pages.append(pages[-1] | {one: value for one in DAYS if one >= since})
    return pages


def past_of(first, steps, attribute="mobile", **more):
    rows, value = [], first
    for version, (after, day) in enumerate(steps, start=2):
        rows.append(Change(version, attribute, value, after, day))
        value = after
    return Past(rows, [], dict.fromkeys(NAMES) | {attribute: value} | more)


@given(VALUES, changes)
def test_any_day_is_so_at_any_version_as_in_a_diary(first, steps):
    pages, past = diary(first, steps), past_of(first, steps)
    for version, page in enumerate(pages, start=1):
        for day, value in page.items():
            assert state_at(past, NAMES, PERSON, version, day).values["mobile"] == value, (version, day)
        assert state_at(past, NAMES, PERSON, version, None).values["mobile"] == page[DAYS[-1]]


def test_a_late_record_falls_into_its_place():
    past = past_of("甲地", [("乙地", dt.date(2026, 3, 10)), ("丙地", dt.date(2026, 2, 1))], "address")
    asked = {
        (version, month): state_at(past, NAMES, PERSON, version, dt.date(2026, month, 15)).values["address"]
        for version in (1, 2, 3)
        for month in (1, 2, 3)
    }
    assert [asked[1, month] for month in (1, 2, 3)] == ["甲地"] * 3
    assert [asked[2, month] for month in (1, 2, 3)] == ["甲地", "甲地", "乙地"]
    assert [asked[3, month] for month in (1, 2, 3)] == ["甲地", "丙地", "丙地"]


def test_a_death_that_became_known_late_is_a_death_on_its_day():
    died = dt.date(2026, 1, 5)
    rows = [Change(2, "death_date", None, "2026-01-05", died), Change(2, "status", "1", "2", died)]
    past = Past(
        rows, [Event(2, "died", died, None)], dict.fromkeys(NAMES) | {"status": "2", "death_date": "2026-01-05"}
    )

    def status(version, day):
        state = state_at(past, NAMES, PERSON, version, dt.date(2026, 1, day))
        return state.values["status"], state.values["death_date"], [one.event for one in state.events]

    assert status(1, 9) == ("1", None, [])
    assert status(2, 4) == ("1", None, [])
    assert status(2, 9) == ("2", "2026-01-05", ["died"])


def test_a_corrected_day_of_death_moves_the_death():
    rows = [
        Change(2, "death_date", None, "2026-01-05", dt.date(2026, 1, 5)),
        Change(2, "status", "1", "2", dt.date(2026, 1, 5)),
        Change(3, "death_date", "2026-01-05", "2026-01-08", dt.date(2026, 1, 8)),
    ]
    past = Past(rows, [], dict.fromkeys(NAMES) | {"status": "2", "death_date": "2026-01-08"})
    seen = [state_at(past, NAMES, PERSON, version, dt.date(2026, 1, 6)).values["status"] for version in (1, 2, 3)]
    assert seen == ["1", "2", "1"]


def test_of_the_time_before_a_death_that_was_always_known_the_status_is_not_known():
    past = Past([], [], dict.fromkeys(NAMES) | {"status": "2", "death_date": "2026-01-05", "name": "甲"})
    before = state_at(past, NAMES, PERSON, 1, dt.date(2026, 1, 4)).values
    assert (before["status"], before["death_date"], before["name"]) == (None, None, "甲")
    assert state_at(past, NAMES, PERSON, 1, dt.date(2026, 1, 5)).values["status"] == "2"


def test_before_the_birth_there_is_nobody():
    past = Past([], [], dict.fromkeys(NAMES) | {"birth_date": "2020-05-05"})
    assert state_at(past, NAMES, PERSON, 1, dt.date(2020, 5, 4)).presence == "not_begun"
    assert state_at(past, NAMES, PERSON, 1, dt.date(2020, 5, 5)).presence == "present"


def test_an_id_that_came_went_and_came_back():
    row = dict.fromkeys(NAMES)
    past = Past(
        [Change(2, "name", "甲", "乙", None), *(Change(4, name, "乙", None, None) for name in ["name"])],
        [Event(4, "merged", None, "P2"), Event(6, "unmerged", None, "P2")],
        row | {"name": "丙"},
    )
    states = [state_at(past, NAMES, PERSON, version, None) for version in range(1, 8)]
    assert [one.presence for one in states] == ["present"] * 3 + ["gone"] * 2 + ["present"] * 2
    assert [one.values.get("name") for one in states] == ["甲", "乙", "乙", None, None, "丙", "丙"]
    assert states[3].target == "P2"


def test_an_id_that_was_given_later_was_unknown_before():
    past = Past([], [Event(3, "added", None, None)], dict.fromkeys(NAMES))
    assert [state_at(past, NAMES, PERSON, version, None).presence for version in (2, 3)] == ["unknown", "present"]
    assert state_at(Past([], [], None), NAMES, PERSON, 3, None).presence == "unknown"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("begins: birth_date", "begins: birthday"), "no attribute birthday"),
        (("event: died", "event: it's over"), "pattern"),
        (("facts:", "truths:"), "truths"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused(change, told):
    good = """
entity: person
begins: birth_date
facts: [sex]
ended: {attribute: status, codes: ["2"], day: death_date}
renamed: {name: former_name}
events: [{event: died, attribute: status, becomes: "2"}]
"""
    parse_times(good, where="here")
    with pytest.raises(BadSpecification, match=told):
        parse_times(good.replace(*change), where="here")
