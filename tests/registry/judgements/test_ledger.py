"""The ledger in a real database: prefixes, refusals, and rows that nobody changes."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from matching.judgements import Judgements
from registry.judgements import acts, ledger
from registry.judgements.exporting import for_matching
from registry.judgements.judgement import Author, RecordKey, link, not_link, override, suppress
from registry.judgements.replay import replay
from registry.master_ids import master_ids
from registry.publication import PublishRequest, publish
from storage.engine import create_engine
from storage.errors import BadSpecification

AT = datetime(2026, 3, 1, tzinfo=UTC)
AUTHOR = Author("wang", "same photograph")
ONE, OTHER, THIRD = (RecordKey("police", "resident", name) for name in ("R1", "R2", "R3"))


@pytest.fixture
def writer(engine, server):
    other = create_engine(server.url("writer", engine.url.database))
    yield other
    other.dispose()


def test_every_prefix_of_the_ledger_replays_to_what_held_then(writer):
    held, steps = [], [[link(ONE, OTHER)], [link(OTHER, THIRD), suppress(THIRD)], [not_link(THIRD, ONE)], [2], [1, 3]]
    for step in steps:
        with writer.begin() as connection:
            if isinstance(step[0], int):
                ledger.take_back(connection, AUTHOR, step, AT)
            else:
                ledger.add(connection, AUTHOR, step, AT)
            rows = ledger.read(connection)
            held.append((rows[-1].number, ledger.live(connection)))
    with writer.connect() as connection:
        every = ledger.read(connection)
        for number, live in held:
            assert replay(every[:number]) == live == replay(ledger.read(connection, number))
    assert [row.number for row in every] == list(range(1, 8))
    assert (every[0].at, every[0].author) == (AT, AUTHOR)
    final = held[-1][1]
    assert [one.said for one in final.not_links] == [not_link(ONE, THIRD)]
    pair = (("police.resident", "R1"), ("police.resident", "R3"))
    assert for_matching(final.of("person")) == Judgements(not_links=frozenset({pair}))
    assert for_matching(final.of("enterprise")) == Judgements()
    with writer.begin() as connection, pytest.raises(BadSpecification, match="withdrawn already"):
        ledger.take_back(connection, AUTHOR, [1], AT)
    with writer.begin() as connection, pytest.raises(BadSpecification, match="no such judgement"):
        ledger.take_back(connection, AUTHOR, [99], AT)


CHANGES = (
    "UPDATE registry.judgement SET reason = 'x'",
    "DELETE FROM registry.judgement",
    "TRUNCATE registry.judgement",
)


def test_nobody_rewrites_the_ledger(engine, writer, server):
    with writer.begin() as connection:
        ledger.add(connection, AUTHOR, [suppress(ONE)], AT)
    for statement in CHANGES:
        with engine.connect() as connection, pytest.raises(DBAPIError, match="rows are only added"):
            connection.execute(text(statement))
        with writer.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(statement))
    reader = create_engine(server.url("reader", engine.url.database))
    with reader.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("SELECT * FROM registry.judgement"))
    reader.dispose()


def test_values_are_said_of_masters_that_are_there(engine, writer, zones, accepted, matched, tmp_path):
    tables = accepted(tmp_path / "a", {"police.resident": [{"record_id": name} for name in ("R1", "R2", "R3")]})
    match = matched(tmp_path / "m", {"1": ["police.resident/R1", "police.resident/R2"], "2": ["police.resident/R3"]})
    publish(engine, zones, PublishRequest(as_of=AT.date(), tables=tables, person=match))
    with writer.begin() as connection:
        found = connection.execute(
            text("SELECT master_id FROM population.person_crosswalk WHERE record_id = 'R1'")
        ).scalar_one()
        assert acts.records_of(connection, "person", found) == [ONE, OTHER]
        ledger.add(connection, AUTHOR, [override(found, "name", "王五")], AT)
        stranger = master_ids("person", np.array([10**6]), b"other").to_pylist()[0]
        [(key, one)] = ledger.live(connection).values.items()
        assert (key, one.said.value) == ((found, "name"), "王五")
    with writer.begin() as connection, pytest.raises(BadSpecification, match="no such master"):
        ledger.add(connection, AUTHOR, [override(stranger, "name", "王五")], AT)
