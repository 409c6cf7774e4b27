import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.blocking import candidate_pairs
from matching.evidence import compare
from matching.model import MatchModel, declared
from matching.nodes import collapse
from matching.parameters import declared as declared_parameters
from matching.parameters import read, write
from matching.records import read as read_records
from matching.training import train
from matching.weighing import level_weights, monotone, probability

PROBABILITIES = st.lists(st.floats(1e-9, 1), min_size=1, max_size=8)


@given(m=PROBABILITIES, u=PROBABILITIES)
def test_weights_never_fall_with_the_level(m, u):
    size = min(len(m), len(u))
    weights = monotone(np.array(m[:size]), np.array(u[:size]))
    assert len(weights) == size
    assert (np.diff(weights) >= -1e-12).all()


@given(bits=st.lists(st.floats(-500, 500), min_size=2))
def test_probability_rises_with_the_weight(bits):
    chances = probability(np.sort(np.array(bits)))
    assert ((chances >= 0) & (chances <= 1)).all()
    assert (np.diff(chances) >= 0).all()


def trained(tables):
    model = declared("person")
    records = read_records(tables, model)
    nodes = collapse(records, model)
    pairs, _ = candidate_pairs(records, nodes, model)
    return model, train(records, nodes, model, compare(records, nodes, model, pairs))


def test_training_is_deterministic_whatever_the_row_order(town):
    turned = {name: table.take(np.random.default_rng(4).permutation(len(table))) for name, table in town[0].items()}
    _, one = trained(town[0])
    _, other = trained(turned)
    assert one.prior == other.prior
    for field in one.m:
        assert np.array_equal(one.m[field], other.m[field])
        assert np.array_equal(one.u[field], other.u[field])


def test_training_finds_the_planted_rates(town, city):
    """m of what the city draws independently for each record: mobile numbers that are stale, and persons there are."""
    _, found = trained(town[0])
    rates = city.Rates()
    assert found.m["mobile"][-1] == pytest.approx((1 - rates.mobile_stale) ** 2, abs=0.04)
    assert found.m["address"][-1] == pytest.approx((1 - rates.moved) ** 2, abs=0.04)
    assert found.m["id_number"][-1] == pytest.approx(1 - 2 * rates.id_error, abs=0.01)
    assert found.persons == pytest.approx(3000, rel=0.02)
    assert found.rounds[-1].change < 1e-3


def test_a_handful_of_records_keeps_the_declared_parameters():
    table = pa.table({"record_id": ["1", "2", "3"], "name": ["张伟", "张伟", "王芳"], "birth_date": ["1980-01-01"] * 3})
    model, found = trained({"police.resident": table})
    declared_m = np.array([level.m for level in model.comparison("name").levels])
    assert np.allclose(found.m["name"], declared_m / declared_m.sum(), atol=0.01)
    assert any(note.startswith("name") for note in found.notes)


def test_parameters_are_read_as_they_were_written(town, tmp_path):
    model, found = trained(town[0])
    write(tmp_path / "model.json", model, found)
    again, read_back = read(tmp_path / "model.json")
    assert isinstance(again, MatchModel)
    assert again == model
    assert read_back.prior == found.prior
    assert all(np.array_equal(read_back.m[field], found.m[field]) for field in found.m)


def test_dependent_evidence_weighs_less(town):
    model, found = trained(town[0])
    place = {spec.field: column for column, spec in enumerate(model.comparisons)}
    vector = np.full((2, len(model.comparisons)), -1, np.int8)
    vector[:, place["birth_date"]] = len(model.comparison("birth_date").levels) - 1
    vector[1, place["id_number"]] = len(model.comparison("id_number").levels) - 1
    alone, with_id = level_weights(model, found, vector)[:, place["birth_date"]]
    assert 0 < with_id < alone / 3


def test_u_is_that_of_random_pairs(town):
    """Random pairs of the town's persons: those of one sex, counted over all of them."""
    tables, _ = town
    sexes = np.array(tables["police.resident"].column("sex").to_pylist())
    _, found = trained(tables)
    assert found.u["sex"][-1] == pytest.approx(sum((sexes == sex).mean() ** 2 for sex in "12"), abs=0.02)
    names = np.unique([name[0] for name in tables["police.resident"].column("name").to_pylist()], return_counts=True)[1]
    surname = float(((names / names.sum()) ** 2).sum())
    model = declared("person")
    levels = [level.level for level in model.comparison("name").levels]
    shares = dict(zip(levels, found.u["name"], strict=True))
    assert 1 - shares["different"] == pytest.approx(surname, abs=0.02)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40)
def test_a_better_level_never_weighs_less_whatever_the_others_are(seed):
    """With the dependences of the shipped models; the field's own weight, the other fields staying as they are."""
    for entity in ("person", "enterprise"):
        model = declared(entity)
        known = declared_parameters(model, 100_000)
        random = np.random.default_rng(seed)
        vector = [int(random.integers(-1, len(spec.levels))) for spec in model.comparisons]
        for column, spec in enumerate(model.comparisons):
            levels = np.tile(np.array(vector, np.int8), (len(spec.levels), 1))
            levels[:, column] = np.arange(len(spec.levels))
            weights = level_weights(model, known, levels)[:, column]
            assert (np.diff(weights) >= -1e-12).all()
