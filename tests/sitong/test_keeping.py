"""Keeping what was published, from the command line: rollback, retention, search."""

import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from storage.manifest import is_whole, read_manifest
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
    published = {name: value for name, value in home.seen().items() if name.startswith("published")}
    before = {name: value for name, value in published.items() if "_changes/current" not in name}  # a step more
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


AGREEMENT = """
recipient: medical_insurance
recipient_name: 市医疗保障局
version: "1"
purpose: 参保信息核对
legal_basis: 待核定
valid_from: 2025-01-01
valid_to: 2030-12-31
format: parquet
grants:
  - product: person_changes
    fields: [cursor, kind, master_id, related_master_id, changed, {name: name, mask: surname}, division_code]
  - product: relations
    fields: [kind, from_kind, from_master_id, to_id]
    rows: {kind: [household]}
"""


def test_feeds_and_relations_are_delivered_with_every_run(home, next_day, tmp_path, monkeypatch):
    (tmp_path / "agreements").mkdir()
    (tmp_path / "agreements" / "medical_insurance.yaml").write_text(AGREEMENT, "utf-8")
    monkeypatch.setenv("SITONG_AGREEMENTS", str(tmp_path / "agreements"))
    told, copy = [], {}
    for day in ("2026-04-01", "2026-04-02", "2026-04-03"):
        before = set((home.path / "deliveries").rglob("person_changes.parquet"))
        done = home.run(next_day, as_of=day)
        assert done.status == 0, done.said
        [file] = set((home.path / "deliveries").rglob("person_changes.parquet")) - before
        told.append(read_manifest(file.parent).facts["tables"]["person_changes"]["feed"])
        for row in pq.read_table(file).to_pylist():
            copy.pop(row["master_id"], None)
            if row["kind"] not in ("removed", "merged"):
                copy[row["master_id"]] = row["division_code"]
        assert copy == {row["master_id"]: row["division_code"] for row in home.golden().to_pylist()}
        related = pq.read_table(file.with_name("relations.parquet"))
        assert set(related.column("kind").to_pylist()) == {"household"}
    assert told[0]["from"] is None
    assert [one["from"] for one in told[1:]] == [one["to"] for one in told[:-1]]


def test_a_rollback_to_nowhere_is_wrong_usage(home):
    refused = keep(home, "rollback", "--to", "7")
    assert refused.status == 2
    assert "version 7 is not kept" in refused.said


EVERYTHING_THAT_MAY_GO = {
    "SITONG_KEEP_VERSIONS": "1", "SITONG_KEEP_LANDING_DAYS": "0", "SITONG_KEEP_QUARANTINE_DAYS": "0",
    "SITONG_KEEP_QUALITY_DAYS": "0", "SITONG_KEEP_REPORTS_DAYS": "0", "SITONG_KEEP_DELIVERIES_DAYS": "0",
    "SITONG_KEEP_ACCEPTED_DAYS": "1", "SITONG_KEEP_MATCHING_DAYS": "1", "SITONG_KEEP_CHANGES_DAYS": "0",
}  # fmt: skip


@pytest.fixture
def much_later(monkeypatch):
    """The clock of retention stands ten years on."""
    from sitong.commands import prune

    moment = prune.now()
    monkeypatch.setattr(prune, "now", lambda: moment + timedelta(days=3650))


def files(home, zone):
    return sorted(str(path.relative_to(home.path)) for path in (home.path / zone).rglob("*") if path.is_file())


ZONES = ("landing", "accepted", "quarantine", "quality", "matching", "published", "reports", "deliveries")


def test_a_dry_run_names_what_would_go_and_leaves_it(home, next_day, much_later, monkeypatch):
    assert home.run(next_day, as_of="2026-04-02").status == 0
    for name, value in EVERYTHING_THAT_MAY_GO.items():
        monkeypatch.setenv(name, value)
    before = {zone: files(home, zone) for zone in ZONES}
    said = keep(home, "prune", "--dry-run")
    assert said.status == 0, said.said
    assert {zone: files(home, zone) for zone in ZONES} == before
    named = {line for line in said.err.splitlines() if "/" in line}
    assert keep(home, "prune").status == 0
    after = {zone: files(home, zone) for zone in ZONES}
    gone = {path for zone in ZONES for path in set(before[zone]) - set(after[zone])}
    assert named
    unnamed = {path for path in gone if not any(path.startswith(name) for name in named)}
    assert {path for path in unnamed if ".versions" not in path} == set()
    assert all(any(path.startswith(name) for path in gone) or name.startswith("reports") for name in named)


