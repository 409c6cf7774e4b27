"""Company names by their parts: a sister company shares the trade name and differs in the industry word."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from matching.standardise.values import Codes, ValueTable

COMPANY_LEVELS: Final = ("sister", "different", "trade", "one_error", "sound", "core", "exact")
"""sister: same trade name, two different industry words · trade: same trade name, one without an industry word ·
one_error: one character of trade name and industry · sound: the same read aloud · core: the same without division and
    form · exact."""

PLACE: Final = {name: place for place, name in enumerate(COMPANY_LEVELS)}


def company_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `COMPANY_LEVELS` of unequal names."""
    feature, keys = table.features, table.keys
    branch = feature["branch"][left] == feature["branch"][right]
    trade = (feature["trade_name"][left] == feature["trade_name"][right]) & branch
    named = feature["named"][left] & feature["named"][right]
    other_industry = feature["industry"][left] != feature["industry"][right]
    out = np.full(len(left), PLACE["different"], np.int8)
    out[trade] = PLACE["trade"]
    sister = trade & named & other_industry
    rows = np.flatnonzero(~trade & branch & (np.abs(feature["length"][left] - feature["length"][right]) <= 1))
    core = feature["core"]
    near = (
        OSA.distance(core[one], core[other], score_cutoff=1) <= 1 and min(len(core[one]), len(core[other])) > 2
        for one, other in zip(left[rows].tolist(), right[rows].tolist(), strict=True)
    )  # fmt: skip
    out[rows[np.fromiter(near, bool, len(rows))]] = PLACE["one_error"]
    out[sister] = PLACE["sister"]
    sound = (keys["sound"][left] == keys["sound"][right]) & (keys["sound"][left] != 0)
    out[sound] = PLACE["sound"]
    out[keys["core"][left] == keys["core"][right]] = PLACE["core"]
    return out
