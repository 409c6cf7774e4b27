"""`sitong match` from file to file, on drops of every format."""

import fcntl
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.judgements import Judgements, write
from tests.sitong.exports import FORMATS, export, write_batch
from tests.sitong.homes import CROSSWALK, call, columns, groups, masters, records
from tests.sitong.town import AS_OF, ENTERPRISES, FACTS, PERSONS

ENTITIES = {"persons": PERSONS, "enterprises": ENTERPRISES}


def matched(kind, drop, out, *more):
    outcome = call("match", kind, "--drops", drop, "--out", out, "--as-of", AS_OF, *more)
    assert outcome.status == 0, outcome.said
    crosswalk = pq.read_table(out / "crosswalk.parquet")
    assert columns(crosswalk) == columns(CROSSWALK)
    return crosswalk


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("kind", ENTITIES)
def test_every_format_gives_the_true_partition(town, tmp_path, kind, style):
    drop = export(town, tmp_path / "drop", ENTITIES[kind], style=style)
    crosswalk = matched(kind, drop, tmp_path / "out", "--only", "crosswalk")
    assert groups(crosswalk) == town.groups(*ENTITIES[kind])


def test_it_writes_what_is_promised_for_its_owner_alone(town, tmp_path):
    drop, ids = export(town, tmp_path / "drop"), {}
    for kind, datasets in ENTITIES.items():
        out = tmp_path / kind
        ids[kind] = set(masters(matched(kind, drop, out)).values())
        assert sorted(path.name for path in out.iterdir()) == [
            "crosswalk.parquet", "golden.parquet", "model.json", "review.parquet", "state", "summary.json",
            "values.parquet",
        ]  # fmt: skip
        assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o600}
        assert {path.stat().st_mode & 0o777 for path in (out, out / "state")} == {0o700}
        summary = json.loads((out / "summary.json").read_text("utf-8"))
        assert summary["records"] == {name: len(town.rows[name]) for name in datasets}
        assert summary["seconds"] > 0
        assert summary["peak_mib"] > 0
        assert summary["stages"][0]["stage"] == "read and validate"
        assert summary["stages"][0]["rows"] == sum(summary["records"].values())
        assert all({"stage", "seconds", "peak_mib"} <= stage.keys() for stage in summary["stages"])
        golden = pq.read_table(out / "golden.parquet", columns=["master_id"])
        assert sorted(golden.column(0).to_pylist()) == sorted(ids[kind])
    assert not ids["persons"] & ids["enterprises"]


