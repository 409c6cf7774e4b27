"""Findings in the database: stable rows from run to run, a history of what changed, and nothing written for nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from sqlalchemy import text

from mismatches.cases.access import Actor
from mismatches.cases.queries.pages import finding_page
from mismatches.declarations import shipped_rules
from mismatches.run import cross_check
from mismatches.store.recording import Recorded, record
from tests.mismatches.conftest import AS_OF, City

DAY = timedelta(days=1)


def town(folder):
    """One enterprise without a tax record, one with; the tax register has an unrelated taxpayer, too."""
    city = City(folder, only=("unregistered_taxpayer",))
    city.add(
        "commerce.enterprise",
        {"record_id": "C1", "name": "甲公司", "uscc": "91370202MA1B2C3D4E", "status": "1",
         "established_on": date(2025, 1, 1), "division_code": "370202000000"},
        {"record_id": "C2", "name": "乙公司", "uscc": "91370203MA9Z8Y7X6W", "status": "1",
         "established_on": date(2025, 1, 1), "division_code": "370203"},
    )  # fmt: skip
    city.add("tax.taxpayer", {"record_id": "T2", "name": "乙公司", "taxpayer_id": "91370203MA9Z8Y7X6W", "status": "1"})
    city.link("E1", "commerce.enterprise:C1")
    city.link("E2", "commerce.enterprise:C2", "tax.taxpayer:T2")
    return city


@pytest.fixture
def world(tmp_path, new_engine):
    return World(town(tmp_path), new_engine())


class World:
    def __init__(self, city, engine):
        self.city, self.engine = city, engine

    def check(self, **given):
        told = []
        self.city.check(record=lambda *found: told.append(record(self.engine, *found)), **given)
        return told[0]

    def check_rule(self, rule):
        told, request = [], self.city.request()
        cross_check(request, [rule], reports=False, record=lambda *found: told.append(record(self.engine, *found)))
        return told[0]

    def rows(self, query, **values):
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def findings(self):
        return self.rows("SELECT * FROM mismatches.finding ORDER BY finding_id")

    def observations(self):
        return self.rows("SELECT * FROM mismatches.observation ORDER BY run, finding_id")


def test_a_finding_stands_with_its_district_figures_and_the_values_it_rests_on(world):
    assert world.check() == Recorded(found=1)
    [found] = world.findings()
    assert found["rule"] == "unregistered_taxpayer"
    assert (found["outcome"], found["master_id"], found["subject_id"]) == ("hit", "E1", "E1")
    assert (found["division"], found["month"], found["first_seen"]) == ("370202", "2026-03", AS_OF)
    assert (found["gone_on"], found["last_seen"], found["state"], found["version"]) == (None, None, "new", 0)
    [seen] = world.observations()
    [cited] = seen["evidence"]
    assert (seen["change"], seen["as_of"]) == ("found", AS_OF)
    assert (cited["source"], cited["record_id"], cited["role"], cited["master_id"]) == (
        "commerce", "C1", "subject", "E1",
    )  # fmt: skip
    assert cited["values"]["name"] == "甲公司"
    assert cited["values"]["established_on"] == "2025-01-01"


def test_new_and_changed_findings_keep_the_weakest_of_the_links_that_they_are_told(world):
    asked = []

    def explain(cited):
        asked.append(cited.to_pylist())
        links = [{"joins": joins, "total_bits": bits} for joins, bits in ((False, 1.0), (True, 9.5), (True, 4.5))]
        ids = [row["finding_id"] for row in asked[-1]]
        return pa.table({"finding_id": [one for one in ids for _ in links], "link": links * len(ids)})

    def check():
        world.city.check(record=lambda *found: record(world.engine, *found, explain=explain))

    check()
    [finding], [seen] = world.findings(), world.observations()
    assert asked[0] == [
        {"finding_id": finding["finding_id"], "master_id": "E1", "dataset": "commerce.enterprise", "record_id": "C1"}
    ]
    assert seen["link"] == {"joins": True, "total_bits": 4.5}
    check()
    assert asked[1:] == [[]], "an equal run asks for nothing"
    world.city.rows["commerce.enterprise"][0]["name"] = "丙公司"
    check()
    assert [len(rows) for rows in asked] == [1, 0, 1]
    assert [one["link"]["total_bits"] for one in world.observations()] == [4.5, 4.5]


def test_a_finding_leads_to_the_run_of_the_scheduler_that_made_it(world):
    told, request = [], replace(world.city.request(), made_by="cross_check/manual__1")
    rules = [rule for rule in shipped_rules() if rule.id == "unregistered_taxpayer"]
    cross_check(request, rules, reports=False, record=lambda *found: told.append(record(world.engine, *found)))
    [found] = world.findings()
    with world.engine.connect() as connection:
        page = finding_page(connection, Actor("li", "supervisor", None), found["finding_id"], at=datetime.now(UTC))
    assert page.made_by == "cross_check/manual__1"


def test_an_equal_run_writes_nothing_and_another_day_only_that_it_ran(world):
    world.check()
    before = world.findings(), world.observations(), world.rows("SELECT * FROM mismatches.run")
    assert world.check() == Recorded()
    assert (world.findings(), world.observations(), world.rows("SELECT * FROM mismatches.run")) == before
    world.city.as_of += DAY
    assert world.check() == Recorded()
    assert world.findings() == before[0]
    assert {row["as_of"] for row in world.rows("SELECT as_of FROM mismatches.rule_state")} == {AS_OF + DAY}


def test_what_changed_is_observed_and_what_was_seen_before_stays(world):
    world.check()
    world.city.rows["commerce.enterprise"][0]["name"] = "甲有限公司"
    world.city.as_of += DAY
    assert world.check() == Recorded(changed=1)
    first, second = world.observations()
    assert (first["evidence"][0]["values"]["name"], second["evidence"][0]["values"]["name"]) == ("甲公司", "甲有限公司")
    assert (first["change"], second["change"]) == ("found", "changed")


def test_what_is_not_found_any_more_is_gone_and_may_come_back(world):
    world.check()
    world.city.as_of += DAY
    world.check()
    enterprise = world.city.rows["commerce.enterprise"][0]
    enterprise["status"] = "2"
    world.city.as_of += DAY
    assert world.check() == Recorded(gone=1)
    [found] = world.findings()
    assert (found["gone_on"], found["last_seen"], found["first_seen"]) == (AS_OF + 2 * DAY, AS_OF + DAY, AS_OF)
    assert world.check() == Recorded()
    enterprise["status"] = "1"
    world.city.as_of += DAY
    assert world.check() == Recorded(returned=1)
    assert world.findings()[0]["gone_on"] is None
    assert [one["change"] for one in world.observations()] == ["found", "gone", "returned"]


def test_a_rule_that_did_not_run_leaves_its_findings(world):
    world.check()
    del world.city.rows["tax.taxpayer"]
    world.city.as_of += DAY
    assert world.check() == Recorded()
    assert world.findings()[0]["gone_on"] is None


def test_an_earlier_day_does_not_replace_a_later_one(world):
    world.check()
    world.city.as_of -= DAY
    world.city.rows["commerce.enterprise"][0]["status"] = "2"
    assert world.check() == Recorded(later=True)
    assert world.findings()[0]["gone_on"] is None


def test_a_merged_subject_is_resolved_and_comes_back_when_the_merge_is_undone(world):
    world.check()
    with world.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA enterprise"))
        connection.execute(text("CREATE TABLE enterprise.redirect (master_id text, target text)"))
        connection.execute(text("INSERT INTO enterprise.redirect VALUES ('E1', 'E0')"))
    world.check()
    assert [(one["master_id"], one["subject_id"]) for one in world.findings()] == [("E1", "E0")]
    with world.engine.begin() as connection:
        connection.execute(text("DELETE FROM enterprise.redirect"))
    world.check()
    assert world.findings()[0]["subject_id"] == "E1"


def test_a_rule_in_shadow_is_recorded_as_such_until_it_leaves_it(world):
    live = next(rule for rule in shipped_rules() if rule.id == "unregistered_taxpayer")
    assert world.check_rule(replace(live, shadow=True)) == Recorded(found=1)
    assert world.findings()[0]["shadow"] is True
    assert world.check_rule(live) == Recorded()
    assert world.findings()[0]["shadow"] is False
