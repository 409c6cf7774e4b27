"""The SQLAlchemy dialect over a Parquet file."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from schemas.duckdb_dialect import VIEW, parquet_url


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    path = tmp_path / "it's 100% #1?.parquet"
    table = pa.table(
        {
            "text": ["a1", "b", None, "x%y"],
            "number": pa.array([1, 2, None, 3], pa.int64()),
            "money": pa.array([Decimal("1.50"), None, None, None], pa.decimal128(18, 2)),
            "ratio": [0.5, None, None, None],
            "day": pa.array([dt.date(2026, 1, 1), None, None, None]),
            "moment": pa.array([dt.datetime(2026, 1, 1, 8), None, None, None], pa.timestamp("us")),  # noqa: DTZ001
            "parts": [[{"a": "1"}], None, None, None],
        }
    )
    pq.write_table(table, path)
    made = sa.create_engine(parquet_url(path, scratch=tmp_path))
    yield made
    made.dispose()


def test_columns_are_reflected_with_their_types(engine: sa.Engine) -> None:
    columns = {column["name"]: str(column["type"]) for column in sa.inspect(engine).get_columns(VIEW)}

    assert columns == {
        "text": "VARCHAR",
        "number": "BIGINT",
        "money": "NUMERIC(18, 2)",
        "ratio": "DOUBLE",
        "day": "DATE",
        "moment": "TIMESTAMP",
        "parts": "JSON",
    }


def test_only_the_view_is_there(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)

    assert inspector.has_table(VIEW)
    assert not inspector.has_table("other")
    assert inspector.get_table_names() == [VIEW]
    with pytest.raises(sa.exc.NoSuchTableError):
        inspector.get_columns("other")


@pytest.mark.parametrize(
    ("operator", "pattern", "found"),
    [("~", "[0-9]", ["a1"]), ("~", "^b$", ["b"]), ("!~", "[0-9]", ["b", "x%y"]), ("~", "%", ["x%y"])],
)
def test_regular_expressions_match_anywhere(engine: sa.Engine, operator: str, pattern: str, found: list[str]) -> None:
    text = sa.column("text")
    query = sa.select(text).select_from(sa.table(VIEW)).where(text.op(operator)(pattern)).order_by(text)

    with engine.connect() as connection:
        assert connection.execute(query).scalars().all() == found


def test_rows_outlive_their_connection(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        result = connection.execute(sa.text(f"SELECT number FROM {VIEW} WHERE number > :least"), {"least": 1})

    assert result.fetchone() == (2,)
    assert result.fetchmany(5) == [(3,)]
    assert result.fetchall() == []


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    engine = sa.create_engine(parquet_url(tmp_path / "none.parquet", scratch=tmp_path))

    with pytest.raises(sa.exc.DBAPIError), engine.connect():
        pass