def test_only_the_crosswalk_where_nothing_else_is_asked_for(town, tmp_path):
    drop = export(town, tmp_path / "drop", PERSONS, style="text parquet")
    matched("persons", drop, tmp_path / "out", "--only", "crosswalk")
    assert not {"golden.parquet", "review.parquet"} & {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize("kind", ENTITIES)
def test_only_required_columns_are_enough(town, tmp_path, kind):
    drop = export(town, tmp_path / "drop", columns="required", style="csv")
    crosswalk = matched(kind, drop, tmp_path / "out")
    assert records(crosswalk) == sorted(record for record in town.truth if record[0] in ENTITIES[kind])


@pytest.mark.parametrize("dataset", [*PERSONS, *ENTERPRISES])
def test_one_dataset_alone_joins_nobody_with_another(town, tmp_path, dataset):
    drop = export(town, tmp_path / "drop", [dataset], style="text parquet")
    kind = "persons" if dataset in PERSONS else "enterprises"
    crosswalk = matched(kind, drop, tmp_path / "out", "--only", "crosswalk")
    assert groups(crosswalk) == town.groups(dataset)
    assert crosswalk.column("match_probability").null_count == len(crosswalk)


@pytest.mark.parametrize("kind", ENTITIES)
def test_a_drop_without_its_datasets_is_told(town, tmp_path, kind):
    drop = export(town, tmp_path / "drop", FACTS)
    outcome = call("match", kind, "--drops", drop, "--out", tmp_path / "out")
    assert outcome.status == 1
    assert ENTITIES[kind][0] in outcome.said
    assert not list((tmp_path / "out").iterdir())


def test_a_rejected_file_leaves_an_earlier_result_as_it_was(town, tmp_path):
    drop = export(town, tmp_path / "drop", PERSONS, style="text parquet")
    matched("persons", drop, tmp_path / "out")
    before = content(tmp_path / "out")
    broken = drop / "police.resident.20260331.parquet"
    broken.write_bytes(broken.read_bytes()[:-100])
    outcome = call("match", "persons", "--drops", drop, "--out", tmp_path / "out")
    assert outcome.status == 1
    assert broken.name in outcome.said
    assert content(tmp_path / "out") == before


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_changes_since_a_match_give_what_matching_everything_by_its_model_gives(town, tmp_path):
    drop = export(town, tmp_path / "drop", PERSONS, style="text parquet")
    matched("persons", drop, tmp_path / "before", "--only", "crosswalk")
    kept = content(tmp_path / "before")
    name, whole = "police.resident", tmp_path / "whole"
    shutil.copytree(drop, whole)
    rows = pq.read_table(drop / f"{name}.20260331.parquet")
    gone, moved, rest = rows.slice(0, 3), rows.slice(3, 4), rows.slice(7)
    moved = moved.set_column(moved.schema.get_field_index("address"), "address", [["鞍山二路1号"] * 4])
    pq.write_table(pa.concat_tables([moved, rest]), whole / f"{name}.20260331.parquet")
    changes = tmp_path / "changes"
    changes.mkdir()
    operations = pa.array(["D"] * 3 + ["U"] * 4)
    pq.write_table(
        pa.concat_tables([gone, moved]).append_column("op", operations), changes / f"{name}.20260401.parquet"
    )
    (changes / f"{name}.20260401.manifest.json").write_text('{"mode": "delta"}')
    after = matched("persons", changes, tmp_path / "after", "--since", tmp_path / "before")
    rebuilt = matched("persons", whole, tmp_path / "rebuilt", "--only", "crosswalk",
                      "--model", tmp_path / "before" / "model.json")  # fmt: skip
    assert masters(after) == masters(rebuilt)
    assert content(tmp_path / "before") == kept
    summary = json.loads((tmp_path / "after" / "summary.json").read_text("utf-8"))
    assert (summary["added"], summary["replaced"], summary["removed"]) == (0, 4, 3)


def test_changes_of_one_kind_are_not_applied_to_a_match_of_the_other(town, tmp_path):
    drop = export(town, tmp_path / "drop", style="text parquet")
    matched("enterprises", drop, tmp_path / "before", "--only", "crosswalk")
    outcome = call("match", "persons", "--drops", drop, "--out", tmp_path / "out", "--since", tmp_path / "before")
    assert outcome.status == 2
    assert "enterprise" in outcome.said


def test_a_model_of_another_kind_or_a_mere_declaration_is_refused(town, tmp_path):
    drop = export(town, tmp_path / "drop", style="text parquet")
    matched("enterprises", drop, tmp_path / "before", "--only", "crosswalk")
    (tmp_path / "persons.yaml").write_text("model: person\n", "utf-8")
    for model in (tmp_path / "before" / "model.json", tmp_path / "persons.yaml"):
        outcome = call("match", "persons", "--drops", drop, "--out", tmp_path / "out", "--model", model)
        assert outcome.status == 2
        assert "person records" in outcome.said
        assert not (tmp_path / "out" / "crosswalk.parquet").exists()


def test_nothing_of_the_match_before_stays_beside_another_crosswalk(town, tmp_path):
    drop, out = export(town, tmp_path / "drop", style="text parquet"), tmp_path / "out"
    matched("persons", drop, out)
    assert (out / "golden.parquet").exists()
    outcome = call("match", "persons", "--drops", drop, "--out", out, "--since", out)
    assert outcome.status == 0, outcome.said
    assert not (out / "golden.parquet").exists()
    assert (out / "review.parquet").exists()
    outcome = call("match", "persons", "--drops", drop, "--out", out, "--since", out, "--only", "crosswalk")
    assert outcome.status == 0, outcome.said
    assert not (out / "review.parquet").exists()


@pytest.mark.parametrize("name", ["bases.json", "records.ids.arrow", "pairs.bits.npy"])
def test_a_state_that_is_cut_short_is_called_damaged(town, tmp_path, name):
    drop, out = export(town, tmp_path / "drop", style="text parquet"), tmp_path / "out"
    matched("persons", drop, out, "--only", "crosswalk")
    (out / "state" / name).write_bytes((out / "state" / name).read_bytes()[:1])
    outcome = call("match", "persons", "--drops", drop, "--out", tmp_path / "next", "--since", out)
    assert outcome.status == 2
    assert "damaged" in outcome.said


def test_the_truth_of_another_city_is_refused(town, tmp_path):
    drop, out, truth = export(town, tmp_path / "drop", style="text parquet"), tmp_path / "out", tmp_path / "truth.csv"
    matched("persons", drop, out, "--only", "crosswalk")
    truth.write_text("source,dataset,record_id,person\npolice,resident,elsewhere,1\n", "utf-8")
    outcome = call("evaluate", "--match", out, "--truth", truth)
    assert outcome.status == 1
    assert "names no record of the match" in outcome.said


def test_what_a_killed_match_left_is_removed_and_what_a_running_one_makes_is_not(town, tmp_path):
    drop, out = export(town, tmp_path / "drop", style="text parquet"), tmp_path / "out"
    (out / ".match-killed" / "state").mkdir(parents=True)
    (out / ".match-running").mkdir()
    running = os.open(out / ".match-running", os.O_RDONLY)
    fcntl.flock(running, fcntl.LOCK_EX)
    matched("persons", drop, out, "--only", "crosswalk")
    assert [path.name for path in out.glob(".match-*")] == [".match-running"]
    os.close(running)


def test_a_place_that_cannot_be_written_is_named(town, tmp_path):
    drop = export(town, tmp_path / "drop", style="text parquet")
    (tmp_path / "file").touch()
    outcome = call("match", "persons", "--drops", drop, "--out", tmp_path / "file" / "out")
    assert outcome.status == 2
    assert "nothing can be written there" in outcome.said


@pytest.mark.parametrize("more", [(), ("--only", "crosswalk")])
def test_a_held_dataset_is_matched_once_it_is_accepted(town, tmp_path, more):
    drop = tmp_path / "drop"
    rows = [row | {"id_number": None} for row in town.rows["police.resident"]]
    write_batch(drop, "police.resident", "20260331", rows)
    arguments = ["match", "persons", "--drops", drop, "--out", tmp_path / "out", *more]
    outcome = call(*arguments)
    assert outcome.status == 1
    assert "--accept police.resident" in outcome.said
    outcome = call(*arguments, "--accept", "police.resident")
    assert outcome.status == 0, outcome.said
    assert len(pq.read_table(tmp_path / "out" / "crosswalk.parquet")) == len(rows)
    assert call(*arguments, "--accept", "police.citizen").status == 2
    assert call(*arguments, "--accept", "fewer_masters").status == 2


def test_a_file_of_judgements_is_followed_and_kept_by_the_match_of_changes(town, tmp_path):
    drop = export(town, tmp_path / "drop", PERSONS, style="text parquet")
    before = matched("persons", drop, tmp_path / "before", "--only", "crosswalk").to_pylist()
    one, gone = before[0], before[-1]
    other = next(row for row in before if row["master_id"] not in (one["master_id"], gone["master_id"]))
    key = lambda row: (f"{row['source']}.{row['dataset']}", row["record_id"])  # noqa: E731
    pair = tuple(sorted((key(one), key(other))))
    write(Judgements(links=frozenset({pair}), suppressed=frozenset({key(gone)})), tmp_path / "judged.parquet")
    told = ("--only", "crosswalk", "--judgements", tmp_path / "judged.parquet")
    ids = masters(matched("persons", drop, tmp_path / "told", *told))
    assert ids[key(one)] == ids[key(other)]
    assert key(gone) not in ids
    quiet = export(town, tmp_path / "quiet", ["family_planning.person"], style="text parquet")
    after = masters(matched("persons", quiet, tmp_path / "after", "--since", tmp_path / "told", "--only", "crosswalk"))
    assert after == ids
    back = ("--since", tmp_path / "before", *told)
    assert masters(matched("persons", quiet, tmp_path / "back", *back)) == ids
