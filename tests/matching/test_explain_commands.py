"""`sitong explain` and `sitong evaluate` on a small simulated city, from the files of a drop to files again."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

import pyarrow.parquet as pq
import pytest

from sitong.commands import main

DAY = ("--as-of", "2026-03-31")


def call(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["sitong", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main()
    return int(end.value.code or 0), out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    assert call("simulate", "--persons", 1500, "--seed", 3, "--out", folder / "city")[0] == 0
    for kind in ("persons", "enterprises"):
        assert call("match", kind, "--drops", folder / "city", "--out", folder / kind, *DAY)[0] == 0
    return folder


def named(row):
    return f"{row['source']}.{row['dataset']}/{row['record_id']}"


def two_of_one(folder, kind):
    rows = pq.read_table(folder / kind / "crosswalk.parquet").to_pylist()
    first = {}
    for row in rows:
        other = first.setdefault(row["master_id"], row)
        if other is not row:
            return row["master_id"], named(other), named(row)
    raise AssertionError("nobody has two records")


@pytest.mark.parametrize("kind", ["persons", "enterprises"])
def test_pairs_and_clusters_are_explained(matched, kind, tmp_path):
    master, left, right = two_of_one(matched, kind)
    given = ("--match", matched / kind, "--drops", matched / "city", *DAY)
    status, out, err = call("explain", *given, "--left", left, "--right", right)
    assert status == 0, err
    assert left in out
    assert right in out
    assert master in out
    assert call("explain", *given, "--left", left, "--right", right, "--out", tmp_path / "pair.json")[0] == 0
    told = json.loads((tmp_path / "pair.json").read_text())
    parts = told["prior_bits"] + told["duplicate_bits"] + told["forbidden_bits"]
    assert parts + sum(field["bits"] for field in told["fields"]) == pytest.approx(told["total_bits"])
    assert call("explain", *given, "--cluster", master, "--out", tmp_path / "cluster.json")[0] == 0
    nodes = json.loads((tmp_path / "cluster.json").read_text())["nodes"]
    records = {f"{one['table']}/{one['record_id']}" for node in nodes for one in node["records"]}
    assert {left, right} <= records


def test_values_do_not_reach_the_log(matched):
    _, left, right = two_of_one(matched, "persons")
    _, out, err = call("explain", "--match", matched / "persons", "--drops", matched / "city", *DAY, "--left", left,
                       "--right", right)  # fmt: skip
    dataset, _, key = left.partition("/")
    table = pq.read_table(next((matched / "city").glob(f"{dataset}.*")))
    row = next(row for row in table.to_pylist() if row["record_id"] == key)
    assert row["name"].strip()[0] in out
    assert row["name"] not in err


@pytest.mark.parametrize("kind", ["person", "enterprise"])
def test_a_match_is_evaluated_with_and_without_its_pairs(matched, kind, tmp_path):
    given = ("--match", matched / f"{kind}s", "--truth", matched / "city" / "truth" / f"{kind}_truth.parquet", *DAY)
    assert call("evaluate", *given, "--out", tmp_path / "plain")[0] == 0
    status, out, err = call("evaluate", *given, "--drops", matched / "city", "--out", tmp_path / "weighed")
    assert status == 0, err
    assert out.split() == [str(tmp_path / "weighed" / name) for name in ("evaluation.json", "evaluation.html")]
    plain, weighed = (json.loads((tmp_path / name / "evaluation.json").read_text()) for name in ("plain", "weighed"))
    assert plain["agreement"] == weighed["agreement"]
    assert plain["weighed"] is None
    assert weighed["weighed"]["blocking"]["recall"] > 0.9
    assert weighed["agreement"]["pairs"]["f1"] > 0.98


def test_a_sample_goes_to_the_clerk_and_back(matched, tmp_path):
    given = ("--match", matched / "persons", "--drops", matched / "city", *DAY)
    status, _, err = call("evaluate", *given, "--sample", 80, "--out", tmp_path / "sample")
    assert status == 0, err
    form = tmp_path / "sample" / "sample.csv"
    lines = form.read_text("utf-8-sig").splitlines()
    form.write_text("\n".join([lines[0], *(line[:-1] + "same," if ",A," in line else line for line in lines[1:])]))
    status, _, err = call("evaluate", "--match", matched / "persons", "--decisions", form, "--out", tmp_path / "told")
    assert status == 0, err
    told = json.loads((tmp_path / "told" / "evaluation.json").read_text())["clerical"]
    assert told["precision"]["value"] == 1
    assert told["open"] == 0
    assert told["recall"]["value"] < 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("explain", "--left", "tax.natural_person/1"),
        ("explain", "--cluster", "P1", "--left", "a/1", "--right", "b/1"),
        ("explain", "--left", "a/1", "--right", "a/1"),
        ("explain", "--cluster", "P1", "--out", "x.docx"),
        ("explain", "--left", "nobody", "--right", "a/1"),
        ("evaluate",),
        ("evaluate", "--sample", 5, "--seed", 1, "--decisions", __file__),
    ],
)
def test_wrong_usage_ends_with_2(matched, wrong):
    status, _, err = call(wrong[0], "--match", matched / "persons", "--drops", matched / "city", *wrong[1:])
    assert status == 2, err


def test_other_data_ends_with_1(matched):
    status, _, err = call("explain", "--match", matched / "city", "--drops", matched / "city", "--cluster", "P1")
    assert status == 1
    assert "model.json is missing" in err
    status, _, err = call("evaluate", "--match", matched / "persons", "--truth", matched / "persons" / "model.json")
    assert status == 2
    assert ".parquet or .csv" in err
