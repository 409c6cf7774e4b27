"""From a finished match and some changes to the match that a full rebuild with the same model gives.

Owns the closure of a change: the nodes whose records or company changed, the pairs that these touch, the components
that these pairs touch; everything else keeps its pairs, weights and cluster. Invariant: for any changes in any order
the partition is that of one match of the final records with the same trained model. Cost: arrays as long as the
records are gathered once; what is compared, weighed and cut grows with the changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching import weighing
from matching.blocking import Pairs
from matching.clustering import Component, Cut, components
from matching.collapsed import collapsed_chances
from matching.contradictions import cut_rule
from matching.evidence import Evidence, compare
from matching.frozen import NOBODY, Frozen
from matching.incremental.changes import Changed, Flags, Withdrawn, apply
from matching.incremental.judging import judged_anew, without_suppressed
from matching.incremental.pairing import Paired, pair_anew
from matching.incremental.regrouping import Regrouped, regroup
from matching.incremental.state import MatchState
from matching.judgements import Judgements, Ruled, WeighedPairs, cluster_ruled, ruled, with_ruled
from matching.model import MatchModel
from matching.nodes import Nodes
from matching.outputs import Names, cluster_names
from matching.parameters import Parameters
from matching.placeholders import without_known
from matching.records import Records
from matching.weighing import Bits, Frequencies


@dataclass(frozen=True)
class Trained:
    """A trained model: its declaration, its parameters, and what it knows of single values."""

    model: MatchModel
    parameters: Parameters
    values: Frozen


@dataclass(frozen=True)
class Advanced:
    """The match after some changes.

    Attributes:
        state: all of it.
        changed: what became of the records.
        nodes_anew, pairs_anew: how many were formed again.
        decided: nodes of the components decided again: whoever has another cluster or probability is among them.
        cut: components with a contradiction among these.
        common: how common values are.
    """

    state: MatchState
    changed: Changed
    nodes_anew: int
    pairs_anew: int
    decided: Flags
    cut: Cut
    common: Mapping[str, Frequencies]


Formed = Callable[[Records, Nodes, Names], object]
"""Hears of all records, nodes and their names before pairs are formed."""


def advance(
    before: MatchState,
    sent: Records,
    withdrawn: Mapping[str, Withdrawn],
    trained: Trained,
    judgements: Judgements,
    formed: Formed = lambda *_: None,
) -> Advanced:
    """Apply changes to a match.

    Args:
        before: the match before.
        sent: new and changed records, standardised by themselves.
        withdrawn: by dataset, what is no more.
        trained: the model that made the match; nothing of it is trained anew.
        judgements: those of now. Records that are left out no more must be among those sent.
        formed: is told what is known first.
    """
    model, bounds = trained.model, trained.parameters.bounds
    sent, _ = without_known(sent, model, trained.values.placeholders)
    sent, withdrawn = without_suppressed(before, sent, withdrawn, judgements)
    changed = judged_anew(apply(before.records, sent, withdrawn, model), before.judgements, judgements)
    old = _under_new_values(before.records, changed.records)
    regrouped = regroup(before.nodes, old, changed, model)
    names = _names(before, regrouped, changed, model)
    formed(changed.records, regrouped.nodes, names)
    paired = pair_anew(changed.records, before.nodes, regrouped, model, bounds)
    common = _frequencies(before, changed.records, trained)
    weigh = _Weigh(changed.records, regrouped.nodes, trained, common)
    pairs, bits = _all_pairs(before, regrouped, paired, weigh)
    judged = ruled(changed.records, regrouped.nodes, judgements)
    root, decided, cut = _clusters(before, (regrouped, judged), paired.anew, (pairs, bits), weigh)
    counts = {field: one.counts for field, one in common.items()}
    collapsed = _collapsed(before, regrouped, changed, trained, common)
    state = MatchState(changed.records, regrouped.nodes, names, counts, pairs, bits, root, collapsed, judgements)
    return Advanced(state, changed, int(paired.anew.sum()), len(paired.pairs), decided, cut, common)


def _under_new_values(before: Records, after: Records) -> Records:
    """The records before with the values of today: codes keep their meaning."""
    return Records(
        before.datasets,
        before.dataset,
        before.record_ids,
        before.codes,
        before.others,
        before.told,
        after.values,
        before.alone,
    )


def _frequencies(before: MatchState, records: Records, trained: Trained) -> Mapping[str, Frequencies]:
    """How common values were in training; only values that are new are looked up."""
    out = {}
    for field, counts in before.holders.items():
        known = trained.values.holders.get(field, NOBODY)
        new = known.of(records.values[field].texts[len(counts) :])
        out[field] = weighing.frequencies_of(trained.model.comparison(field), known, np.concatenate((counts, new)))
    return out


def _collapsed(
    before: MatchState, regrouped: Regrouped, changed: Changed, trained: Trained, common: Mapping[str, Frequencies]
) -> Bits:
    """Probability by record that it belongs to its node: of nodes made anew, and what it was of the others."""
    nodes, anew = regrouped.nodes, regrouped.came_from < 0
    known = (
        before.collapsed.take(changed.came_from, mode="clip") if len(before.records) else np.zeros(len(nodes.of_record))
    )
    return collapsed_chances(changed.records, nodes, trained.model, (trained.parameters, common), (known, anew))


def _names(before: MatchState, regrouped: Regrouped, changed: Changed, model: MatchModel) -> Names:
    """The name that a cluster would bear by its smallest node: it rests on the first record, which stays with it."""
    came_from = regrouped.came_from
    kept, anew = np.flatnonzero(came_from >= 0), np.flatnonzero(came_from < 0)
    names = np.empty(len(came_from), before.names.dtype)
    names[kept] = before.names[came_from[kept]]
    names[anew] = cluster_names(changed.records, regrouped.nodes.first[anew], model.prefix)
    return names


class _Weigh:
    """Total bits of pairs of today's nodes."""

    def __init__(self, records: Records, nodes: Nodes, trained: Trained, common: Mapping[str, Frequencies]) -> None:
        self.trained = trained
        self._records, self._nodes, self._common = records, nodes, common

    def __call__(self, pairs: Pairs) -> Bits:
        """Bits by pair."""
        model, parameters = self.trained.model, self.trained.parameters
        evidence = self.compare(pairs)
        by_field = weighing.weigh(model, parameters, self._common, evidence)
        return weighing.total(model, parameters, by_field, evidence, self._records.datasets)

    def compare(self, pairs: Pairs) -> Evidence:
        """Comparison vectors by pair."""
        return compare(self._records, self._nodes, self.trained.model, pairs)


