"""A simulated city, the days after it, and ids that stay."""

import pyarrow.parquet as pq
import pytest

from registry.history.consumer import apply_feed, steps
from storage.zones import Zones
from tests.sitong.homes import Home, call, masters, new_database
from tests.sitong.town import FACTS

PERSONS, SEED, DAYS = 150, 11, 3


@pytest.fixture(scope="module")
def days(server, tmp_path_factory):
    """A home after day 0, its crosswalks, and the same home after three days more."""
    folder = tmp_path_factory.mktemp("days")
    assert call("simulate", "--persons", PERSONS, "--seed", SEED, "--out", folder / "day0").status == 0
    more = ["--after", folder / "day0", "--days", DAYS, "--seed", SEED, "--out", folder / "later"]
    assert call("simulate", *more).status == 0
    for path in folder.glob("*/*.parquet"):  # the facts concern no id
        if ".".join(path.name.split(".")[:2]) in FACTS:
            path.unlink()
    home = Home(folder / "home", server, new_database(server))
    outcome = home.run(folder / "day0", as_of="2026-03-31")
    assert outcome.status == 0, outcome.said
    then = {entity: home.crosswalk(entity) for entity in ("person", "enterprise")}
    outcome = home.run(folder / "later", as_of="2026-04-03")
    assert outcome.status == 0, outcome.said
    return folder, home, then


def test_the_deltas_really_changed_something(days):
    folder, home, then = days
    files = sorted(path.name for path in (folder / "later").glob("*.parquet"))
    assert len({name.split(".")[2] for name in files}) == DAYS
    assert masters(home.crosswalk()).keys() != masters(then["person"]).keys()


@pytest.mark.parametrize("entity", ["person", "enterprise"])
def test_ids_stay_for_records_that_stay(days, entity):
    """A record whose true subject is known before and after keeps its master id, unless the matching moved it."""
    _, home, then = days
    before, after = masters(then[entity]), masters(home.crosswalk(entity))
    both = before.keys() & after.keys()
    assert len(both) > 0.9 * len(before)
    groups_before, groups_after = _members(before, both), _members(after, both)
    for record in both:
        if groups_before[before[record]] == groups_after[after[record]]:
            assert after[record] == before[record]
    kept = sum(after[record] == before[record] for record in both)
    assert kept > 0.97 * len(both)


@pytest.mark.parametrize("entity", ["person", "enterprise"])
def test_ids_that_are_gone_lead_somewhere_or_have_ended(days, entity):
    _, home, then = days
    now = set(masters(home.crosswalk(entity)).values())
    ledger = pq.read_table(home.path / "published" / entity / "current" / "master_ids.parquet").to_pylist()
    state = {row["master_id"]: row for row in ledger}
    for master in masters(then[entity]).values():
        row = state[master]
        assert row["state"] in ("live", "merged", "retired")
        assert (master in now) == (row["state"] == "live")
        assert row["state"] != "merged" or row["target"] in now


def test_the_accepted_state_is_that_of_the_simulation(days):
    """What the deltas made of the drops equals the truth's list of records."""
    folder, home, _ = days
    for entity in ("person", "enterprise"):
        truth = pq.read_table(folder / "later" / "truth" / f"{entity}_truth.parquet").to_pylist()
        known = {(f"{row['source']}.{row['dataset']}", row["record_id"]) for row in truth}
        assert masters(home.crosswalk(entity)).keys() == known


def test_the_same_days_again_change_nothing(days):
    folder, home, _ = days
    before = home.seen()
    outcome = home.run(folder / "later", as_of="2026-04-03")
    assert outcome.status == 0, outcome.said
    after = home.seen()
    assert {name for name in after if name.startswith("published")} == {
        name for name in before if name.startswith("published")
    }
    assert {name: after[name] for name in before if name.startswith(("published", "deliveries"))} == {
        name: value for name, value in before.items() if name.startswith(("published", "deliveries"))
    }


def _members(ids, records):
    found: dict[str, set] = {}
    for record in records:
        found.setdefault(ids[record], set()).add(record)
    return found


@pytest.mark.parametrize("entity", ["person", "enterprise"])
def test_a_copy_that_follows_the_feed_is_the_base(days, entity, tmp_path):
    _, home, _ = days
    copy, feeds = None, steps(Zones(home.path), entity, after=0)
    assert len(feeds) == 2
    for number, feed in enumerate(feeds):
        out, work = tmp_path / f"copy{number}.parquet", tmp_path / f"work{number}"
        work.mkdir()
        apply_feed(entity, copy, feed, out, work)
        copy = out
    assert pq.read_table(copy).equals(home.golden(entity))


def test_relations_name_masters_of_the_bases(days):
    _, home, _ = days
    rows = pq.read_table(home.path / "published" / "relations" / "current" / "data.parquet").to_pylist()
    known = {None} | {one for entity in ("person", "enterprise") for one in masters(home.crosswalk(entity)).values()}
    assert {row["kind"] for row in rows} >= {"household", "employer", "legal_representative"}
    assert {row["from_master_id"] for row in rows} <= known
    assert {row["to_id"] for row in rows if row["to_kind"] != "household"} <= known
    assert all((row["to_id"] is None) == (row["resolved_by"] is None) for row in rows)
    assert sum(row["to_id"] is not None for row in rows) > 0.9 * len(rows)


def test_what_was_known_of_a_person_can_be_asked(days):
    _, home, _ = days
    feed = pq.read_table(home.path / "published" / "person_changes" / "current" / "data.parquet").to_pylist()
    row = next(one for one in feed if one["kind"] == "changed" and "mobile" in one["changed"] and one["mobile_before"])
    asked = ("history", "person", row["master_id"], "--home", home.path)
    environment = {"SITONG_DATABASE_URL": home.server.url("owner", home.database)}
    now = call(*asked, environment=environment)
    assert now.status == 0, now.said
    assert f"mobile 手机号码: {row['mobile']}" in now.said
    before = call(*asked, "--valid", "2026-03-31", environment=environment)
    assert f"mobile 手机号码: {row['mobile_before']}" in before.said
    assert row["id_number"] not in now.said  # numbers of persons are masked, as on pages
    assert f"id_number 证件号码: {row['id_number'][:4]}**" in now.said
    early = call(*asked, "--known", "2020-01-01", environment=environment)
    assert early.status == 2
    assert "nothing is known" in early.said
    assert call("history", "person", "P000000000", environment=environment).status == 2
