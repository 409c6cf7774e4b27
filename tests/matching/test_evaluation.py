"""Evaluation against the truth: every count equals that of enumerated pairs; the page shows it and asks for nothing."""

import json
import math
import re
import tempfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.blocking import Pairs
from matching.evaluation import report
from matching.evaluation.agreement import PairCounts, agreement, pair_agreement
from matching.evaluation.calibration import EDGES, calibration, record_calibration
from matching.evaluation.contingency import contingency
from matching.evaluation.intervals import wilson
from matching.evaluation.results import Evaluation, plain
from matching.evaluation.weighed import Told, common_pairs, evaluate_weighed, partition_pairs, subjects_by_record
from matching.explaining.finished import reopen
from matching.run import match
from storage.errors import BadSpecification, ContractBroken

DATASETS = ("police.resident", "tax.wage", "plain")
ERRORS = ("id_typo", "name_former")

rows = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(0, 4), st.sampled_from(DATASETS), st.lists(st.sampled_from(ERRORS), max_size=3)
    ),
    max_size=14,
)


def files(folder, found, suffix=".parquet"):
    """A crosswalk and a truth of (cluster, subject, dataset, errors)."""
    parts = [name.partition(".") if "." in name else ("", "", name) for _, _, name, _ in found]
    address = {
        "source": pa.array([part[0] for part in parts], pa.string()),
        "dataset": pa.array([part[2] for part in parts], pa.string()),
        "record_id": pa.array([str(number) for number in range(len(found))], pa.string()),
    }
    masters = pa.array([f"P{row[0]}" for row in found], pa.string())
    chances = pa.array([0.5] * len(found), pa.float64())
    pq.write_table(
        pa.table({"master_id": masters, **address, "match_probability": chances}), folder / "crosswalk.parquet"
    )
    subjects = pa.array([f"T{row[1]}" for row in found], pa.string())
    if suffix == ".parquet":
        errors = pa.array([row[3] for row in found], pa.list_(pa.string()))
        pq.write_table(pa.table({**address, "person": subjects, "errors": errors}), folder / "truth.parquet")
    else:
        lines = ["source,dataset,record_id,person,errors"]
        lines += [
            f"{p[0]},{p[2]},{k},T{row[1]},{';'.join(row[3])}"
            for k, (p, row) in enumerate(zip(parts, found, strict=True))
        ]
        (folder / "truth.csv").write_text("\n".join(lines) + "\n")
    return folder / "crosswalk.parquet", folder / f"truth{suffix}"


def counted(found, chosen=None):
    pairs = [(a, b) for a, b in combinations(found, 2) if chosen is None or chosen(a, b)]
    linked, true = [a[0] == b[0] for a, b in pairs], [a[1] == b[1] for a, b in pairs]
    return PairCounts(sum(x and y for x, y in zip(linked, true, strict=True)), sum(linked), sum(true))


@settings(max_examples=30)
@given(rows)
def test_everything_equals_the_slow_obvious_version(found):
    with tempfile.TemporaryDirectory() as folder, contingency(*files(Path(folder), found)) as cells:
        told = agreement(cells)
    assert told.pairs == counted(found)
    names = sorted({row[2] for row in found})
    assert told.by_datasets == {
        (one, other): counted(found, lambda a, b, one=one, other=other: {a[2], b[2]} == {one, other})
        for place, one in enumerate(names)
        for other in names[place:]
    }
    for error in ERRORS:
        expected = counted(found, lambda a, b, error=error: error in a[3] or error in b[3])
        assert told.by_error.get(error, PairCounts(0, 0, 0)) == expected
    cubed = [
        (sum(b[:2] == a[:2] for b in found) / sum(b[0] == a[0] for b in found),
         sum(b[:2] == a[:2] for b in found) / sum(b[1] == a[1] for b in found))
        for a in found
    ]  # fmt: skip
    for place, value in enumerate((told.b_cubed.precision, told.b_cubed.recall)):
        assert value == pytest.approx(np.mean([pair[place] for pair in cubed]) if cubed else 1.0)
    for least, exact in ((1, told.clusters), (2, told.linked_clusters)):
        ours, theirs = (
            {
                frozenset(k for k, row in enumerate(found) if row[side] == value)
                for value in {row[side] for row in found}
            }
            for side in (0, 1)
        )
        ours, theirs = ({one for one in groups if len(one) >= least} for groups in (ours, theirs))
        assert (exact.exact, exact.clusters, exact.subjects) == (len(ours & theirs), len(ours), len(theirs))


