"""Company names as keys and features: what blocking joins by and what comparisons read of them.

Owns the keys; the parts come from `company_names`. It refuses nothing.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from matching.characters.table import LAST, characters
from matching.standardise.codepoints import flat, matrix
from matching.standardise.company_names import CompanyName, fold, parse
from matching.standardise.values import Keys, Standardised, ValueTable, distinct, mixed, numbered

COMPARED = 16
"""Characters of a trade name and industry that count for their sound."""


def company_name(texts: pa.StringArray) -> Standardised:
    """Names to keys.

    `value` is the folded text, `core` trade name and industry, `trade` the trade name, `sound` how the core is read,
    `start` and `end` the core's first two characters and all the others, `branch` what the branch is called; core,
    trade and sound are those of one branch.
    """
    codes, values = distinct([fold(text) for text in texts.fill_null("").to_pylist()])
    parsed = [parse(name) for name in values.to_pylist()]
    cores = [part.trade + part.industry for part in parsed]
    branch, trade = _key(part.branch for part in parsed), _key(part.trade for part in parsed)
    held = flat(pa.array(cores, pa.string()))
    points, lengths = matrix(held, COMPARED), held.lengths
    syllable = characters().syllable[np.minimum(points, LAST - 1)].astype(np.uint32)
    sounds = np.where(syllable > 0, syllable, points)
    keys: dict[str, Keys] = {
        "value": numbered(len(values)),
        "core": mixed(_key(cores), branch),
        "trade": mixed(trade, branch),
        "branch": branch,
        "start": _key(core[:2] for core in cores),
        "end": _key(core[2:] for core in cores),
        "sound": mixed(*(sounds[:, place] + np.uint32(1) for place in range(COMPARED)), branch),
    }
    return Standardised(codes, ValueTable(values, keys, _features(parsed) | {"core": np.array(cores, object),
                                                                             "length": lengths, "branch": branch,
                                                                             "trade_name": trade}))  # fmt: skip


def _features(parsed: list[CompanyName]) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """What tells sisters apart: industry, city and district, 0 where a name has none; and persons' names."""
    out: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        name: np.where([bool(getattr(part, name)) for part in parsed], _key(getattr(part, name) for part in parsed), 0)
        for name in ("industry", "city", "district")
    }
    return out | {"personal": np.array([part.personal for part in parsed], bool)}


def _key(texts: Iterable[str]) -> Keys:
    """Equal texts get equal numbers from 1, the empty text too: an absent part is a part like any other here."""
    encoded = pa.array(list(texts), pa.string()).dictionary_encode()
    numbers = encoded.indices.to_numpy(zero_copy_only=False)
    return np.asarray(numbers.astype(np.uint64) + np.uint64(1))
