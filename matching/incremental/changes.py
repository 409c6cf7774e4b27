"""Records after some changes: codes and values of a match with some records replaced, added and taken away.

Owns the meeting of two sets of codes. Invariants: a value keeps its code for ever and new ones follow; records stand
in the order of a full read, dataset by dataset and by record id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.model import MatchModel
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.values import Codes, Feature, Keys, ValueTable, through

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Withdrawn:
    """What a dataset lost: these record ids, or, where `others` is set, all that the changes do not hold."""

    record_ids: pa.StringArray
    others: bool = False


@dataclass(frozen=True)
class Changed:
    """Records after the changes.

    Attributes:
        records: all of them.
        came_from: row before the changes of each record, −1 for one that is new or other than it was.
        stayed: of the records before, which are there unchanged.
        datasets_before: the datasets of the records before, in their order.
        added, replaced, removed: how many records each change concerns; equal ones count as none.
    """

    records: Records
    came_from: Rows
    stayed: Flags
    datasets_before: tuple[str, ...]
    added: int
    replaced: int
    removed: int


def apply(before: Records, sent: Records, withdrawn: Mapping[str, Withdrawn], model: MatchModel) -> Changed:
    """Put records that were sent in the place of those of their ids, and take away what was withdrawn.

    Args:
        before: the records of a match.
        sent: new and changed records, standardised by themselves, without placeholders.
        withdrawn: by dataset.
        model: its datasets' order is that of the records.
    """
    values, translated = _translated(before, sent)
    datasets = _order({*before.datasets, *sent.datasets}, model)
    here, there = _by_dataset(before, datasets), _by_dataset(sent, datasets)
    met = [
        _meet(before, here[name], translated, there[name], withdrawn.get(name, Withdrawn(pa.array([], pa.string()))))
        for name in datasets
    ]
    stayed = np.concatenate([one.stays for one in met]) if met else np.zeros(0, bool)
    came_from = np.concatenate([one.order for one in met]) if met else np.zeros(0, np.int64)
    dataset = np.repeat(np.arange(len(datasets), dtype=np.int8), [len(one.order) for one in met])
    records = _gathered(before, translated, came_from, (datasets, dataset, values))
    came_from = np.where(came_from < len(before), came_from, -1)
    counts = [sum(getattr(one, name) for one in met) for name in ("added", "replaced", "removed")]
    return Changed(records, came_from, stayed, before.datasets, *counts)


def _order(names: set[str], model: MatchModel) -> tuple[str, ...]:
    declared = [name for name in model.datasets if name in names]
    return (*declared, *sorted(names.difference(declared)))


def _by_dataset(records: Records, datasets: Sequence[str]) -> Mapping[str, slice]:
    """Where the records of each dataset stand: they are sorted by it."""
    places = {name: place for place, name in enumerate(records.datasets)}
    found = {}
    for name in datasets:
        place = places.get(name, -1)
        start, stop = (int(np.searchsorted(records.dataset, place, side=side)) for side in ("left", "right"))
        found[name] = slice(start, stop) if place >= 0 else slice(0, 0)
    return found


def _translated(before: Records, sent: Records) -> tuple[dict[str, ValueTable], Records]:
    """The values of both, and what was sent in their codes."""

    def of_field(field: str) -> tuple[ValueTable, Codes]:
        return _joined(before.values[field], sent.values[field])

    joined = dict(in_parallel(of_field, sorted(before.values)))
    codes = {field: through(joined[field][1], sent.codes[field]) for field in joined}
    others = {field: tuple(through(joined[field][1], one) for one in sent.others[field]) for field in joined}
    values = {field: table for field, (table, _) in joined.items()}
    return values, replace(sent, codes=codes, others=others)


def _joined(known: ValueTable, other: ValueTable) -> tuple[ValueTable, Codes]:
    """Known values with those of the other that are new after them; code of each of the other's."""
    met: npt.NDArray[Any] = pc.index_in(known.texts, value_set=other.texts).fill_null(-1).to_numpy()
    places = np.full(len(other), -1, np.int32)
    found = np.flatnonzero(met >= 0)
    places[met[found]] = found
    new = np.flatnonzero(places < 0)
    places[new] = len(known) + np.arange(len(new))
    if not len(new):
        return known, places
    texts = pa.concat_arrays([known.texts, other.texts.take(pa.array(new))])
    keys: dict[str, Keys] = {
        name: np.concatenate([key, other.keys[name][new]]) for name, key in known.keys.items() if name != "value"
    }
    if "value" in known.keys:
        own = places[new].astype(np.uint64) + np.uint64(1)
        keys["value"] = np.concatenate([known.keys["value"], np.where(other.keys["value"][new] == 0, 0, own)])
    features: dict[str, Feature] = {
        name: np.concatenate([feature, other.features[name][new]]) for name, feature in known.features.items()
    }
    return ValueTable(texts, keys, features), places


