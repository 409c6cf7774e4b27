"""Values that stand on so many different people that they say nothing: placeholders, a clerk's own telephone.

Owns their removal. Invariant: the records, their order and every other value stay as they are.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.model import MatchModel
from matching.nodes import Nodes, collapse, grouping
from matching.records import Records


@dataclass(frozen=True)
class Removed:
    """How many values of a field were taken for placeholders, and how many records had held them."""

    field: str
    values: int
    records: int


def collapse_without_placeholders(records: Records, model: MatchModel) -> tuple[Records, Nodes, tuple[Removed, ...]]:
    """Collapse records; where a value is then held by more nodes than its field allows, again without it."""
    grouped = grouping(records, model)
    removed = []
    for field, spec in model.fields.items():
        if spec.most_holders is None:
            continue
        codes = records.codes[field][grouped[1]]
        holders = np.bincount(codes[codes >= 0], minlength=len(records.values[field]))
        crowded = holders > spec.most_holders
        if crowded.any():
            records, count = _without(records, model, field, crowded)
            removed.append(Removed(field, int(crowded.sum()), count))
    return records, collapse(records, model, None if removed else grouped), tuple(removed)


def _without(records: Records, model: MatchModel, field: str, crowded: npt.NDArray[np.bool_]) -> tuple[Records, int]:
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
