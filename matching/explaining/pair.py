"""Why two records are one's or not: the weight of every field in bits, how it came about, and what was decided.

Invariant: prior + fields + duplicate + forbidden = total, and the total is what the match gave the pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from matching.blocking import candidate_pairs
from matching.compare import comparators
from matching.explaining.finished import Address, FinishedMatch, Small, Weighed, pairs_of
from matching.explaining.received import Texts, received, value
from matching.model import ComparisonSpec, DependenceSpec, MatchModel
from matching.nodes import Places
from matching.weighing import level_weights

Silence = Literal["left_missing", "right_missing", "both_missing", "told_by_another_field"]
Decision = Literal[
    "judged_one", "judged_two", "collapsed", "linked", "together", "cut", "apart", "not_found", "not_linked"
]
"""judged_one, judged_two: a steward decided, whatever the weight; collapsed: identical evidence made them one before
pairs; linked: their own weight; together: by way of other records; cut: enough weight, but the link was not followed;
apart: a constraint forbids it; not_found: enough weight, but no blocking rule brings them together; not_linked: too
little weight."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        received: text of the accepted record; null where it has none.
        compared: the standard value that reached the level; null where there is none.
        lent_by: another record of the same node that holds the compared value; null where the record itself does.
    """

    received: str | None
    compared: str | None
    lent_by: Address | None


@dataclass(frozen=True)
class FieldWeight:
    """What one field says, in bits.

    Attributes:
        level: comparison level reached; null where the field says nothing, and `silence` why.
        level_bits: log2 m/u of the level. dependence_bits: what other fields already said of it.
        frequency_bits: how rare or common the value is. bits: the sum of the three.
        dependence: comparisons and levels that the dependence in force rests on.
    """

    field: str
    level: str | None
    silence: Silence | None
    left: Side
    right: Side
    level_bits: float
    dependence_bits: float
    frequency_bits: float
    bits: float
    dependence: Mapping[str, tuple[str, ...]] | None


@dataclass(frozen=True)
class JudgedPair:
    """What a steward decided of two records that the match honoured: they are one (`link`) or two (`not_link`)."""

    kind: Literal["link", "not_link"]
    one: Address
    other: Address


@dataclass(frozen=True)
class PairExplanation:
    """The explanation of two records.

    Attributes:
        duplicate_bits: log2 of how seldom one dataset holds somebody twice; 0 for two datasets.
        forbidden_bits: what a constraint takes away; 0 where it does not hold.
        link_bits: total weight from which pairs are linked.
        collapsed_by: fields whose equality made the two one node; empty where they are two.
        rules: blocking rules that bring the two together when they are looked at alone.
        judgements: those about the two, then those about one of them and another record.
    """

    model: str
    left: Address
    right: Address
    left_master: str
    right_master: str
    prior_bits: float
    fields: tuple[FieldWeight, ...]
    duplicate_bits: float
    forbidden_bits: float
    total_bits: float
    match_probability: float
    link_bits: float
    decision: Decision
    collapsed_by: tuple[str, ...]
    rules: tuple[str, ...]
    judgements: tuple[JudgedPair, ...] = ()


def explain_pair(match: FinishedMatch, left: Address, right: Address) -> PairExplanation:
    """Explain two different records of a finished match.

    Two records of one node are weighed as single records, without what the match needed no weight for.

    Raises:
        BadSpecification: a record that the match does not have.
    """
    rows = match.row(left), match.row(right)
    nodes = match.nodes.of_record[np.array(rows)]
    collapsed = bool(nodes[0] == nodes[1])
    beside = np.array(rows) if collapsed else match.members(nodes.astype(np.int64))
    small = match.small(beside, collapsed=not collapsed)
    places = np.searchsorted(small.rows, rows)
    ours, theirs = (int(small.nodes.of_record[place]) for place in places)
    weighed = match.weigh(pairs_of([ours], [theirs]), small)
    texts = received(match.tables, match.model, (left, right))
    looks = [_Look(int(place), texts.get(one, {})) for place, one in zip(places, (left, right), strict=True)]
    fields = _fields(match, small, weighed, looks)
    free = float(match.weigh_freely(weighed, small)[0])
    prior = match.trained.prior_bits()
    rules = () if collapsed else _rules(small, match.model)
    masters = tuple(match.masters[row].as_py() for row in rows)
    judged = _judged(match, left, right)
    return PairExplanation(
        model=match.model.model, left=left, right=right, left_master=masters[0], right_master=masters[1],
        prior_bits=prior, fields=fields,
        duplicate_bits=free - prior - float(weighed.weights[0].sum()),
        forbidden_bits=float(weighed.bits[0]) - free,
        total_bits=float(weighed.bits[0]), match_probability=float(weighed.chances[0]),
        link_bits=float(np.log2(match.model.link / (1 - match.model.link))),
        decision=_ruled(judged, {left, right})
        or _decision(match, weighed, masters[0] == masters[1], collapsed, bool(rules)),
        collapsed_by=_collapsed_by(match, rows) if collapsed else (), rules=rules, judgements=judged,
    )  # fmt: skip


def _judged(match: FinishedMatch, left: Address, right: Address) -> tuple[JudgedPair, ...]:
    known = match.judgements
    pairs = [JudgedPair("link", Address(*one), Address(*other)) for one, other in known.links]
    pairs += [JudgedPair("not_link", Address(*one), Address(*other)) for one, other in known.not_links]
    about = [pair for pair in pairs if {left, right} & {pair.one, pair.other}]
    return tuple(sorted(about, key=lambda pair: ({pair.one, pair.other} != {left, right}, pair.one, pair.other)))


def _ruled(judged: Sequence[JudgedPair], both: set[Address]) -> Decision | None:
    """What a steward decided of the two themselves."""
    kinds = {pair.kind for pair in judged if {pair.one, pair.other} == both}
    return "judged_one" if "link" in kinds else "judged_two" if kinds else None


def _decision(match: FinishedMatch, weighed: Weighed, together: bool, collapsed: bool, found: bool) -> Decision:
    enough = bool(weighed.chances[0] >= match.model.link)
    if collapsed:
        return "collapsed"
    if together:
        return "linked" if enough and found else "together"
    if weighed.evidence.apart[0]:
        return "apart"
    if not enough:
        return "not_linked"
    return "cut" if found else "not_found"


def _collapsed_by(match: FinishedMatch, rows: tuple[int, int]) -> tuple[str, ...]:
    codes = match.records.codes
    for fields in match.model.collapse:
        if all(codes[field][rows[0]] == codes[field][rows[1]] >= 0 for field in fields):
            return fields
    return ()


def _rules(small: Small, model: MatchModel) -> tuple[str, ...]:
    if len(small.nodes) != 2:
        return ()
    return tuple(count.rule for count in candidate_pairs(small.records, small.nodes, model)[1] if count.pairs)


@dataclass(frozen=True)
class _Look:
    """A record among few: its place there and its texts."""

    place: int
    texts: Texts


def _fields(match: FinishedMatch, small: Small, weighed: Weighed, looks: Sequence[_Look]) -> tuple[FieldWeight, ...]:
    model, levels = match.model, weighed.evidence.levels
    plain = level_weights(model.model_copy(update={"dependences": ()}), match.trained, levels)[0]
    dependent = level_weights(model, match.trained, levels)[0]
    out = []
    for column, spec in enumerate(model.comparisons):
        level = int(levels[0, column])
        codes = _best_codes(spec, small, (looks[0].place, looks[1].place))
        left, right = (_side(match, small, spec.field, look, code) for look, code in zip(looks, codes, strict=True))
        corrected = float(dependent[column] - plain[column])
        out.append(
            FieldWeight(
                field=spec.field,
                level=spec.levels[level].level if level >= 0 else None,
                silence=_silence(codes) if level < 0 else None,
                left=left, right=right,
                level_bits=float(plain[column]), dependence_bits=corrected,
                frequency_bits=float(weighed.weights[0, column] - dependent[column]),
                bits=float(weighed.weights[0, column]),
                dependence=_dependence(model, levels[0], spec.field) if corrected else None,
            )
        )  # fmt: skip
    return tuple(out)


def _best_codes(spec: ComparisonSpec, small: Small, places: tuple[int, int]) -> tuple[int, int]:
    """The values of the two nodes that reach the best level, the first in order of their values; −1 for none."""
    held = small.nodes.held[spec.field]
    ours, theirs = (
        held.codes[held.starts[node] : held.starts[node + 1]] for node in (small.nodes.of_record[p] for p in places)
    )
    if not len(ours) or not len(theirs):
        return (int(ours[0]) if len(ours) else -1), (int(theirs[0]) if len(theirs) else -1)
    one, other = np.repeat(ours, len(theirs)), np.tile(theirs, len(ours))
    best = int(np.argmax(comparators.levels(spec, small.records.values[spec.field], one, other)))
    return int(one[best]), int(other[best])


def _silence(codes: tuple[int, int]) -> Silence:
    missing = codes[0] < 0, codes[1] < 0
    if all(missing):
        return "both_missing"
    if any(missing):
        return "left_missing" if missing[0] else "right_missing"
    return "told_by_another_field"


def _side(match: FinishedMatch, small: Small, field: str, look: _Look, code: int) -> Side:
    text = value(match.model.fields[field], look.texts)
    if code < 0:
        return Side(text, None, None)
    compared = small.records.values[field].texts[code].as_py()
    holders = _holders(small, field, code, int(small.nodes.of_record[look.place]))
    lent = None if look.place in holders else match.address(int(small.rows[holders[0]]))
    return Side(text, compared, lent)


def _holders(small: Small, field: str, code: int, node: int) -> Places:
    holds = small.records.codes[field] == code
    for other in small.records.others[field]:
        holds = holds | (other == code)
    return np.flatnonzero(holds & (small.nodes.of_record == node))


def _dependence(model: MatchModel, levels: npt.NDArray[np.int8], field: str) -> Mapping[str, tuple[str, ...]] | None:
    """The condition of the dependence in force: the last one whose levels all hold."""
    place = {spec.field: column for column, spec in enumerate(model.comparisons)}

    def holds(dependence: DependenceSpec) -> bool:
        return all(
            levels[place[other]] >= 0 and model.comparisons[place[other]].levels[levels[place[other]]].level in names
            for other, names in dependence.when.items()
        )

    found = [one for one in model.dependences if one.comparison == field and holds(one)]
    return {other: tuple(names) for other, names in found[-1].when.items()} if found else None
