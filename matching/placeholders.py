"""Values that stand on so many different people that they say nothing: placeholders, a clerk's own telephone.

Owns their removal. Invariant: the records, their order and every other value stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.model import MatchModel
from matching.nodes import Nodes, collapse, group_keys
from matching.records import Records
from matching.standardise.sightings import grouped
from matching.standardise.values import mixed

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Removed:
    """How many values of a field were taken for placeholders, and how many records had held them."""

    field: str
    values: int
    records: int


@dataclass(frozen=True)
class Collapsed:
    """Records without placeholders, their nodes, what was removed by count, and the placeholders by field."""

    records: Records
    nodes: Nodes
    removed: tuple[Removed, ...]
    placeholders: Mapping[str, pa.StringArray]


def collapse_without_placeholders(
    records: Records, model: MatchModel, known: Mapping[str, pa.StringArray] | None = None
) -> Collapsed:
    """Collapse records without values that more nodes would hold than their field allows.

    Args:
        records: all records.
        model: `most_holders` of a field says what a placeholder is.
        known: placeholders of a trained model; then these are left out and no others are sought.
    """
    if known is not None:
        records, removed = without_known(records, model, known)
        return Collapsed(records, collapse(records, model), removed, known)
    found: dict[str, pa.StringArray] = {}
    removals = []
    for field, spec in model.fields.items():
        if spec.most_holders is None:
            continue
        crowded = _crowded(records, model, field, spec.most_holders)
        if crowded.any():
            found[field] = records.values[field].texts.filter(pa.array(crowded))
            records, count = _without(records, model, field, crowded)
            removals.append(Removed(field, int(crowded.sum()), count))
    return Collapsed(records, collapse(records, model), tuple(removals), found)


def _crowded(records: Records, model: MatchModel, field: str, most: int) -> Flags:
    """Values of a field that more nodes hold than `most`; only those of as many records are looked at."""
    codes, values = records.codes[field], len(records.values[field])
    often = np.bincount(codes + 1, minlength=values + 1)[1:] > most
    rows = np.flatnonzero(np.append(often, False)[codes])
    keys, held = group_keys(records, model, rows), codes[rows]
    in_company = keys != 0
    places, sizes = grouped(mixed(held[in_company] + np.int32(1), keys[in_company]))
    of_node = held[in_company][places[np.cumsum(sizes) - sizes]]
    holders = np.bincount(of_node, minlength=values) + np.bincount(held[~in_company], minlength=values)
    return np.asarray(holders > most)


def without_known(
    records: Records, model: MatchModel, known: Mapping[str, pa.StringArray]
) -> tuple[Records, tuple[Removed, ...]]:
    """Records without the placeholders of a trained model."""
    removals = []
    for field in model.fields:
        if field not in known:
            continue
        crowded = pc.is_in(records.values[field].texts, value_set=known[field]).to_numpy(zero_copy_only=False)
        if crowded.any():
            records, count = _without(records, model, field, crowded)
            removals.append(Removed(field, int(crowded.sum()), count))
    return records, tuple(removals)


def _without(records: Records, model: MatchModel, field: str, crowded: Flags) -> tuple[Records, int]:
    """Records with the crowded values of a field null, and what these values told of other fields null too."""
    gone = np.append(crowded, False)[records.codes[field]]
    codes = {**records.codes, field: np.where(gone, np.int32(-1), records.codes[field])}
    told = dict(records.told)
    for name, spec in model.fields.items():
        if spec.fallback == field and name in told:
            lost = gone & told[name]
            codes[name] = np.where(lost, np.int32(-1), codes[name])
            told[name] = told[name] & ~lost
    others = tuple(np.where(np.append(crowded, False)[other], np.int32(-1), other) for other in records.others[field])
    return replace(records, codes=codes, told=told, others={**records.others, field: others}), int(gone.sum())
