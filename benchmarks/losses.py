"""Where pairs are lost or wrongly made: by stage of the match, and by what the comparison said.

`python -m benchmarks.losses persons FOLDER` matches a city in this process and follows every missed and every wrong
pair. Cities are synthetic, so examples may be printed.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.direct import read_drop
from matching import contradictions, training, weighing
from matching.blocking import Pairs, candidate_pairs
from matching.clustering import cluster
from matching.evidence import compare
from matching.model import MatchModel, declared
from matching.nodes import Nodes
from matching.placeholders import collapse_without_placeholders
from matching.records import Records, read
from registry.policy import policy

Array = np.ndarray[Any, np.dtype[Any]]
EXAMPLES = 3


@dataclass(frozen=True)
class Matched:
    """One match with all that led to it. `truth` is the person (enterprise) by record, −1 where none is known."""

    model: MatchModel
    records: Records
    nodes: Nodes
    pairs: Pairs
    bits: Array
    root: Array
    truth: Array
    known: Any
    common: Any

    def weigh(self, pairs: Pairs) -> tuple[Array, Array]:
        """Bits and levels of any pairs of nodes."""
        vectors = compare(self.records, self.nodes, self.model, pairs)
        by_field = weighing.weigh(self.model, self.known, self.common, vectors)
        return weighing.total(self.model, self.known, by_field, vectors, self.records.datasets), vectors.levels


def match(entity: Literal["person", "enterprise"], folder: Path) -> Matched:
    """The stages of `matching.run`, keeping what each made."""
    model = declared(entity)
    records = read(read_drop(folder, policy(entity).datasets, as_of=date(2026, 3, 31)), model)
    collapsed = collapse_without_placeholders(records, model)
    records, nodes = collapsed.records, collapsed.nodes
    pairs, _ = candidate_pairs(records, nodes, model)
    evidence = compare(records, nodes, model, pairs)
    known = training.train(records, nodes, model, evidence)
    common = weighing.frequencies(nodes, records, model)
    made = Matched(
        model, records, nodes, pairs, np.zeros(0), np.zeros(0), _truth(entity, folder, records), known, common
    )
    bits, _ = made.weigh(pairs)
    linked = weighing.probability(bits) >= model.link
    rule = contradictions.cut_rule(
        model, known, lambda further: made.weigh(further)[0], lambda further: compare(records, nodes, model, further)
    )
    root, _ = cluster(len(nodes), pairs, bits, linked, rule)
    return Matched(model, records, nodes, pairs, bits, root, made.truth, known, common)


def _truth(kind: str, folder: Path, records: Records) -> Array:
    table = pq.read_table(folder / "truth" / f"{kind}_truth.parquet")
    named = pc.binary_join_element_wise(*(table[name].cast(pa.string()) for name in ("source", "dataset")), ".")
    keys = pc.binary_join_element_wise(named, table["record_id"].cast(pa.string()), "\n")
    of = pa.array(list(records.datasets)).take(pa.array(records.dataset))
    ours = pc.binary_join_element_wise(of, records.record_ids.combine_chunks(), "\n")
    place = pc.index_in(ours, keys.combine_chunks()).fill_null(-1).to_numpy(zero_copy_only=False)
    numbers = pc.dictionary_encode(table[kind].combine_chunks()).indices.to_numpy(zero_copy_only=False)
    return np.where(place >= 0, numbers[place], -1)


@dataclass(frozen=True)
class Loss:
    """Two parts of one person that were not joined, or two persons that were: their best pair of nodes."""

    stage: str
    pattern: str
    pairs: int
    left: int
    right: int
    bits: float


def losses(matched: Matched) -> tuple[list[Loss], list[Loss]]:
    """Missed, and wrong. A loss counts the pairs of records between the two parts."""
    cluster_of = matched.root[matched.nodes.of_record]
    part = defaultdict(lambda: defaultdict(list))  # type: ignore[var-annotated]
    sizes: Counter[tuple[int, int]] = Counter()
    for record, (person, found) in enumerate(zip(matched.truth.tolist(), cluster_of.tolist(), strict=True)):
        sizes[person, found] += 1
        part[person][found].append(int(matched.nodes.of_record[record]))
    ends = zip(matched.pairs.left.tolist(), matched.pairs.right.tolist(), strict=True)
    known = dict(zip(ends, matched.bits.tolist(), strict=True))
    missed = [
        _loss(matched, known, (set(parts[one]), set(parts[other])), sizes[person, one] * sizes[person, other], "missed")
        for person, parts in part.items() if person >= 0 and len(parts) > 1
        for place, one in enumerate(parts) for other in list(parts)[place + 1 :]
    ]  # fmt: skip
    together: dict[int, set[int]] = defaultdict(set)
    for person, found in sizes:
        together[found].add(person)
    wrong = [
        _loss(
            matched, known, (set(part[one][found]), set(part[other][found])),
            sizes[one, found] * sizes[other, found], "wrong",
        )
        for found, people in together.items() if len(people) > 1
        for place, one in enumerate(sorted(people)) for other in sorted(people)[place + 1 :]
    ]  # fmt: skip
    return missed, wrong


def _loss(
    matched: Matched, known: Mapping[tuple[int, int], float], sides: tuple[set[int], set[int]], pairs: int, kind: str
) -> Loss:
    ours, theirs = sides
    if ours & theirs:
        node = min(ours & theirs)
        return Loss("collapsed", "", pairs, node, node, float("nan"))
    every = [(min(one, other), max(one, other)) for one in ours for other in theirs]
    blocked = [pair for pair in every if pair in known]
    chosen = blocked or every
    both = np.array(chosen, np.int32)
    bits, levels = matched.weigh(Pairs(both[:, 0].copy(), both[:, 1].copy()))
    best = int(np.argmax(bits))
    bar = np.log2(matched.model.link / (1 - matched.model.link))
    enough = bits[best] >= bar
    if kind == "wrong":
        stage = "linked" if blocked and enough else "through others"
    elif not blocked:
        stage = "not blocked, would link" if enough else "not blocked, would weigh too low"
    else:
        stage = "cut" if enough else "weighed too low"
    if stage == "cut":
        stage = f"cut, {_enemy(matched, sorted(ours | theirs))}"
    return Loss(stage, _said(matched, levels[best]), pairs, *chosen[best], float(bits[best]))


def _said(matched: Matched, levels: Array) -> str:
    """A comparison vector in words."""
    named = zip(matched.model.comparisons, levels.tolist(), strict=True)
    return " ".join(f"{spec.field}={spec.levels[level].level if level >= 0 else '-'}" for spec, level in named)


def _enemy(matched: Matched, nodes: list[int]) -> str:
    """The vector of the two of one person's nodes that contradict each other most, or that another person forced it."""
    both = np.array([(one, other) for place, one in enumerate(nodes) for other in nodes[place + 1 :]], np.int32)
    bits, levels = matched.weigh(Pairs(both[:, 0].copy(), both[:, 1].copy()))
    worst = int(np.argmin(bits))
    if not contradictions.against(matched.model, matched.known, levels, bits).any():
        return "another part of the cluster contradicts"
    return f"own records contradict ({_said(matched, levels[worst])}, {bits[worst]:.0f} bits)"


