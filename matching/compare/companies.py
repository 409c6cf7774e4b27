"""Company names by their parts: a sister company shares the trade name and differs in the industry word."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from matching.standardise.values import Codes, ValueTable

COMPANY_LEVELS: Final = (
    "sister", "different", "owner", "industry", "trade", "one_error", "sound", "elsewhere", "core", "full", "exact",
)  # fmt: skip
"""sister: same trade name, two different industry words · owner: one of the names is like a person's, as a business is
called by its owner · industry: another trade name, the same industry word, as after a change of name · trade: same
trade name, one without an industry word · one_error: one character of trade name and industry · sound: the same read
aloud · elsewhere: the same but of two cities or districts · core: the same without division and form · full: the same
of one city and district, form and brackets written otherwise · exact."""

PLACE: Final = {name: place for place, name in enumerate(COMPANY_LEVELS)}


def company_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `COMPANY_LEVELS` of unequal names."""
    feature, keys = table.features, table.keys

    def same(name: str) -> npt.NDArray[np.bool_]:
        return np.asarray(feature[name][left] == feature[name][right])

    def held(name: str) -> npt.NDArray[np.bool_]:
        return _held(feature[name], left, right)

    branch = same("branch")
    trade = same("trade_name") & branch
    named = held("industry")
    sister = trade & named & ~same("industry")
    out = np.full(len(left), PLACE["different"], np.int8)
    out[feature["personal"][left] | feature["personal"][right]] = PLACE["owner"]
    out[branch & named & same("industry")] = PLACE["industry"]
    out[trade] = PLACE["trade"]
    rows = np.flatnonzero(~trade & branch & (np.abs(feature["length"][left] - feature["length"][right]) <= 1))
    out[rows[_one_error(feature["core"], left[rows], right[rows])]] = PLACE["one_error"]
    out[(keys["sound"][left] == keys["sound"][right]) & (keys["sound"][left] != 0)] = PLACE["sound"]
    out[sister] = PLACE["sister"]
    rows = np.flatnonzero(
        ~branch & (feature["core"][left] == feature["core"][right]) & ~_held(keys["branch"], left, right)
    )
    out[rows[_one_error(feature["own"], left[rows], right[rows])]] = PLACE["one_error"]
    core = keys["core"][left] == keys["core"][right]
    out[core] = PLACE["core"]
    out[core & held("city") & same("city") & same("district")] = PLACE["full"]
    out[core & ((held("city") & ~same("city")) | (held("district") & ~same("district")))] = PLACE["elsewhere"]
    return out


def _held(part: npt.NDArray[Any], left: Codes, right: Codes) -> npt.NDArray[np.bool_]:
    return np.asarray((part[left] != 0) & (part[right] != 0))


def _one_error(cores: npt.NDArray[Any], left: Codes, right: Codes) -> npt.NDArray[np.bool_]:
    """Whether one character is wrong, missing, extra or two are exchanged, in texts of more than two."""
    near = (
        OSA.distance(one, other, score_cutoff=1) <= 1 and min(len(one), len(other)) > 2
        for one, other in zip(cores[left].tolist(), cores[right].tolist(), strict=True)
    )
    return np.fromiter(near, bool, len(left))
