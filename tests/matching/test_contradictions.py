import numpy as np
import pytest

from matching.contradictions import against, contradicting, differing, doubt
from matching.model import MatchModel, declared
from matching.parameters import Parameters

MODEL = declared("person")
FIELDS = [spec.field for spec in MODEL.comparisons]


def vector(**levels):
    """A comparison vector; fields that are not named are null."""
    row = np.full((1, len(FIELDS)), -1, np.int8)
    for field, level in levels.items():
        names = [one.level for one in MODEL.comparison(field).levels]
        row[0, FIELDS.index(field)] = names.index(level)
    return row


def trained(prior):
    return Parameters(m={}, u={}, prior=prior, persons=1.0, evidence={}, notes=(), rounds=())


@pytest.mark.parametrize(("level", "expected"), [("different", True), ("one_error", False), ("exact", False)])
def test_identifiers_differ_only_at_the_declared_level(level, expected):
    assert differing(MODEL, vector(id_number=level)).tolist() == [expected]


def test_a_missing_number_differs_from_nothing():
    assert differing(MODEL, vector(name="exact")).tolist() == [False]


def test_two_grounds_of_contradiction():
    known = trained(2.0**-20)
    low, edge = contradicting(MODEL, known), doubt(MODEL)
    apart, silent = vector(id_number="different"), vector(name="exact")
    assert against(MODEL, known, silent, np.array([low - 0.1])).tolist() == [True]
    assert against(MODEL, known, silent, np.array([edge - 0.1])).tolist() == [False]
    assert against(MODEL, known, apart, np.array([edge - 0.1])).tolist() == [True]
    assert against(MODEL, known, apart, np.array([edge + 0.1])).tolist() == [False]


def test_a_level_that_does_not_exist_is_refused():
    content = MODEL.model_dump()
    content["constraints"]["identifiers"] = {"id_number": ("unlike",)}
    with pytest.raises(ValueError, match=r"constraints name levels \['unlike'\]"):
        MatchModel.model_validate(content)