def test_a_case_that_can_be_counted_by_hand(tmp_path):
    # clusters {1, 2, 3}, {4}; subjects {1, 2}, {3, 4}: one common pair, three linked, two true
    found = [(0, 0, "tax.wage", []), (0, 0, "tax.wage", []), (0, 1, "tax.wage", []), (1, 1, "police.resident", [])]
    counts = pair_agreement(*files(tmp_path, found))
    assert (counts.wrong, counts.missed) == (2, 1)
    assert counts.precision == pytest.approx(1 / 3)
    assert counts.recall == pytest.approx(1 / 2)
    assert counts.f1 == pytest.approx(0.4)
    assert counts.errors_per_10000 == pytest.approx(15_000)


def test_nothing_to_link_is_no_error():
    assert (PairCounts(0, 0, 0).precision, PairCounts(0, 0, 0).recall, PairCounts(0, 0, 0).f1) == (1, 1, 1)
    assert PairCounts(0, 0, 0).errors_per_10000 is None


@given(st.tuples(*[st.integers(0, 50)] * 3))
def test_shares_stay_between_0_and_1(numbers):
    common, wrong, missed = numbers
    counts = PairCounts(common, common + wrong, common + missed)
    assert 0 <= min(counts.precision, counts.recall) <= counts.f1 + 1e-12
    assert counts.f1 <= max(counts.precision, counts.recall) + 1e-12 <= 1 + 1e-12


def test_truth_as_text_counts_the_same(tmp_path):
    found = [(0, 0, "tax.wage", ["id_typo", "name_former"]), (0, 0, "plain", []), (1, 0, "plain", ["id_typo"])]
    with contingency(*files(tmp_path, found)) as cells:
        one = agreement(cells)
    with contingency(*files(tmp_path, found, ".csv")) as cells:
        assert agreement(cells) == one


def test_records_of_one_file_only_are_counted_and_left_out(tmp_path):
    crosswalk, truth = files(tmp_path, [(0, 0, "tax.wage", [])] * 5)
    pq.write_table(pq.read_table(crosswalk).slice(0, 4), crosswalk)
    pq.write_table(pq.read_table(truth).slice(2), truth)
    with contingency(crosswalk, truth) as cells:
        told = agreement(cells)
    assert (told.records, told.untold, told.unmatched) == (2, 2, 1)
    assert told.pairs == PairCounts(1, 1, 1)


def test_files_that_are_not_a_truth_are_refused(tmp_path):
    crosswalk, truth = files(tmp_path, [(0, 0, "tax.wage", [])] * 3)
    table = pq.read_table(truth)
    wrong = {
        "other columns": table.append_column("enterprise", pa.array(["E1"] * 3)),
        "expected source, dataset, record_id": table.drop_columns("record_id"),
        "3 records are named more than once": pa.concat_tables([table, table]),
    }
    for message, content in wrong.items():
        pq.write_table(content, tmp_path / "wrong.parquet")
        with pytest.raises(ContractBroken, match=message), contingency(crosswalk, tmp_path / "wrong.parquet"):
            pass
    (tmp_path / "broken.parquet").write_text("no Parquet")
    with pytest.raises(ContractBroken, match="cannot be read"), contingency(crosswalk, tmp_path / "broken.parquet"):
        pass
    with pytest.raises(ContractBroken, match="missing"), contingency(crosswalk, tmp_path / "none.parquet"):
        pass
    (tmp_path / "truth.dbf").touch()
    with pytest.raises(BadSpecification, match=r"\.csv"), contingency(crosswalk, tmp_path / "truth.dbf"):
        pass