def _all_pairs(before: MatchState, regrouped: Regrouped, paired: Paired, weigh: _Weigh) -> tuple[Pairs, Bits]:
    """Pairs that stay with their bits and pairs formed anew with theirs, in order."""
    left, right = (regrouped.place[side] for side in (before.pairs.left, before.pairs.right))
    anew = np.append(paired.anew, True)
    stays = np.flatnonzero(~anew[left] & ~anew[right])
    one = np.concatenate((left[stays], paired.pairs.left))
    other = np.concatenate((right[stays], paired.pairs.right))
    bits = np.concatenate((before.bits[stays], weigh(paired.pairs)))
    order = np.argsort((one.astype(np.uint64) << np.uint64(32)) | other.astype(np.uint64))
    return Pairs(one[order], other[order]), bits[order]


def _clusters(
    before: MatchState, now: tuple[Regrouped, Ruled], anew: Flags, weighed: tuple[Pairs, Bits], weigh: _Weigh
) -> tuple[Component, npt.NDArray[np.bool_], Cut]:
    """Cluster by node; which nodes were decided again; and what was cut among them."""
    regrouped, judged = now
    model, size = weigh.trained.model, len(regrouped.nodes)
    every = with_ruled(WeighedPairs(*weighed, weighing.probability(weighed[1]) >= model.link), judged)
    pairs, bits, linked = every.pairs, every.bits, every.linked
    component = components(size, pairs.left[linked], pairs.right[linked])
    touched = np.zeros(size, bool)
    touched[component[anew | _left_behind(before, regrouped, anew, model.link)]] = True
    decided = touched[component]
    rows = np.flatnonzero(decided[pairs.left] & decided[pairs.right])
    chosen = WeighedPairs(Pairs(pairs.left[rows], pairs.right[rows]), bits[rows], linked[rows])
    rule = cut_rule(model, weigh.trained.parameters, weigh, weigh.compare)
    root, cut = cluster_ruled(size, chosen, rule, judged)
    kept = np.flatnonzero(~decided)
    root[kept] = regrouped.place[before.root[regrouped.came_from[kept]]]
    return root, decided, cut


def _left_behind(before: MatchState, regrouped: Regrouped, anew: Flags, link: float) -> Flags:
    """Nodes that were in one component with a node that is no more or was formed anew."""
    every = with_ruled(
        WeighedPairs(before.pairs, before.bits, weighing.probability(before.bits) >= link),
        ruled(before.records, before.nodes, before.judgements),
    )
    pairs, linked = every.pairs, every.linked
    component = components(len(before.root), pairs.left[linked], pairs.right[linked])
    lost = regrouped.place < 0
    lost |= anew[regrouped.place]
    touched = np.zeros(len(before.root), bool)
    touched[component[lost]] = True
    out = np.zeros(len(anew), bool)
    places = regrouped.place[touched[component]]
    out[places[places >= 0]] = True
    return out
