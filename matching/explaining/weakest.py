"""The weakest link that joins some records of a match, with its bits by field: what a finding about them rests on.

Owns the choice of the records and what is told of their link. A record that is named alone rests on its strongest link
into its cluster; one without any rests on none. Works on the state that a match keeps, for all findings at once:
nothing but the chosen links is weighed anew. Invariant: a link weighs here what it weighed there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching import frozen, parameters, weighing
from matching.blocking import Pairs
from matching.evidence import Evidence, compare
from matching.explaining.joining import Groups, Links, bottlenecks, strongest
from matching.frozen import NOBODY, Holders
from matching.incremental import state
from matching.incremental.state import MatchState
from matching.judgements import ruled
from matching.model import MatchModel
from matching.nodes import Nodes, Places, collapse
from matching.parameters import Parameters
from matching.records import Records, some
from matching.standardise.values import Codes, indices
from matching.weighing import Bits, Frequencies

NAMED: Final = pa.schema(
    [("finding_id", pa.string()), ("master_id", pa.string()), ("dataset", pa.string()), ("record_id", pa.string())]
)
"""One row per record that a finding names; `dataset` as `department.dataset`."""

HOW: Final = ("linked", "judged", "collapsed")
"""linked: by its own weight; judged: by a steward, whatever it weighs; collapsed: identical evidence made the two one
before pairs were weighed, and they are weighed here as single records."""

LINKED, JUDGED, COLLAPSED = range(len(HOW))

_SLICE: Final = 1 << 22
"""Pairs that are looked through at once."""

Flags = npt.NDArray[np.bool_]


def weakest_links(folder: Path, named: pa.Table) -> pa.Table:
    """The weakest link between the records that each finding names of one master.

    Args:
        folder: of a whole match, with its state.
        named: see `NAMED`; records that the match has not are passed over.

    Returns:
        One row per finding and master that rest on a link: `finding_id`, and `link`, a struct of model, left and right
        (dataset, record_id), how (`HOW`), joins (false where one record is named alone), prior_bits, fields (field,
        level or null, bits), total_bits, match_probability, and link_bits, the total from which pairs are linked.

    Raises:
        BadSpecification: the folder keeps no state of this release.
    """
    match = _open(folder)
    asked = _asked(match.state, named)
    links = _links(match, asked)
    finding_ids = asked.findings.take(pa.array(links.finding))
    return pa.table({"finding_id": finding_ids, "link": _told(match, links, _weigh(match, links))})


@dataclass(frozen=True)
class _Match:
    """A match as it lies: its state, its trained model, how common values are."""

    state: MatchState
    model: MatchModel
    trained: Parameters
    common: Mapping[str, Frequencies]

    @property
    def link_bits(self) -> float:
        return float(np.log2(self.model.link / (1 - self.model.link)))


def _open(folder: Path) -> _Match:
    opened = state.load(folder / state.FOLDER)
    model, trained = parameters.read(folder / "model.json")
    known, no_texts = frozen.counts(folder), pa.array([], pa.string())
    common = {
        field: weighing.frequencies_of(
            model.comparison(field), Holders(no_texts, known.get(field, NOBODY.counts)), counts
        )
        for field, counts in opened.holders.items()
    }
    return _Match(opened, model, trained, common)


@dataclass(frozen=True)
class _Asked:
    """Named records that the match holds, group by group; a group is what one finding names of one master.

    `findings`: their ids by code; `finding`: code by group; `starts`: where a group begins; `row`, `node`: by record.
    """

    findings: pa.StringArray
    finding: Places
    starts: Places
    row: Places
    node: Codes

    @property
    def counts(self) -> Places:
        """Records by group."""
        return np.diff(np.append(self.starts, len(self.row)))


def _asked(match: MatchState, named: pa.Table) -> _Asked:
    finding, master = (named.column(name).combine_chunks().dictionary_encode() for name in ("finding_id", "master_id"))
    row = _rows(match.records, named)
    group = (indices(finding).astype(np.int64) << 32) | indices(master)
    there = np.flatnonzero(row >= 0)
    order = there[np.lexsort((row[there], group[there]))]
    group, row = group[order], row[order]
    once = np.flatnonzero(np.append(True, (group[1:] != group[:-1]) | (row[1:] != row[:-1]))[: len(row)])
    group, row = group[once], row[once]
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1])[: len(group)])
    return _Asked(finding.dictionary, group[starts] >> 32, starts, row, match.nodes.of_record[row])


def _rows(records: Records, named: pa.Table) -> Places:
    """Where named records stand; −1 for one that the match has not."""
    out = np.full(len(named), -1)
    datasets = named.column("dataset").combine_chunks()
    for place, name in enumerate(records.datasets):
        asked = np.flatnonzero(pc.equal(datasets, name).to_numpy(zero_copy_only=False))
        if not len(asked):
            continue
        start, stop = (int(end) for end in np.searchsorted(records.dataset, [place, place + 1]))
        ids = named.column("record_id").take(pa.array(asked)).combine_chunks().dictionary_encode()
        at = pc.index_in(records.record_ids.slice(start, stop - start), value_set=ids.dictionary)
        at = at.fill_null(-1).to_numpy()
        found = np.flatnonzero(at >= 0)
        of_id = np.full(len(ids.dictionary), -1)
        of_id[at[found]] = start + found
        out[asked] = of_id[indices(ids)]
    return out


@dataclass(frozen=True)
class _Chosen:
    """One link a row: the finding, two records, their nodes, how it came about, whether both records are named."""

    finding: Places
    rows: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int32]
    how: npt.NDArray[np.int8]
    joins: Flags


def _links(match: _Match, asked: _Asked) -> _Chosen:
    """The link of every group that rests on one."""
    if not len(asked.starts):
        none = np.zeros(0, np.int64)
        return _Chosen(none, np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int32), none.astype(np.int8), none > 0)
    nodes, first = match.state.nodes, asked.starts
    root = match.state.root[asked.node]
    one_cluster = np.minimum.reduceat(root, first) == np.maximum.reduceat(root, first)
    one_node = np.minimum.reduceat(asked.node, first) == np.maximum.reduceat(asked.node, first)
    several = np.flatnonzero(one_cluster & ~one_node)
    twice = np.flatnonzero(one_node & (asked.counts > 1))
    alone = np.flatnonzero(asked.counts == 1)
    beside = nodes.size[asked.node[first[alone]]] > 1
    linked = _inside(match, root[first[np.concatenate((several, alone[~beside]))]])
    hangs = bottlenecks(_groups(asked, several, root), linked)
    rests = strongest(asked.node[first[alone[~beside]]], linked)
    return _joined(
        [
            _of_links(asked, several[hangs >= 0], linked, hangs[hangs >= 0], nodes),
            _of_links(asked, alone[~beside][rests >= 0], linked, rests[rests >= 0], nodes),
            _collapsed(asked, twice, asked.row[first[twice] + 1]),
            _collapsed(asked, alone[beside], _another(nodes, asked.row[first[alone[beside]]])),
        ]
    )


def _groups(asked: _Asked, chosen: Places, root: Codes) -> Groups:
    counts = asked.counts[chosen]
    starts = np.cumsum(counts) - counts
    entries = np.repeat(asked.starts[chosen] - starts, counts) + np.arange(counts.sum())
    return Groups(starts, asked.node[entries], root[asked.starts[chosen]])


def _inside(match: _Match, clusters: Codes) -> Links:
    """The links inside some clusters, those that stewards judged among them."""
    kept, root = match.state, match.state.root
    wanted = np.zeros(len(root), bool)
    wanted[clusters] = True
    places = [np.zeros(0, np.int64)]
    for start in range(0, len(kept.pairs), _SLICE):
        part = slice(start, start + _SLICE)
        ours = root[kept.pairs.left[part]]
        inside = wanted[ours] & (ours == root[kept.pairs.right[part]]) & (kept.bits[part] >= match.link_bits)
        places.append(start + np.flatnonzero(inside))
    rows = np.concatenate(places)
    judged = ruled(kept.records, kept.nodes, kept.judgements).together
    left, right = (
        np.concatenate((side[rows], told)).astype(np.int32)
        for side, told in ((kept.pairs.left, judged.left), (kept.pairs.right, judged.right))
    )
    bits = np.concatenate((kept.bits[rows], np.full(len(judged), np.inf)))
    stays = np.flatnonzero(wanted[root[left]])
    return Links(left[stays], right[stays], bits[stays], root[left[stays]])


def _of_links(asked: _Asked, groups: Places, links: Links, chosen: Places, nodes: Nodes) -> _Chosen:
    pair = np.stack((links.left[chosen], links.right[chosen]), axis=1)
    rows = np.stack([_named_of(asked, groups, pair[:, side], nodes) for side in (0, 1)], axis=1)
    how = np.where(np.isinf(links.bits[chosen]), JUDGED, LINKED).astype(np.int8)
    return _Chosen(asked.finding[groups], rows, pair, how, asked.counts[groups] > 1)


def _named_of(asked: _Asked, groups: Places, node: Codes, nodes: Nodes) -> Places:
    """A record of a node: one that the group names where there is one, else the node's first."""
    of = np.repeat(np.arange(len(asked.starts)), asked.counts)
    known = (of << 32) | asked.node
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known[order], (groups << 32) | node), len(order) - 1)
    there = known[order][at] == ((groups << 32) | node)
    return np.where(there, asked.row[order][at], nodes.first[node])


