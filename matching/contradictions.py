"""When two members of a cluster contradict each other, so that a third must not bring them together.

Owns two grounds. The evidence in all speaks against a match, the prior left out. Or the numbers that name a person
differ, and the pair is so unlikely that nobody would review it: two people of one name and birth date share enough for
the first ground to be silent, and a record without a number fits both.
"""

from collections.abc import Callable

import numpy as np

from matching.blocking import Pairs
from matching.clustering import CutRule, Flags, Weigh
from matching.compare.comparators import Levels
from matching.evidence import Evidence
from matching.model import MatchModel
from matching.parameters import Parameters
from matching.weighing import Bits


def cut_rule(model: MatchModel, parameters: Parameters, weigh: Weigh, compare: Callable[[Pairs], Evidence]) -> CutRule:
    """The rule by which components are cut.

    Args:
        model: says at which levels identifiers differ.
        parameters: say the prior.
        weigh: total bits of pairs of nodes.
        compare: the comparison vectors of pairs of nodes.
    """
    return CutRule(
        contradicting(model, parameters), weigh, doubt(model), lambda pairs: differing(model, compare(pairs).levels)
    )


def contradicting(model: MatchModel, parameters: Parameters) -> float:
    """Total bits at or below which two members of a cluster contradict each other."""
    return model.constraints.contradiction + parameters.prior_bits()


def doubt(model: MatchModel) -> float:
    """Total bits below which two members whose identifiers differ contradict each other: the review window's start."""
    lowest = model.review[0]
    return float(np.log2(lowest / (1 - lowest))) if lowest else -np.inf


def differing(model: MatchModel, levels: Levels) -> Flags:
    """In which comparison vectors an identifier differs."""
    out = np.zeros(len(levels), bool)
    for column, spec in enumerate(model.comparisons):
        named = model.constraints.identifiers.get(spec.field, ())
        places = [place for place, level in enumerate(spec.levels) if level.level in named]
        out |= np.isin(levels[:, column], places)
    return out


def against(model: MatchModel, parameters: Parameters, levels: Levels, bits: Bits) -> Flags:
    """Which pairs contradict each other, of known comparison vectors and total bits."""
    return (bits <= contradicting(model, parameters)) | ((bits < doubt(model)) & differing(model, levels))
