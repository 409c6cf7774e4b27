"""A clerical sample: what can be drawn, the files for the clerk, and the estimate with its interval."""

import csv
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from matching.evaluation.clerical import Design, read_decisions, read_design, write_sample
from matching.evaluation.estimate import estimate
from matching.evaluation.sampling import Stratum, _triangle, draw_sample
from matching.explaining.finished import reopen
from matching.run import match
from storage.errors import ContractBroken


@pytest.fixture(scope="module")
def opened(town, tmp_path_factory):
    out = tmp_path_factory.mktemp("sampled")
    match("person", town[0], out)
    return reopen(out, town[0])


@pytest.fixture(scope="module")
def subjects(opened, town):
    rows = [opened.address(row) for row in range(len(opened.records))]
    return np.array([town[1][address.table, address.record_id] for address in rows])


def answers(sample, subjects):
    pairs = zip(sample.left.tolist(), sample.right.tolist(), strict=True)
    return {k: "same" if subjects[a] == subjects[b] else "different" for k, (a, b) in enumerate(pairs, 1)}


def test_numbers_of_a_triangle():
    expected = [(one, other) for one in range(60) for other in range(one)]
    assert list(zip(*(side.tolist() for side in _triangle(np.arange(len(expected)))), strict=True)) == expected
    huge = np.array([2**51 - 1, 2**51, 2**51 + 1])
    one, other = _triangle(huge)
    assert (one * (one - 1) // 2 + other == huge).all()
    assert ((other >= 0) & (other < one)).all()


def test_strata_hold_every_pair_that_can_be_drawn(opened):
    sample = draw_sample(opened, 200, 1)
    masters = np.array(opened.masters.to_pylist())
    _, sizes = np.unique(masters, return_counts=True)
    linked = sum(stratum.population for stratum in sample.strata if stratum.linked)
    assert linked == int((sizes * (sizes - 1) // 2).sum())
    candidates, node_sizes = opened.candidates(), opened.nodes.size.astype(int)
    of_node = masters[opened.nodes.first]
    apart = of_node[candidates.left] != of_node[candidates.right]
    weights = node_sizes[candidates.left] * node_sizes[candidates.right]
    assert sum(s.population for s in sample.strata if not s.linked) == int(weights[apart].sum())


def test_drawn_pairs_are_of_their_stratum_and_distinct(opened):
    sample = draw_sample(opened, 300, 5)
    masters, node = opened.masters.to_pylist(), opened.nodes.of_record
    candidates = set(zip(opened.candidates().left.tolist(), opened.candidates().right.tolist(), strict=True))
    pairs = list(zip(sample.left.tolist(), sample.right.tolist(), strict=True))
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    for (left, right), place in zip(pairs, sample.stratum, strict=True):
        stratum = sample.strata[place]
        nodes = tuple(sorted((int(node[left]), int(node[right]))))
        assert stratum.linked == (masters[left] == masters[right])
        assert (stratum.origin == "collapsed") == (nodes[0] == nodes[1])
        assert (stratum.origin == "candidate") == (nodes in candidates)
    counts = np.bincount(sample.stratum, minlength=len(sample.strata))
    assert counts.tolist() == [stratum.drawn for stratum in sample.strata]
    assert all(s.drawn == min(s.drawn, s.population) and s.drawn >= min(10, s.population) for s in sample.strata)


def test_the_same_seed_draws_the_same(opened):
    one, again, other = (draw_sample(opened, 120, seed) for seed in (3, 3, 4))
    assert (one.left.tolist(), one.right.tolist()) == (again.left.tolist(), again.right.tolist())
    assert one.left.tolist() != other.left.tolist()


def test_a_sample_of_everything_is_the_truth(opened, subjects):
    sample = draw_sample(opened, 10**7, 1)
    assert all(stratum.drawn == stratum.population for stratum in sample.strata)
    design = Design("person", 1, sample.strata, tuple(sample.stratum.tolist()))
    found = estimate(design, answers(sample, subjects))
    masters = np.array(opened.masters.to_pylist())
    linked = [pair for master in set(masters.tolist()) for pair in combinations(np.flatnonzero(masters == master), 2)]
    common = sum(subjects[a] == subjects[b] for a, b in linked)
    assert found.precision.value == pytest.approx(common / len(linked))
    assert found.precision.low == pytest.approx(found.precision.high)
    assert found.recall.low == pytest.approx(found.recall.value) == pytest.approx(found.recall.high)


def test_files_for_the_clerk_and_back(opened, subjects, tmp_path):
    sample = draw_sample(opened, 60, 2)
    form, plain, design_file = write_sample(opened, sample, tmp_path / "sample")
    assert {path.stat().st_mode & 0o777 for path in (form, plain, design_file)} == {0o600}
    design, wanted = read_design(form.parent), answers(sample, subjects)
    assert design.strata == sample.strata
    assert read_decisions(form, design) == read_decisions(plain, design) == {}

    cells = CalamineWorkbook.from_path(str(form)).get_sheet_by_index(0).to_python()
    column = cells[0].index("结论 decision")
    assert not any("prob" in str(name) for name in cells[0])
    for pair, decision in wanted.items():
        cells[2 * pair - 1][column] = {"same": "同一 same", "different": "不同 different"}[decision]
    with xlsxwriter.Workbook(str(form)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
    assert read_decisions(form, design) == wanted

    lines = list(csv.reader(plain.read_text("utf-8-sig").splitlines()))
    assert len(lines) == 1 + 2 * len(sample.left)
    assert lines[1][2] == opened.address(int(sample.left[0])).table
    for pair, decision in wanted.items():
        lines[2 * pair - 1][column] = {"same": "1", "different": "否"}[decision]
    with plain.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    assert read_decisions(plain, design) == wanted


@pytest.mark.parametrize(
    "lines",
    ["1,maybe", "9,same", "x,same", "1,same\n1,different", "0,same"],
)
def test_decisions_that_cannot_be_understood_are_refused(tmp_path, lines):
    design = Design("person", 1, (Stratum("candidate", True, 0, 1, 0.5, 3, 2),), (0, 0))
    path = tmp_path / "sample.csv"
    path.write_text(f"序号 pair,结论 decision\n{lines}\n")
    with pytest.raises(ContractBroken, match="row"):
        read_decisions(path, design)


def test_other_files_are_refused(tmp_path):
    design = Design("person", 1, (), ())
    (tmp_path / "sample.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ContractBroken, match="lack a column"):
        read_decisions(tmp_path / "sample.csv", design)
    (tmp_path / "sample.xlsx").write_text("no workbook")
    with pytest.raises(ContractBroken, match="cannot be read"):
        read_decisions(tmp_path / "sample.xlsx", design)
    with xlsxwriter.Workbook(str(tmp_path / "far.xlsx")) as book:
        book.add_worksheet().write(1_048_575, 16_383, "x")
    with pytest.raises(ContractBroken, match="cannot be read"):
        read_decisions(tmp_path / "far.xlsx", design)
    with pytest.raises(ContractBroken, match=r"sample\.json"):
        read_design(tmp_path)


def strata(shares, populations, drawn, linked):
    rows = zip(shares, populations, drawn, linked, strict=True)
    return tuple(Stratum("candidate", link, 0, 1, share, size, count) for share, size, count, link in rows)


def test_an_estimate_by_hand():
    design = Design("m", 1, strata((0.9, 0.1), (100, 50), (4, 5), (True, False)), (0, 0, 0, 0, 1, 1, 1, 1, 1))
    words = ["same", "same", "same", "different", "different", "different", "same", "different", "unsure"]
    found = estimate(design, dict(enumerate(words, 1)))
    assert (found.decided, found.unsure, found.open) == (8, 1, 0)
    assert found.precision.value == pytest.approx(0.75)
    assert found.recall.value == pytest.approx(75 / (75 + 12.5))
    assert found.errors_per_10000.value == pytest.approx(1e4 * (25 + 12.5) / 87.5)
    assert found.if_unsure_same[1] == pytest.approx(75 / (75 + 20))
    assert found.if_unsure_different[1] == pytest.approx(75 / (75 + 10))
    assert found.precision.low < 0.75 < found.precision.high


def test_intervals_cover_the_truth_as_often_as_they_say():
    random, covered, rounds = np.random.default_rng(8), np.zeros(2), 120
    shares, populations, drawn, linked = (
        (0.995, 0.7, 0.3, 0.01),
        (20_000, 400, 400, 9000),
        (150, 40, 40, 70),
        (1, 1, 0, 0),
    )
    found = np.array(shares) * populations
    precision, recall = found[:2].sum() / 20_400, found[:2].sum() / found.sum()
    pairs = tuple(np.repeat(range(4), drawn).tolist())
    for number in range(rounds):
        design = Design("m", number, strata(shares, populations, drawn, linked), pairs)
        right = random.random(len(pairs)) < np.array(shares)[list(pairs)]
        told = estimate(design, {k: "same" if hit else "different" for k, hit in enumerate(right, 1)})
        covered += [
            told.precision.low <= precision <= told.precision.high,
            told.recall.low <= recall <= told.recall.high,
        ]
    assert (covered / rounds >= 0.9).all()


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["same", "different", "unsure"]), min_size=1, max_size=30))
def test_the_estimate_lies_within_its_interval(words):
    size = len(words)
    design = Design("m", 1, strata((0.9, 0.2), (size * 3, size * 9), (size, size), (True, False)), (0, 1) * size)
    found = estimate(design, dict(enumerate(words, 1)))
    for one in (found.precision, found.recall, found.errors_per_10000):
        assert one.low <= one.value <= one.high
    assert 0 <= found.precision.low <= found.precision.high <= 1
    assert estimate(design, dict(enumerate(words, 1))) == found


def test_a_wrong_match_shows(opened, subjects):
    """Ten clusters made of two persons each: the estimate must see that precision fell."""

    masters = np.array(opened.masters.to_pylist(), object)
    names = sorted(set(masters.tolist()))[:400]
    for one, other in zip(names[::2], names[1::2], strict=True):
        masters[masters == other] = one
    spoiled = replace(opened, masters=pa.chunked_array([pa.array(masters, pa.string())]))
    sample = draw_sample(spoiled, 400, 11)
    assert any(stratum.origin == "by_way_of_others" for stratum in sample.strata)
    design = Design("person", 11, sample.strata, tuple(sample.stratum.tolist()))
    found = estimate(design, answers(sample, subjects))
    pairs = [p for m in set(masters.tolist()) for p in combinations(np.flatnonzero(masters == m), 2)]
    true = sum(subjects[a] == subjects[b] for a, b in pairs) / len(pairs)
    assert true < 0.97
    assert found.precision.low <= true <= found.precision.high
