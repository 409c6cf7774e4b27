from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.blocking import Pairs, candidate_pairs
from matching.coverage import agree, coverage, remarks, unkeyed_records, unseen
from matching.evidence import compare
from matching.model import BlockingRule, declared
from matching.nodes import collapse
from matching.records import read
from matching.run import match
from matching.training import train
from matching.weighing import frequencies, probability, total, weigh


def caught(chances, size, seed):
    """How many of some matches each number of rules caught, 0 first."""
    random = np.random.default_rng(seed)
    times = sum(random.random(size) < chance for chance in chances)
    return np.bincount(times, minlength=len(chances) + 1).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_what_independent_rules_missed_is_recovered(seed):
    times = caught([0.4] * 5, 100_000, seed)
    assert unseen(times[1:]) == pytest.approx(times[0], rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_with_unlike_matches_the_estimate_is_a_lower_bound_and_not_nothing(seed):
    hard, easy = caught([0.2] * 6, 20_000, seed), caught([0.9] * 6, 80_000, seed + 100)
    times = hard + easy
    assert times[0] * 0.5 < unseen(times[1:]) < times[0] * 1.05


@given(times=st.lists(st.floats(0, 1e7), max_size=20))
def test_the_estimate_is_finite_and_never_negative(times):
    assert 0 <= unseen(np.array(times)) < np.inf


def drop_rules(model, keep):
    return model.model_copy(update={"blocking": tuple(rule for rule in model.blocking if rule.name in keep)})


def estimated(tables, model):
    records = read(tables, model)
    nodes = collapse(records, model)
    pairs, counts = candidate_pairs(records, nodes, model)
    evidence = compare(records, nodes, model, pairs)
    known = train(records, nodes, model, evidence)
    weights = weigh(model, known, frequencies(nodes, records, model), evidence)
    chances = probability(total(model, known, weights, evidence, records.datasets))
    return records, nodes, pairs, chances, coverage(records, nodes, model, (pairs, chances), counts)


def true_pairs(truth, records, nodes):
    """Pairs of nodes that hold records of one person."""
    names = np.array(records.datasets)[records.dataset]
    persons = np.array([truth[name, key] for name, key in zip(names, records.record_ids.to_pylist(), strict=True)])
    of_first = persons[nodes.first]
    order = np.argsort(of_first, kind="stable")
    found = set()
    for run in np.split(order, np.flatnonzero(np.diff(of_first[order])) + 1):
        found |= {(int(min(a, b)), int(max(a, b))) for a in run for b in run if a < b}
    return found


def test_rules_that_rest_on_different_fields_tell_what_they_missed_together(city):
    tables, truth = city.drops(4000, 3, city.Rates().harsher(6))
    rules = tuple(
        BlockingRule(name=name, keys=keys, settled="compare")
        for name, keys in {
            "number": ("id_number",), "name and birth date": ("name", "birth_date"), "mobile": ("mobile",),
            "house and sex": ("address.house", "sex"),
        }.items()
    )  # fmt: skip
    model = declared("person").model_copy(update={"blocking": rules})
    records, nodes, pairs, _, found = estimated(tables, model)
    missed = len(true_pairs(truth, records, nodes) - set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)))
    assert missed > 20
    assert missed * 0.4 < found.unformed < missed * 1.5
    assert found.matches == pytest.approx(sum(found.by_rules), rel=0.01)


def test_fewer_rules_leave_more_to_miss(town):
    model = declared("person")
    few = drop_rules(model, {"id", "name and birth date", "name and mobile"})
    assert estimated(town[0], few)[-1].unformed > estimated(town[0], model)[-1].unformed


def test_agreement_is_what_blocking_pairs(town):
    model = declared("person")
    records = read(town[0], model)
    nodes = replace(collapse(records, model), settled=np.zeros(len(collapse(records, model)), bool))
    random = np.random.default_rng(1)
    some = random.integers(0, len(nodes), (2, 3000)).astype(np.int32)
    for rule in model.blocking:
        alone = model.model_copy(update={"blocking": (rule.model_copy(update={"largest": 10_000}),)})
        formed, _ = candidate_pairs(records, nodes, alone)
        assert agree(records, nodes, [rule], formed).all()
        known = set(zip(formed.left.tolist(), formed.right.tolist(), strict=True))
        pairs = Pairs(np.minimum(*some), np.maximum(*some))
        expected = [
            left == right or (left, right) in known
            for left, right in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
        ]
        found = agree(records, nodes, [rule], pairs)[:, 0]
        differ = pairs.left != pairs.right
        assert found[differ].tolist() == np.array(expected)[differ].tolist()


def test_records_without_any_key_are_counted_and_told(tmp_path):
    names = ["张伟", "王芳"] * 30
    table = pa.table({
        "record_id": [f"{n:02d}" for n in range(60)], "name": names,
        "birth_date": ["1980-01-01"] * 20 + [None] * 40, "mobile": [None] * 20 + ["13812345678"] * 10 + [None] * 30,
    })  # fmt: skip
    model = declared("person")
    records = read({"police.resident": table}, model)
    assert unkeyed_records(records, collapse(records, model), model) == 30
    found = match("person", {"police.resident": table}, tmp_path).coverage
    assert (found.unkeyed_records, found.unkeyed_share) == (30, 0.5)
    assert any("30 records (50.0%)" in line for line in remarks(found))


def test_what_windows_left_out_is_counted(tmp_path):
    rows = 500
    table = pa.table({"record_id": [f"{n:03d}" for n in range(rows)], "name": ["王伟"] * rows,
                      "birth_date": ["1949-12-31"] * rows})  # fmt: skip
    summary = match("person", {"police.resident": table}, tmp_path)
    for rule in summary.blocking:
        if rule.oversized_blocks == 1 and rule.oversized_nodes == rows:
            assert rule.pairs + rule.left_out == rows * (rows - 1) // 2
    assert summary.coverage.left_out_pairs >= rows * (rows - 1) // 2 - rows * 6


def test_a_model_without_pairs_misses_nothing_it_could_know(tmp_path):
    table = pa.table({"record_id": pa.array([], pa.string())})
    found = match("person", {"police.resident": table}, tmp_path).coverage
    assert (found.matches, found.unformed, found.unkeyed_share) == (0.0, 0.0, 0.0)
    assert remarks(found) == []