def _collapsed(asked: _Asked, groups: Places, other: Places) -> _Chosen:
    start = asked.starts[groups]
    rows = np.sort(np.stack((asked.row[start], other), axis=1), axis=1)
    pair = np.stack((asked.node[start],) * 2, axis=1)
    how = np.full(len(groups), COLLAPSED, np.int8)
    return _Chosen(asked.finding[groups], rows, pair, how, asked.counts[groups] > 1)


def _another(nodes: Nodes, rows: Places) -> Places:
    """Another record of the node of each: its first, or its last."""
    wanted = np.zeros(len(nodes), bool)
    wanted[nodes.of_record[rows]] = True
    every = np.flatnonzero(wanted[nodes.of_record])
    last = np.zeros(len(nodes), np.int64)
    last[nodes.of_record[every]] = every
    first = nodes.first[nodes.of_record[rows]]
    return np.where(first != rows, first, last[nodes.of_record[rows]])


def _joined(parts: list[_Chosen]) -> _Chosen:
    return _Chosen(
        *(np.concatenate([getattr(part, name) for part in parts])
          for name in ("finding", "rows", "nodes", "how", "joins"))
    )  # fmt: skip


@dataclass(frozen=True)
class _Weighed:
    """Comparison levels (−1 where a field says nothing), bits by field, and total bits, by link."""

    levels: npt.NDArray[np.int8]
    weights: Bits
    bits: Bits