def test_calibration_by_hand():
    found = calibration(np.array([0.95, 0.96, 0.2, 1.0]), np.array([1.0, 0.0, 0.0, 1.0]))
    by_low = {one.low: one for one in found.bins}
    assert [by_low[low].count for low in (0.1, 0.95, 0.999)] == [1, 2, 1]
    assert by_low[0.95].stated == pytest.approx(0.955)
    assert by_low[0.95].true == 0.5
    assert found.brier == pytest.approx((0.05**2 + 0.96**2 + 0.2**2) / 4)
    assert found.log_loss == pytest.approx(-(math.log(0.95) + math.log(0.04) + math.log(0.8)) / 4, abs=1e-5)
    assert calibration(np.zeros(0), np.zeros(0)).brier is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_a_reliability_table_holds_every_pair_once(pairs):
    stated, true = np.array([p for p, _ in pairs]), np.array([float(t) for _, t in pairs])
    found = calibration(stated, true)
    assert sum(one.count for one in found.bins) == len(pairs)
    assert sum(one.true * one.count for one in found.bins) == pytest.approx(true.sum())
    for one in found.bins:
        inside = (stated >= one.low) & ((stated < one.high) | (one.high == EDGES[-1]))
        assert one.count == inside.sum()
        assert one.low_true - 1e-12 <= one.true <= one.high_true + 1e-12


def test_records_belong_where_another_record_of_the_cluster_is_the_same_subject(tmp_path):
    found = [(0, 0, "plain", []), (0, 0, "plain", []), (0, 1, "plain", []), (1, 2, "plain", []), (1, 3, "plain", [])]
    with contingency(*files(tmp_path, found)) as cells:
        told = record_calibration(cells)
    assert told.count == 5
    assert told.bins[0].true == pytest.approx(2 / 5)


def test_wilson_against_known_values():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)


nodes = st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=6)


def told_of(content):
    starts, subjects, counts = [0], [], []
    for members in content:
        for subject in sorted(set(members)):
            subjects.append(subject)
            counts.append(members.count(subject))
        starts.append(len(subjects))
    return Told(np.array(starts), np.array(subjects, np.int64), np.array(counts, np.int64))


@given(nodes, st.data())
def test_pairs_of_records_between_and_inside_nodes(content, data):
    told = told_of(content)
    pairs = list(combinations(range(len(content)), 2))
    left, right = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    expected = [sum(a == b for a in content[one] for b in content[other]) for one, other in pairs]
    assert common_pairs(told, Pairs(left, right)).tolist() == expected
    assert told.known().tolist() == [len(members) for members in content]
    root = np.array([data.draw(st.integers(0, place)) for place in range(len(content))], np.int32)
    records = [(int(root[node]), subject, "", []) for node, members in enumerate(content) for subject in members]
    assert partition_pairs(told, root) == counted(records)


@pytest.fixture(scope="module")
def evaluated(town, tmp_path_factory):
    tables, truth = town
    folder = tmp_path_factory.mktemp("evaluated")
    match("person", tables, folder)
    keys = [key[0].partition(".") for key in truth]
    pq.write_table(
        pa.table(
            {"source": [key[0] for key in keys], "dataset": [key[2] for key in keys],
             "record_id": [key[1] for key in truth], "person": [f"T{person}" for person in truth.values()]}
        ),
        folder / "truth.parquet",
    )  # fmt: skip
    opened = reopen(folder, tables)
    return folder, opened, evaluate_weighed(opened, folder / "truth.parquet")


