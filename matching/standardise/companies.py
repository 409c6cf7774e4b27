"""Company names as keys and features: what blocking joins by and what comparisons read of them.

Owns the keys; the parts come from `company_names`. It refuses nothing.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from matching.characters.table import LAST, characters
from matching.standardise.codepoints import flat, matrix
from matching.standardise.company_names import CompanyName, fold, parse, plain_branch
from matching.standardise.sightings import hashes
from matching.standardise.values import Feature, Keys, Standardised, ValueTable, distinct, mixed, numbered

COMPARED = 16
"""Characters of a trade name and industry that count for their sound."""


def company_name(texts: pa.StringArray) -> Standardised:
    """Names to keys.

    `value` is the folded text, `core` trade name and industry, `trade` the trade name, `sound` how the core is read,
    `start` and `end` the core's first two characters and all the others; core, trade and sound are those of one branch.
    `marker` tells branches from whole enterprises and is 0 of a person's name, `branch` tells branches apart that are
    called by a district or a number.
    """
    codes, values = distinct([fold(text) for text in texts.fill_null("").to_pylist()])
    parsed = [parse(name) for name in values.to_pylist()]
    cores = [part.trade + part.industry for part in parsed]
    features = _features(parsed, cores)
    branch, sounds = features["branch"], features.pop("sounds")
    keys: dict[str, Keys] = {
        "value": numbered(len(values)),
        "core": mixed(_key(cores), branch),
        "trade": mixed(features["trade_name"], branch),
        "marker": np.array([0 if part.personal else 2 if part.branch else 1 for part in parsed], np.uint64),
        "branch": np.where([plain_branch(part.branch) for part in parsed], branch, 0).astype(np.uint64),
        "start": _key(core[:2] for core in cores),
        "end": _key(core[2:] for core in cores),
        "sound": mixed(*(sounds[:, place] + np.uint32(1) for place in range(COMPARED)), branch),
    }
    return Standardised(codes, ValueTable(values, keys, features))


def _features(parsed: list[CompanyName], cores: list[str]) -> dict[str, Feature]:
    """What comparisons read: parts as numbers, of industry, city and district 0 where a name has none; and texts."""
    held = flat(pa.array(cores, pa.string()))
    points = matrix(held, COMPARED)
    syllable = characters().syllable[np.minimum(points, LAST - 1)].astype(np.uint32)
    branches = [part.branch for part in parsed]
    return {
        "core": np.array(cores, object), "length": held.lengths, "sounds": np.where(syllable > 0, syllable, points),
        "own": np.array(branches, object), "branch": _key(branches),
        "trade_name": _key([part.trade for part in parsed]),
        "industry": _present([part.industry for part in parsed]), "city": _present([part.city for part in parsed]),
        "district": _present([part.district for part in parsed]),
        "personal": np.array([part.personal for part in parsed], bool),
    }  # fmt: skip


def _present(texts: list[str]) -> Keys:
    """Equal texts get equal numbers, the empty text 0."""
    return hashes(pa.array(texts, pa.string()))


def _key(texts: Iterable[str]) -> Keys:
    """Equal texts get equal numbers, the empty text too: an absent part is a part like any other here."""
    found = hashes(pa.array(list(texts), pa.string()))
    found[found == 0] = 1
    return found
