"""Relations are published with the bases that they join, and follow what they are made from."""

import datetime as dt

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from registry.naming import RELATIONS
from registry.publication import PublishRequest, publish, repair
from registry.rollback import roll_back

POLICE, COMMERCE, OFFICER = "police.resident", "commerce.enterprise", "commerce.officer"
AT = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)


@pytest.fixture
def city(tmp_path, accepted, matched):
    def make(name="one", officers=("甲",), entities=("person", "enterprise"), **more):
        rows = {
            POLICE: [{"record_id": "p1", "name": "甲", "id_number": "N1", "household_id": "H1", "status": "1"}],
            COMMERCE: [{"record_id": "c1", "name": "某公司", "status": "1"}],
            OFFICER: [
                {"record_id": f"o{at}", "enterprise_record_id": "c1", "role": "2", "name": one, "id_number": "N1"}
                for at, one in enumerate(officers)
            ],
        }
        matches = {
            "person": matched(tmp_path / name / "person", {"a": [f"{POLICE}/p1"]}),
            "enterprise": matched(tmp_path / name / "enterprise", {"b": [f"{COMMERCE}/c1"]}),
        }
        return PublishRequest(
            as_of=AT.date(), tables=accepted(tmp_path / name, rows), at=AT,
            **{entity: matches[entity] for entity in entities}, **more,
        )  # fmt: skip

    return make


def related(zones):
    rows = pq.read_table(zones.current(RELATIONS) / "data.parquet").to_pylist()
    return [(row["kind"], row["from_master_id"], row["to_id"]) for row in rows]


def masters(engine):
    with engine.connect() as connection:
        return [
            connection.execute(text(f"SELECT master_id FROM {name}")).scalar_one()
            for name in ("population.person", "enterprise.enterprise")
        ]


def test_both_ends_are_master_ids_of_the_bases_in_force(engine, zones, city):
    publish(engine, zones, city())
    person, firm = masters(engine)
    assert related(zones) == [("shareholder", firm, person), ("household", person, "H1")]


def in_database(engine):
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM registry.relations")).mappings()
        return sorted((dict(row) for row in rows), key=lambda row: (row["kind"], row["dataset"], row["record_id"]))


def in_file(zones):
    rows = pq.read_table(zones.current(RELATIONS) / "data.parquet").to_pylist()
    return sorted(rows, key=lambda row: (row["kind"], row["dataset"], row["record_id"]))


def test_the_database_holds_what_the_file_holds_through_changes_and_rollbacks(engine, zones, city):
    """In place where the bases stay, in a partition of their own else; a version goes back to its own relations."""
    seen = []
    for number, officers in enumerate([("甲",), ("甲", "乙"), ("丙",)]):
        publish(engine, zones, city(f"v{number}", officers=officers, keep=9))
        assert in_database(engine) == in_file(zones)
        seen.append(in_file(zones))
    places = "SELECT version, product_version, stored FROM registry.version_relations ORDER BY 1"
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(places))] == [(1, 1, None), (2, 2, None), (3, 3, 1)]
    for to in (1, 3, 2):
        roll_back(engine, zones, to, AT)
        assert in_database(engine) == in_file(zones) == seen[to - 1]
    publish(engine, zones, city("last", officers=("甲", "丁"), keep=1))
    assert in_database(engine) == in_file(zones)
    with engine.connect() as connection:
        query = "SELECT relname FROM pg_class WHERE relname ~ '^relations_(gone_)?v[0-9]+$'"
        assert len(connection.execute(text(query)).all()) == 1


def test_relations_that_an_older_release_published_in_files_alone_are_shown_by_the_repair(engine, zones, city):
    publish(engine, zones, city())
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE registry.relations_v1"))
        connection.execute(text("DELETE FROM registry.version_relations"))
    assert in_database(engine) == []
    repair(engine, zones)
    assert in_database(engine) == in_file(zones)
    repair(engine, zones)
    publish(engine, zones, city("two", officers=("甲", "乙")))
    assert in_database(engine) == in_file(zones)


def test_new_officers_make_new_relations_of_the_same_bases(engine, zones, city):
    first = publish(engine, zones, city())
    second = publish(engine, zones, city("two", officers=("甲", "乙")))
    assert second.version == "000002"
    assert second.facts["products"] == first.facts["products"]
    assert len(related(zones)) == 3
    assert publish(engine, zones, city("two", officers=("甲", "乙"))) == second


def test_where_a_base_is_not_at_hand_the_relations_in_force_stay(engine, zones, city):
    publish(engine, zones, city())
    before = related(zones)
    publish(engine, zones, city("two", officers=(), entities=("enterprise",)))
    assert related(zones) == before
    assert zones.current(RELATIONS).readlink().name == "000001"


def test_repair_removes_what_was_not_committed_and_points_again(engine, zones, city):
    publish(engine, zones, city())
    before = related(zones)
    zones.current(RELATIONS).unlink()
    zones.published(RELATIONS, "000009").mkdir()
    repair(engine, zones)
    assert related(zones) == before
    assert sorted(item.name for item in zones.current(RELATIONS).parent.iterdir()) == ["000001", "current"]


def test_old_relations_go_with_the_publications_that_had_them(engine, zones, city):
    for number in range(3):
        publish(engine, zones, city(f"v{number}", officers=("甲",) * number, keep=2))
    assert sorted(item.name for item in zones.current(RELATIONS).parent.iterdir()) == ["000002", "000003", "current"]