def test_weighed_pairs_of_a_town(evaluated):
    folder, opened, found = evaluated
    subjects = subjects_by_record(opened, folder / "truth.parquet")
    first = subjects[opened.nodes.first]
    candidates = opened.candidates()
    assert found.pairs == len(candidates) == found.calibration.count
    force = next(one for one in found.thresholds if one.in_force)
    assert force.match_probability == pytest.approx(opened.model.link)
    linked, common = ([getattr(one.pairs, name) for one in found.thresholds] for name in ("linked", "common"))
    assert linked == sorted(linked, reverse=True)
    assert common == sorted(common, reverse=True)
    counts = pair_agreement(folder / "crosswalk.parquet", folder / "truth.parquet")
    assert counts.true == found.blocking.true == force.pairs.true
    assert abs(counts.common - force.pairs.common) <= 0.002 * counts.true
    blocking = found.blocking
    assert blocking.collapsed + blocking.candidates <= blocking.true
    assert blocking.collapsed <= blocking.reachable <= blocking.true
    assert 0.99 < blocking.recall <= 1
    assert all(rule.only <= rule.true <= blocking.candidates for rule in blocking.rules)
    assert max(rule.pairs for rule in blocking.rules) <= len(candidates) <= sum(rule.pairs for rule in blocking.rules)
    same = first[candidates.left] == first[candidates.right]
    assert sum(one.true * one.count for one in found.calibration.bins) == pytest.approx(same.sum(), abs=3)


def test_a_rule_alone_finds_what_it_says(evaluated):
    folder, opened, found = evaluated
    told = subjects_by_record(opened, folder / "truth.parquet")
    rule = opened.model.blocking[0]
    alone = replace(opened, model=opened.model.model_copy(update={"blocking": (rule,)})).candidates()
    records = [np.flatnonzero(opened.nodes.of_record == node) for node in range(len(opened.nodes))]
    true = sum(
        int(np.sum(told[records[a]][:, None] == told[records[b]][None, :]))
        for a, b in zip(alone.left.tolist(), alone.right.tolist(), strict=True)
    )
    assert (found.blocking.rules[0].pairs, found.blocking.rules[0].true) == (len(alone), true)


def test_the_page_and_the_json(evaluated, tmp_path):
    folder, _, weighed = evaluated
    with contingency(folder / "crosswalk.parquet", folder / "truth.parquet") as cells:
        evaluation = Evaluation("person", agreement(cells), record_calibration(cells), weighed)
    paths = report.write(evaluation, tmp_path / "out")
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o600]
    told = json.loads(paths[0].read_text())
    assert told == json.loads(json.dumps(plain(evaluation)))
    assert told["agreement"]["pairs"]["f1"] == evaluation.agreement.pairs.f1
    assert told["agreement"]["by_datasets"][0]["datasets"] == ["family_planning.person", "family_planning.person"]
    page = paths[1].read_text()
    bare = re.sub(r"data:font/woff;base64,[A-Za-z0-9+/=]+", "", page)
    outside = {one for one in re.findall(r"(?:https?:)?//[^\s\"'<>)]+", bare) if "." in one}
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<script" not in bare
    assert "url(" not in bare.replace("url(#", "").replace("url()", "")
    ids = re.findall(r'\bid="([^"]+)"', bare)
    assert len(ids) == len(set(ids))
    for text in ("匹配评估", "Evaluation of a match", "阈值选择", "The choice of a threshold", "分块召回率"):
        assert text in bare
    assert f"{evaluation.agreement.pairs.f1:.5f}" in bare
    assert bare.count("<svg") >= 8


def test_a_page_of_nothing_known_but_counts(tmp_path):
    with contingency(*files(tmp_path, [(0, 0, "plain", [])])) as cells:
        page = report.page(Evaluation("person", agreement(cells), record_calibration(cells)))
    assert "阈值选择" not in page
    assert "plain" in page