def test_what_is_needed_stays_and_the_next_runs_go_on(home, next_day, much_later, monkeypatch, first_run):
    assert home.run(next_day, as_of="2026-04-02").status == 0
    for name, value in EVERYTHING_THAT_MAY_GO.items():
        monkeypatch.setenv(name, value)
    golden, crosswalk = home.golden(), home.crosswalk()
    assert keep(home, "prune").status == 0
    kept = {zone: files(home, zone) for zone in ZONES}
    assert [path for path in kept["published"] if "/current/" not in path and "/000001/" in path] == []
    assert home.path.joinpath("published/person_changes/current").readlink().name == "000002"
    assert len({path.split("/")[1] for path in kept["reports"] if not path.startswith("reports/.versions")}) <= 1
    again = home.run(next_day, as_of="2026-04-02")  # nothing changed: nothing is published anew
    assert again.status == 0, again.said
    assert home.golden().equals(golden)
    assert home.crosswalk().equals(crosswalk)
    assert keep(home, "prune").status == 0
    assert home.run(next_day, as_of="2026-04-03").status == 0
    assert home.crosswalk().equals(crosswalk)


def test_kept_versions_keep_what_they_were_made_of(home, next_day, much_later, monkeypatch):
    first = home.golden()
    assert home.run(next_day, as_of="2026-04-02").status == 0
    for name, value in EVERYTHING_THAT_MAY_GO.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SITONG_KEEP_VERSIONS", "2")
    assert keep(home, "prune").status == 0
    for product in ("person", "enterprise"):
        for version in ("000001", "000002"):
            folder = home.path / "published" / product / version
            if folder.exists():
                for dataset, state in read_manifest(folder).inputs.items():
                    assert is_whole(home.path / "accepted" / Path(*dataset.split(".")) / state)
    assert keep(home, "rollback").status == 0
    assert home.golden().equals(first)


def test_who_is_known_is_found_and_nothing_is_said_of_the_question(home, caplog):
    golden = home.golden().to_pylist()
    one = next(row for row in golden if row["birth_date"] and row["name"] and row["id_number"])
    found = keep(
        home, "search", "person", "--name", one["name"], "--birth-date", one["birth_date"], "--id-number",
        one["id_number"], "--json",
    )  # fmt: skip
    assert found.status == 0, found.said
    best = json.loads(found.out)["candidates"][0]
    assert best["master_id"] == one["master_id"]
    assert best["probability"] > 0.9
    for value in (one["name"], one["id_number"]):
        assert value not in found.err
        assert value not in caplog.text
    again = keep(home, "search", "person", "--name", one["name"])
    assert one["master_id"] in again.out
    enterprise = home.golden("enterprise").to_pylist()[0]
    by_name = keep(home, "search", "enterprise", "--name", enterprise["name"])
    assert enterprise["master_id"] in by_name.out.splitlines()[0]


def test_a_question_comes_on_standard_input(home, monkeypatch):
    one = next(row for row in home.golden().to_pylist() if row["birth_date"] and row["name"])
    question = {"name": one["name"], "birth_date": str(one["birth_date"])}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(question)))
    found = keep(home, "search", "person", "--query", "-")
    assert found.status == 0, found.said
    assert one["master_id"] in found.out
    for wrong in ("[1]", "{", '{"name": 1}', '{"shoe_size": "9"}', "{}"):
        monkeypatch.setattr("sys.stdin", io.StringIO(wrong))
        assert keep(home, "search", "person", "--query", "-").status == 2
    assert keep(home, "search", "person", "--query", "-", "--name", "某").status == 2


def test_a_new_version_has_a_new_index(home, next_day):
    moved = "青岛市即墨区鹤山路9号"
    assert keep(home, "search", "person", "--address", moved).status == 0
    assert home.run(next_day, as_of="2026-04-02").status == 0
    found = json.loads(keep(home, "search", "person", "--address", moved, "--json").out)
    assert moved in [one["values"].get("address") for one in found["candidates"]]
    assert len(list((home.path / "search" / "person").iterdir())) == 1


FULL = """
import resource, sys
from sitong.commands import main
import sitong.stages, sitong.retention
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["sitong", *sys.argv[2:]]
main()
"""


def test_a_full_disk_is_told_at_any_stage_of_a_run_and_what_was_published_stays(home, next_day):
    """A limit on the size of files ends writing as a full disk does."""
    url = {"SITONG_DATABASE_URL": home.server.url("owner", home.database)}
    before = home.seen()
    for limit in (100, 6000):
        done = subprocess.run(
            [sys.executable, "-c", FULL, str(limit), "run", "--drops", next_day, "--home", home.path,
             "--as-of", "2026-04-02"],
            capture_output=True, text=True, check=False, env={**os.environ, **url}, cwd=Path.cwd(),
        )  # fmt: skip
        assert done.returncode == 1, (limit, done.stderr)
        assert "the disk is full, or a quota or limit is reached" in done.stderr, (limit, done.stderr)
        assert {name: value for name, value in home.seen().items() if "reports" not in name} == {
            name: value for name, value in before.items() if "reports" not in name
        }
    assert home.run(next_day, as_of="2026-04-02").status == 0
