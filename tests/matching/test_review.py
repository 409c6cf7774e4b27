import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.blocking import Pairs
from matching.evidence import Evidence
from matching.model import declared
from matching.nodes import Nodes
from matching.outputs import Weighed
from matching.review import BESIDE, CUT, entropy, pending
from matching.run import MatchOptions, match, match_with
from matching.weighing import probability

MODEL = declared("person")
FIELDS = len(MODEL.comparisons)


def nodes_of(sizes):
    count = len(sizes)
    return Nodes(np.repeat(np.arange(count, dtype=np.int32), sizes), np.cumsum(sizes) - sizes,
                 np.array(sizes, np.int32), np.zeros(count, np.uint64), np.zeros(count, bool), {})  # fmt: skip


def weighed_of(edges):
    """Pairs (left, right, bits, pattern)."""
    left, right, bits, pattern = (np.array(column) for column in zip(*edges, strict=True))
    levels = np.full((len(edges), FIELDS), -1, np.int8)
    levels[:, 0] = pattern
    evidence = Evidence(levels, {}, np.zeros(len(edges), np.uint64), np.zeros(len(edges), bool))
    bits = bits.astype(float)
    return Weighed(Pairs(left.astype(np.int32), right.astype(np.int32)), evidence, bits, probability(bits),
                   lambda part: np.zeros((len(part), FIELDS)))  # fmt: skip


def listed(sizes, edges, root=None):
    root = np.arange(len(sizes)) if root is None else np.array(root)
    found = pending(nodes_of(sizes), MODEL, weighed_of(edges), root.astype(np.int32))
    return [edges[row][:2] for row in found.rows], found


def test_the_least_certain_comes_first_where_all_else_is_equal():
    order, _ = listed([1] * 6, [(0, 1, 3.0, 0), (2, 3, 0.0, 1), (4, 5, -2.0, 2)])
    assert order == [(2, 3), (4, 5), (0, 1)]


def test_what_moves_more_records_comes_first():
    order, found = listed([1, 1, 4, 3], [(0, 1, 0.0, 0), (2, 3, 0.0, 1)])
    assert order == [(2, 3), (0, 1)]
    assert found.moved.tolist() == [12, 1]


def test_a_decision_about_many_comes_before_one_about_few_but_not_again_and_again():
    many = [(2 * n, 2 * n + 1, -1.0, 0) for n in range(10)]
    few = [(20, 21, 0.0, 1)]
    order, found = listed([1] * 21 + [2], many + few)
    assert order[0] == (0, 1)
    assert found.alike[0] == 10
    assert order.index((20, 21)) == 2


def test_a_pattern_yields_no_more_than_its_own_pairs():
    """The terms 1 / (k (k + 1)) of a whole pattern sum to less than one."""
    _, found = listed([1] * 40, [(2 * n, 2 * n + 1, 0.0, 0) for n in range(20)])
    assert found.teaches.sum() < 2 * found.moved.sum()


def test_certain_pairs_do_not_wait():
    order, _ = listed([1] * 4, [(0, 1, 30.0, 0), (2, 3, -30.0, 0)], [0, 0, 2, 3])
    assert order == []


def test_cut_links_and_the_links_beside_them_wait_by_how_close_they_were():
    edges = [(0, 1, 20.0, 0), (1, 2, 19.0, 1), (3, 4, 40.0, 0), (4, 5, 20.0, 1), (6, 7, 50.0, 0)]
    order, found = listed([1] * 8, edges, [0, 0, 2, 3, 3, 5, 6, 6])
    assert set(order) == {(0, 1), (1, 2), (3, 4), (4, 5)}
    kinds = {pair: int(reason) for pair, reason in zip(order, found.reason, strict=True)}
    assert kinds == {(0, 1): BESIDE, (1, 2): CUT, (3, 4): BESIDE, (4, 5): CUT}
    open_ = dict(zip(order, found.uncertainty.tolist(), strict=True))
    assert open_[0, 1] == pytest.approx(entropy(np.array([1 / 3]))[0])
    assert open_[1, 2] == pytest.approx(open_[0, 1])
    assert max(open_[3, 4], open_[4, 5]) < 0.001


@given(
    bits=st.lists(st.floats(-4, 4), min_size=1, max_size=12),
    patterns=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_the_order_does_not_depend_on_the_order_of_pairs(bits, patterns, seed):
    edges = [(2 * n, 2 * n + 1, bit, patterns[n]) for n, bit in enumerate(bits)]
    sizes = [1 + n % 3 for n in range(2 * len(edges))]
    order, found = listed(sizes, edges)
    turned = [edges[place] for place in np.random.default_rng(seed).permutation(len(edges))]
    again, other = listed(sizes, turned)
    assert order == again
    assert np.array_equal(found.teaches, other.teaches)
    assert (np.diff(found.teaches) <= 0).all()


@given(chances=st.lists(st.floats(0, 1), min_size=1))
def test_entropy_is_symmetric_and_at_most_a_bit(chances):
    found = entropy(np.array(chances))
    assert ((found >= 0) & (found <= 1)).all()
    assert np.allclose(found, entropy(1 - np.array(chances)), atol=1e-9)


def test_the_file_is_ordered_and_says_why(city, tmp_path):
    tables, _ = city.drops(2000, 8, city.Rates().harsher(4))
    summary = match("person", tables, tmp_path / "one")
    review = pq.read_table(tmp_path / "one" / "review.parquet")
    assert len(review) == summary.review_pairs > 0
    teaches = review.column("teaches").to_numpy()
    assert (np.diff(teaches) <= 0).all()
    assert set(review.column("reason").to_pylist()) <= {"window", "cut", "beside a cut"}
    low, high = MODEL.review
    window = review.filter(np.array(review.column("reason").to_pylist()) == "window").column("match_probability")
    assert all(low <= chance <= high for chance in window.to_pylist())
    turned = {name: table.take(list(range(len(table)))[::-1]) for name, table in tables.items()}
    match("person", turned, tmp_path / "two", options=MatchOptions())
    assert review.equals(pq.read_table(tmp_path / "two" / "review.parquet"))


def test_a_link_that_was_cut_is_in_the_file(city, tmp_path):
    tables, _ = city.drops(3000, 8, city.Rates().harsher(6))
    strict = MODEL.model_copy(update={"constraints": MODEL.constraints.model_copy(update={"contradiction": 18.0})})
    summary = match_with(strict, tables, tmp_path, options=MatchOptions())
    assert summary.cut.links > 0
    reasons = pq.read_table(tmp_path / "review.parquet").column("reason").to_pylist()
    assert reasons.count("cut") >= summary.cut.links
    assert reasons.count("beside a cut") > 0


def test_no_more_is_written_than_clerks_can_read(city, tmp_path, monkeypatch):
    tables, _ = city.drops(2000, 8, city.Rates().harsher(4))
    match("person", tables, tmp_path / "all")
    monkeypatch.setattr("matching.review.MOST_WRITTEN", 5)
    summary = match("person", tables, tmp_path / "some")
    whole, part = (pq.read_table(tmp_path / name / "review.parquet") for name in ("all", "some"))
    assert part.equals(whole.slice(0, 5))
    assert summary.review_pairs == len(whole) > 5
