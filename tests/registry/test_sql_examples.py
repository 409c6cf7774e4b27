"""What people are told about SQL: every example runs, and every view and column says what it is in both languages."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.publication import publish
from storage.engine import create_engine
from tests.registry import test_publication as publications

city = publications.city
EXAMPLES = re.findall(r"^```sql\n(.*?)^```$", Path("docs/sql.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_there_are_examples():
    assert len(EXAMPLES) >= 14


def test_every_example_runs_as_a_reader(engine, server, zones, city):
    publish(engine, zones, city("one"))
    with engine.connect() as connection:
        known, number = connection.execute(text("SELECT master_id, id_number FROM population.person LIMIT 1")).one()
    reader, found = create_engine(server.url("reader", engine.url.database)), 0
    try:
        for example in EXAMPLES:
            ours = example.replace("P000000000", known).replace("370202198001011234", number)
            with reader.connect() as connection:
                found += len(connection.exec_driver_sql(ours.replace("%", "%%")).all()) > 0
    finally:
        reader.dispose()
    assert found >= len(EXAMPLES) - 3  # no enterprise, no household, and one version only in this city


@pytest.mark.parametrize("schema", ["population", "enterprise", "registry"])
def test_every_view_that_a_reader_may_read_is_described(engine, schema):
    query = text(
        "SELECT c.relname, a.attname, obj_description(c.oid, 'pg_class'), col_description(c.oid, a.attnum)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = CAST(:schema AS regnamespace)"
        " AND has_table_privilege('sitong_reader', c.oid, 'SELECT')"
    )
    with engine.connect() as connection:
        rows = connection.execute(query, {"schema": schema}).all()
    assert len(rows) > 10
    for view, column, about_view, about_column in rows:
        for said in (about_view, about_column):
            assert said is not None, (view, column)
            assert re.search(r"[\u4e00-\u9fff].* / .*[a-z]", said), (view, column, said)
