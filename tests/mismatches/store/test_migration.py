"""The schema of findings and cases: at this release, the same when said twice, and as the queries name it."""

from sqlalchemy import inspect, text
from sqlalchemy.dialects import postgresql

from mismatches.migration import CASE_COLUMNS, SCHEMA, upgrade
from mismatches.store.tables import METADATA, finding


def spelled(kind):
    return kind.compile(postgresql.dialect()).removesuffix(' COLLATE "C"')


def test_the_tables_have_the_columns_that_queries_name(new_engine):
    engine = new_engine()
    there = inspect(engine)
    assert {table.name for table in METADATA.tables.values()} | {"alembic_version"} == set(
        there.get_table_names(schema=SCHEMA)
    )
    for table in METADATA.tables.values():
        found = {column["name"]: spelled(column["type"]) for column in there.get_columns(table.name, schema=SCHEMA)}
        assert {column.name: spelled(column.type) for column in table.columns} == found
    assert set(CASE_COLUMNS) < {column.name for column in finding.columns}


def test_upgrading_again_changes_nothing(new_engine):
    engine = new_engine()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO mismatches.saved_view VALUES ('li', 'mine', '{}', now())"))
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM mismatches.saved_view")).scalar_one() == 1


def test_looks_of_an_older_release_stay_and_lead_to_their_subject_by_the_finding(new_engine):
    engine = new_engine()
    with engine.begin() as connection:
        for statement in (
            "DROP INDEX mismatches.look_at, mismatches.look_actor, mismatches.look_subject, mismatches.look_finding",
            "DROP INDEX mismatches.finding_worked, mismatches.finding_estimate, mismatches.case_event_voucher",
            "ALTER TABLE mismatches.observation DROP COLUMN link, DROP COLUMN kept",
            "ALTER TABLE mismatches.look DROP COLUMN subject_id, ALTER COLUMN finding_id SET NOT NULL",
            "UPDATE mismatches.alembic_version SET version_num = 'm0002'",
            "INSERT INTO mismatches.look (at, actor, role, finding_id, what) VALUES (now(), 'li', 'a', 'F1', 'page')",
        ):
            connection.execute(text(statement))
    upgrade(engine)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT actor, finding_id, what, subject_id FROM mismatches.look")).all()
    assert [tuple(row) for row in kept] == [("li", "F1", "page", None)]
