"""Matching of changes in the main job: the same clusters and review queue as of all records by the same model."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from registry import layers
from registry.increment.start import TOUCHED
from registry.naming import SCHEMAS, segments
from sitong import reconciling, stages
from sitong.settings import Settings
from storage.engine import open_database
from storage.manifest import Manifest, read_manifest
from tests.sitong.homes import call, new_database

FIRST, DAYS = dt.date(2026, 3, 31), 3
KEY = ["source", "dataset", "record_id"]


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """Drops of a small city and of the days after it, by day."""
    root = tmp_path_factory.mktemp("week")
    drops = [root / "0"]
    assert call("simulate", "--persons", 600, "--seed", 5, "--out", drops[0]).status == 0
    for day in range(1, DAYS + 1):
        drops.append(root / str(day))
        assert call("simulate", "--after", drops[-2], "--days", 1, "--out", drops[-1]).status == 0
    return drops


def pulled(settings, drop, as_of):
    plan, _ = stages.scan(settings, drop)
    for batches in plan:
        stages.take_in(settings, batches, as_of=as_of)


def crosswalk(settings, run):
    table = pq.read_table(settings.zones.matching(run.name, run.version) / "crosswalk.parquet")
    return table.sort_by([(name, "ascending") for name in KEY])


def keys(table):
    return set(zip(*(table.column(name).to_pylist() for name in KEY), strict=True))


def test_changes_day_by_day_give_what_a_match_of_all_records_gives(week, tmp_path):
    settings = Settings(home=tmp_path / "home")
    settings.zones.create()
    before = {}
    for day, drop in enumerate(week):
        pulled(settings, drop, FIRST + dt.timedelta(days=day))
        for entity in stages.ENTITIES:
            run = stages.reconcile(settings, entity)
            folder = settings.zones.matching(entity, run.version)
            assert stages.reconcile(settings, entity) == run, "the same inputs are the same run"
            if not day:
                assert run.facts["since"] is None
            else:
                assert run.facts["since"] == before[entity].version
                again = stages.reconcile(settings, entity, how="full")
                whole = settings.zones.matching(entity, again.version)
                assert again.facts["trained"] == run.facts["trained"]
                assert crosswalk(settings, again).equals(crosswalk(settings, run))
                waiting = [pq.read_table(one / "review.parquet") for one in (whole, folder)]
                assert waiting[0].drop_columns("weights").equals(waiting[1].drop_columns("weights"))
                changed = differing(crosswalk(settings, before[entity]), crosswalk(settings, run))
                assert changed <= keys(pq.read_table(folder / TOUCHED))
                before[entity] = again
                continue
            before[entity] = run


PUBLISHED = (
    *(f"{entity}{kind}" for entity in stages.ENTITIES for kind in ("", "_crosswalk", "_changes")), "relations",
)  # fmt: skip


def published(settings, work):
    """All that readers and consumers of the feed find in files; of provenance in layers, what they say."""
    found = {
        (product, file.name): pq.read_table(file)
        for product in PUBLISHED
        for file in sorted(settings.zones.current(product).glob("*.parquet"))
        if not file.name.startswith("provenance.")
    }
    for entity in stages.ENTITIES:
        current = settings.zones.current(entity)
        first = current / layers.FIRST
        one = layers.as_one(first, current / "data.parquet", work / layers.FIRST, work)
        found[entity, layers.FIRST] = pq.read_table(one).to_pylist()  # dictionaries may be in another order
    return found


def in_database(settings):
    """All that readers find in the database."""
    names = [
        (schema, name)
        for entity, schema in SCHEMAS.items()
        for name in (entity, f"{entity}_crosswalk", "provenance", "redirect", "master_id", *segments(entity))
    ]
    with open_database(settings.zones, settings.server_url) as database, database.engine.connect() as connection:
        return {
            (schema, name): sorted(map(repr, connection.execute(text(f"SELECT * FROM {schema}.{name}"))))
            for schema, name in names
        }


def test_both_ways_publish_the_same_bases_and_feeds_day_by_day(week, server, tmp_path):
    ways = {
        how: Settings(home=tmp_path / how, database_url=server.url("owner", new_database(server)))
        for how in ("changes", "full")
    }
    for settings in ways.values():
        settings.zones.create()
    for day, drop in enumerate(week):
        found = {}
        for how, settings in ways.items():
            as_of = FIRST + dt.timedelta(days=day)
            pulled(settings, drop, as_of)
            runs = {entity: stages.reconcile(settings, entity, how=how).version for entity in stages.ENTITIES}
            stages.publish(settings, as_of=as_of, runs=runs)
            found[how] = published(settings, tmp_path)
            since = read_manifest(settings.zones.current("person")).facts["since"]
            assert (since is None) == (how == "full" or not day), "the way that is meant"
        assert in_database(ways["changes"]) == in_database(ways["full"]), day
        assert len(found["full"]) > len(PUBLISHED)
        assert found["changes"].keys() == found["full"].keys()
        for name, table in found["full"].items():
            assert found["changes"][name] == table, (day, name)
        if day:
            assert found["full"]["person_changes", "data.parquet"].num_rows > 0


def differing(one, other):
    """Records whose cluster or probability one of two crosswalks has otherwise."""
    rows = [set(zip(*(table.column(at).to_pylist() for at in range(5)), strict=True)) for table in (one, other)]
    return {row[1:4] for row in rows[0] ^ rows[1]}


def test_another_model_only_on_demand(week, tmp_path, monkeypatch):
    settings = Settings(home=tmp_path / "home")
    settings.zones.create()
    pulled(settings, week[0], FIRST)
    first = stages.reconcile(settings, "person")
    again = stages.reconcile(settings, "person", how="retrain")
    assert again.version != first.version
    assert stages.reconcile(settings, "person") == again
    monkeypatch.setattr(reconciling, "_matcher", lambda entity: f"another matcher of {entity}")
    other = stages.reconcile(settings, "person")
    assert (other.facts["since"], other.facts["changed_since"]) == (None, 0)
    assert other.version not in (first.version, again.version)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"trained_on": 100, "changed_since": 25, "waiting_then": 0.01, "waiting": 0.015}, None),
        ({"trained_on": 100, "changed_since": 26}, "26 records changed"),
        ({"trained_on": 100, "changed_since": 0, "waiting_then": 0.01, "waiting": 0.016}, "1.60% of the candidate"),
    ],
)
def test_when_to_train_anew(facts, told):
    manifest = Manifest(
        kind="matching", name="person", version="v", created_at=dt.datetime.now(dt.UTC), rows=100, facts=facts
    )  # fmt: skip
    reason = reconciling.drift(manifest)
    assert reason is None if told is None else str(reason).startswith(told)


def written(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_states_differ_by_every_column_but_the_batch(tmp_path):
    before = written(tmp_path / "a", record_id=["1", "2", "3", "4"], name=["甲", None, "丙", "丁"], _batch=["a"] * 4)
    after = written(tmp_path / "b", record_id=["0", "1", "2", "4"], name=["零", "甲", "乙", "丁"], _batch=["b"] * 4)
    found = reconciling.state_changes(before, after)
    assert (found.changed.to_pylist(), found.removed.to_pylist()) == (["0", "2"], ["3"])
    again = {"record_id": ["0", "1", "2", "4"], "name": ["零", "甲", "乙", "丁"]}
    more = written(tmp_path / "c", **again, sex=[None, "1", None, "2"])
    assert reconciling.state_changes(after, more).changed.to_pylist() == ["1", "4"]
    assert reconciling.state_changes(None, after).changed.to_pylist() == ["0", "1", "2", "4"]
    rows = reconciling.rows_of(more, pa.array(["2", "4"]), frozenset({"record_id", "sex", "unknown"}))
    assert rows.to_pydict() == {"record_id": ["2", "4"], "sex": [None, "2"]}