@dataclass(frozen=True)
class _Met:
    """One dataset: which of its rows stay, and its new order: rows before, or `len(before)` + row of what was sent."""

    stays: Flags
    order: Rows
    added: int
    replaced: int
    removed: int


def _meet(before: Records, here: slice, sent: Records, there: slice, withdrawn: Withdrawn) -> _Met:
    known, new = _ids(before, here), _ids(sent, there)
    places = pc.search_sorted(known, new).to_numpy().astype(np.int64) if len(known) else np.zeros(len(new), np.int64)
    inside = np.minimum(places, max(len(known) - 1, 0))
    found = np.zeros(len(new), bool)
    if len(known) and len(new):
        found = (places < len(known)) & pc.equal(known.take(pa.array(inside)), new).to_numpy(zero_copy_only=False)
    same = np.zeros(len(new), bool)
    same[found] = _equal(before, here.start + inside[found], sent, there.start + np.flatnonzero(found))
    stays = np.ones(len(known), bool)
    if withdrawn.others:
        stays[:] = False
        stays[inside[found]] = True
    elif len(withdrawn.record_ids):
        stays[_positions(known, withdrawn.record_ids)] = False
    removed = int((~stays).sum())
    stays[inside[found & ~same]] = False
    fresh = np.flatnonzero(~same)
    kept = np.flatnonzero(stays)
    at = np.searchsorted(kept, places[fresh])
    order = np.insert(kept + here.start, at, len(before) + there.start + fresh)
    replaced = int((found & ~same).sum())
    return _Met(stays, order, len(new) - int(found.sum()), replaced, removed)


def _ids(records: Records, rows: slice) -> pa.StringArray:
    part = records.record_ids.slice(rows.start, rows.stop - rows.start)
    return part.chunk(0) if part.num_chunks == 1 else part.combine_chunks()


def _positions(known: pa.StringArray, wanted: pa.StringArray) -> Rows:
    """Where some ids stand among sorted ones; those that are not there are left out."""
    if not len(known):
        return np.zeros(0, np.int64)
    places = np.minimum(pc.search_sorted(known, wanted).to_numpy().astype(np.int64), len(known) - 1)
    found = pc.equal(known.take(pa.array(places)), wanted).to_numpy(zero_copy_only=False)
    return np.asarray(places[found])


def _equal(before: Records, here: Rows, sent: Records, there: Rows) -> Flags:
    """Whether records say the same in every field."""
    same = np.ones(len(here), bool)
    for field, codes in before.codes.items():
        same &= codes[here] == sent.codes[field][there]
        for one, other in zip(before.others[field], sent.others[field], strict=True):
            same &= one[here] == other[there]
    for field, told in before.told.items():
        same &= told[here] == sent.told[field][there]
    return same


Parts = tuple[tuple[str, ...], npt.NDArray[np.int8], Mapping[str, ValueTable]]


def _gathered(before: Records, sent: Records, order: Rows, parts: Parts) -> Records:
    """All records in their new order."""
    datasets, dataset, values = parts
    fresh = np.flatnonzero(order >= len(before))
    rows = order[fresh] - len(before)

    def merged(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if not len(one):
            return other[rows]
        out = one.take(order, mode="clip")
        out[fresh] = other[rows]
        return out

    def of_field(field: str) -> tuple[Codes, tuple[Codes, ...], Flags | None]:
        others = zip(before.others[field], sent.others[field], strict=True)
        told = merged(before.told[field], sent.told[field]) if field in before.told else None
        return merged(before.codes[field], sent.codes[field]), tuple(merged(*pair) for pair in others), told

    found = dict(in_parallel(of_field, sorted(before.codes)))
    return Records(
        datasets=datasets,
        dataset=dataset,
        record_ids=_ids_in_order(before, sent, order),
        codes={field: codes for field, (codes, _, _) in found.items()},
        others={field: others for field, (_, others, _) in found.items()},
        told={field: told for field, (_, _, told) in found.items() if told is not None},
        values=values,
    )


def _ids_in_order(before: Records, sent: Records, order: Rows) -> pa.ChunkedArray:
    """Record ids by slices: those between two places where rows come or go are not copied."""
    ids = pa.chunked_array([*before.record_ids.chunks, *sent.record_ids.chunks], pa.string())
    taken = ids.combine_chunks().take(pa.array(order))
    return taken if isinstance(taken, pa.ChunkedArray) else pa.chunked_array([taken])
