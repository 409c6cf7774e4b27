"""Keeping what was published: rollback from the command line."""

from datetime import datetime

import pytest

from tests.sitong.exports import write_batch
from tests.sitong.homes import call
from tests.sitong.town import COLUMNS


def keep(home, *arguments):
    """A command on a home with its database."""
    url = home.server.url("owner", home.database)
    return call(*arguments, "--home", home.path, environment={"SITONG_DATABASE_URL": url})


@pytest.fixture
def next_day(town, tmp_path):
    """A drop of one delta: a person moves, one is gone, one is new."""
    noon = datetime(2026, 4, 1, 12)  # noqa: DTZ001 - local time, as departments send it
    police = town.rows["police.resident"]
    write_batch(tmp_path / "next", "police.resident", "20260401", [
        police[0] | {"address": "青岛市即墨区鹤山路9号", "updated_at": noon},
        police[1] | {"op": "D"},
        police[2] | {"record_id": "新/1", "name": "初来", "id_number": None, "updated_at": noon},
    ], "op", *COLUMNS["police.resident"], mode="delta")  # fmt: skip
    return tmp_path / "next"


def test_rollback_says_what_it_means_and_the_next_run_holds_the_same_records(home, next_day):
    before = {name: value for name, value in home.seen().items() if name.startswith("published")}
    first = home.golden()
    assert home.run(next_day, as_of="2026-04-02").status == 0
    assert not home.golden().equals(first)
    listed = keep(home, "rollback", "--list")
    assert listed.status == 0
    assert "in force" in listed.out.splitlines()[0]
    assert len(listed.out.splitlines()) == 2
    done = keep(home, "rollback")
    assert done.status == 0, done.said
    assert "version 3 is in force" in done.said
    assert "withdrawn 已撤回: 2" in done.said
    assert home.golden().equals(first)
    after = home.seen()
    assert {name: after[name] for name in before} == before
    held = home.run(next_day, as_of="2026-04-02")
    assert held.status == 1
    assert "--accept rolled_back" in held.said
    assert home.run(next_day, "--accept", "rolled_back", as_of="2026-04-02").status == 0
    assert not home.golden().equals(first)


def test_a_rollback_to_nowhere_is_wrong_usage(home):
    refused = keep(home, "rollback", "--to", "7")
    assert refused.status == 2
    assert "version 7 is not kept" in refused.said