def _show(matched: Matched, node: int) -> str:
    """The values of a node's first record."""
    record = int(matched.nodes.first[node])
    where = matched.records.datasets[matched.records.dataset[record]].partition(".")[0]
    values = []
    for field in matched.model.fields:
        code = int(matched.records.codes[field][record])
        values.append(matched.records.values[field].texts[code].as_py() if code >= 0 else "-")
    return f"{where}: {' | '.join(values)}"


def report(matched: Matched, found: list[Loss], title: str, most: int = 40) -> None:
    """Print counts by stage, then by stage and pattern with examples."""
    print(f"\n== {title}: {sum(loss.pairs for loss in found)} pairs of records, {len(found)} joints")
    stages: Counter[str] = Counter()
    groups: dict[tuple[str, str], list[Loss]] = defaultdict(list)
    for loss in found:
        stages[loss.stage] += loss.pairs
        groups[loss.stage, loss.pattern].append(loss)
    for stage, count in stages.most_common():
        print(f"{count:7d}  {stage}")
    ordered = sorted(groups.items(), key=lambda item: -sum(loss.pairs for loss in item[1]))
    for (stage, pattern), members in ordered[:most]:
        bits = float(np.mean([loss.bits for loss in members]))
        print(f"\n{sum(loss.pairs for loss in members):5d}  {stage}: {pattern}  [{bits:.1f} bits]")
        for loss in members[:EXAMPLES]:
            print(f"         {_show(matched, loss.left)}\n         {_show(matched, loss.right)}   {loss.bits:.1f}")


def main() -> None:
    """Match, follow and print."""
    entity: Literal["person", "enterprise"] = "person" if sys.argv[1] == "persons" else "enterprise"
    matched = match(entity, Path(sys.argv[2]))
    missed, wrong = losses(matched)
    report(matched, missed, "missed")
    report(matched, wrong, "wrong")


if __name__ == "__main__":
    main()
