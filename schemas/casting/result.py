"""What casting a column gives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.text import Mask


@dataclass(frozen=True)
class Cast:
    """Typed values, null where nothing was said or it could not be read; `bad`: rows that could not be read."""

    values: pa.Array
    bad: Mask


def none_bad(values: pa.Array) -> Cast:
    """A column that needed no reading."""
    return Cast(values, np.zeros(len(values), bool))


def over_distinct(text: pa.StringArray, read: Callable[[pa.StringArray], Cast]) -> Cast:
    """Read each distinct value once."""
    return of_dictionary(text.dictionary_encode(), read)


def of_dictionary(encoded: pa.DictionaryArray, read: Callable[[pa.Array], Cast]) -> Cast:
    """Read each value of a dictionary, and give it to its rows."""
    cast = read(encoded.dictionary)
    places = encoded.indices
    bad = np.append(cast.bad, False)
    return Cast(cast.values.take(places), bad[pc.fill_null(places, len(cast.bad)).to_numpy(zero_copy_only=False)])


def merged(first: Cast, rows: Mask, few: Cast) -> Cast:
    """`first` with the results `few` at `rows`."""
    bad = first.bad.copy()
    bad[rows] = few.bad
    return Cast(pc.replace_with_mask(first.values, pa.array(rows), few.values), bad)
