"""What lies outside an actor's districts does not exist, whatever function is asked; all functions are asked."""

import inspect
import pkgutil
from importlib import import_module

import pytest

from mismatches.cases import queries
from mismatches.cases.access import Actor
from mismatches.cases.actions import Step, act
from mismatches.cases.errors import NotAllowed, UnknownFinding
from mismatches.cases.queries.listing import Filter, Page, find
from tests.mismatches.cases.conftest import CHIEF, LI, NOON, TODAY, WANG

STRANGER = Actor("zhao", "steward", None)
NOWHERE = Actor("qian", "auditor")
WIDER = Actor("sun", "auditor", frozenset({"3702"}))

ASKED = {
    "board": lambda _: ((), {"today": TODAY}),
    "tallies": lambda _: ((), {"today": TODAY}),
    "find": lambda _: ((Filter(outcome=None, open_only=False),), {"today": TODAY}),
    "every": lambda _: ((Filter(outcome=None, open_only=False), Page()), {"today": TODAY, "most": 100}),
    "finding_page": lambda f: ((f,), {"at": NOON}),
    "history": lambda f: ((f,), {}),
    "stored_finding": lambda f: ((f,), {}),
    "log_look": lambda f: ((f, "printed"), {"at": NOON}),
    "log_subject": lambda _: (("P1", "page"), {"at": NOON}),
    "log_export": lambda _: (("csv",), {"at": NOON}),
    "subject_findings": lambda _: (("P1",), {}),
    "rule_yields": lambda _: ((), {}),
    "saved_views": lambda _: ((), {}),
    "save_view": lambda _: (("mine", {}), {"at": NOON}),
    "remove_view": lambda _: (("mine",), {}),
    "act": lambda f: ((Step(f, "note", 1, text="看"),), {"at": NOON, "today": TODAY}),
}
SECRET = ("finding_page", "log_look", "stored_finding", "act")
OF_STEWARDS = "log_masters"  # writes down looks at records and not at findings: the page of links lets them in
OWN = ("saved_views", "save_view", "remove_view", "log_subject", "log_export")


def functions():
    """Every public function of the query modules and of the actions that takes an actor."""
    modules = [import_module(f"{queries.__name__}.{item.name}") for item in pkgutil.iter_modules(queries.__path__)]
    found = {"act": act}
    for module in modules:
        for name, one in inspect.getmembers(module, inspect.isfunction):
            public = one.__module__ == module.__name__ and not name.startswith("_")
            if public and "actor" in inspect.signature(one).parameters:
                found[name] = one
    return found


@pytest.fixture(scope="module")
def finding(office):
    found = office.plant()
    office.act(LI, found, "take", 0)
    return found


def test_every_function_is_tested_here():
    assert set(functions()) == set(ASKED) | {OF_STEWARDS}


def ask(office, name, actor, finding):
    arguments, named = ASKED[name](finding)
    found = functions()[name]
    if name == "every":  # rows come as long as the connection is open
        return office.ask(lambda *given, **more: tuple(found(*given, **more)), actor, *arguments, **named)
    return office.ask(found, actor, *arguments, **named)


@pytest.mark.parametrize("name", sorted(set(ASKED) - set(OWN)))
@pytest.mark.parametrize("actor", [WANG, NOWHERE], ids=["another district", "no district"])
def test_an_auditor_of_another_district_sees_and_does_nothing(office, finding, name, actor):
    if name in SECRET:
        with pytest.raises(UnknownFinding):
            ask(office, name, actor, finding)
        return
    found = ask(office, name, actor, finding)
    assert (found.rows, found.total) == ((), 0) if name == "find" else found == ()


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_role_that_is_not_declared_is_refused(office, finding, name):
    with pytest.raises(NotAllowed):
        ask(office, name, STRANGER, finding)


@pytest.mark.parametrize("name", sorted(set(ASKED) - set(OWN) - {"act", "log_look"}))
@pytest.mark.parametrize("actor", [LI, WIDER, CHIEF], ids=["district", "city prefix", "whole city"])
def test_those_whose_district_it_is_see_it(office, finding, name, actor):
    found = ask(office, name, actor, finding)
    assert found.total == 1 if name == "find" else found


def test_unknown_districts_are_for_the_whole_city_only(office):
    unknown = office.plant(division=None, master="P9")
    for actor, there in ((LI, 0), (WIDER, 0), (CHIEF, 1)):
        assert office.ask(find, actor, Filter(subject="P9"), today=TODAY).total == there
    assert office.ask(find, CHIEF, Filter(districts=("unknown",)), today=TODAY).rows[0].finding_id == unknown


def test_a_filter_cannot_widen_what_an_actor_may_see(office, finding):
    assert office.ask(find, WANG, Filter(districts=("370202",)), today=TODAY).total == 0
    assert office.ask(find, LI, Filter(districts=("3702",)), today=TODAY).total == 1


def test_findings_in_shadow_are_for_supervisors(office):
    shadowed = office.plant(shadow=True, master="P7")
    wanted = Filter(subject="P7", shadow=True)
    assert office.ask(find, LI, wanted, today=TODAY).total == 0
    assert [row.finding_id for row in office.ask(find, CHIEF, wanted, today=TODAY).rows] == [shadowed]
    assert office.ask(find, CHIEF, Filter(subject="P7"), today=TODAY).total == 0
    with pytest.raises(UnknownFinding):
        ask(office, "finding_page", LI, shadowed)


def test_the_views_of_others_are_not_there(office, finding):
    ask(office, "save_view", LI, finding)
    assert [view.name for view in ask(office, "saved_views", LI, finding)] == ["mine"]
    assert ask(office, "saved_views", WANG, finding) == ()
    assert ask(office, "remove_view", WANG, finding) is False
    assert ask(office, "remove_view", LI, finding) is True