def _weigh(match: _Match, links: _Chosen) -> _Weighed:
    fields = len(match.model.comparisons)
    out = _Weighed(np.zeros((len(links.how), fields), np.int8), np.zeros((len(links.how), fields)),
                   np.zeros(len(links.how)))  # fmt: skip
    records, nodes = match.state.records, match.state.nodes
    plain, single = (np.flatnonzero((links.how == COLLAPSED) == kind) for kind in (False, True))
    _fill(match, out, plain, compare(records, nodes, match.model, _sorted(links.nodes[plain])))
    if len(single):
        rows, places = np.unique(links.rows[single], return_inverse=True)
        few = some(records, rows)
        apart = collapse(few, match.model.model_copy(update={"collapse": ()}))
        pair = places.reshape(-1, 2).astype(np.int32)
        _fill(match, out, single, compare(few, apart, match.model, _sorted(pair)))
    return out


def _sorted(nodes: npt.NDArray[np.int32]) -> Pairs:
    return Pairs(nodes.min(axis=1), nodes.max(axis=1)) if len(nodes) else Pairs(nodes[:, 0], nodes[:, 1])


def _fill(match: _Match, out: _Weighed, places: Places, evidence: Evidence) -> None:
    weights = weighing.weigh(match.model, match.trained, match.common, evidence)
    out.levels[places], out.weights[places] = evidence.levels, weights
    out.bits[places] = weighing.total(match.model, match.trained, weights, evidence, match.state.records.datasets)


def _told(match: _Match, links: _Chosen, weighed: _Weighed) -> pa.StructArray:
    count = len(links.how)
    columns = {
        "model": pa.repeat(pa.scalar(match.model.model), count),
        "left": _record(match.state.records, links.rows[:, 0]),
        "right": _record(match.state.records, links.rows[:, 1]),
        "how": pa.array(HOW).take(pa.array(links.how)),
        "joins": pa.array(links.joins),
        "prior_bits": pa.repeat(pa.scalar(match.trained.prior_bits()), count),
        "fields": _fields(match.model, weighed),
        "total_bits": pa.array(weighed.bits),
        "match_probability": pa.array(weighing.probability(weighed.bits)),
        "link_bits": pa.repeat(pa.scalar(match.link_bits), count),
    }
    return pa.StructArray.from_arrays(list(columns.values()), list(columns))


def _record(records: Records, rows: Places) -> pa.StructArray:
    names = pa.array(records.datasets, pa.string()).take(pa.array(records.dataset[rows]))
    ids = records.record_ids.take(pa.array(rows)).combine_chunks()
    return pa.StructArray.from_arrays([names, ids], ["dataset", "record_id"])


def _fields(model: MatchModel, weighed: _Weighed) -> pa.ListArray:
    """By link a list of all comparisons in the order of the model."""
    specs = model.comparisons
    count, width = weighed.levels.shape
    known = [level.level for spec in specs for level in spec.levels]
    begins = np.cumsum([0, *(len(spec.levels) for spec in specs)])[:-1]
    level = (weighed.levels + begins).ravel()
    told = pa.StructArray.from_arrays(
        [
            pa.array([spec.field for spec in specs]).take(pa.array(np.tile(np.arange(width), count))),
            pa.array(known).take(pa.array(level, mask=weighed.levels.ravel() < 0)),
            pa.array(weighed.weights.ravel()),
        ],
        ["field", "level", "bits"],
    )
    return pa.ListArray.from_arrays(pa.array(np.arange(count + 1) * width, pa.int32()), told)
