"""Addresses as the base databases compare them: one key for a house, however a department wrote it down.

Owns the way from the texts of addresses to `matching`'s parsed ones for the rooms above, which do not read matching.
"""

import numpy as np
import pyarrow as pa

from matching.standardise.addresses import address


def house_keys(texts: pa.StringArray) -> pa.UInt64Array:
    """A key of road, number, building, unit and room of each text; null where no number is given.

    The district does not count: roads of different districts may share a name.
    """
    parsed = address(texts)
    keys = np.append(parsed.table.keys["house"], np.uint64(0))  # the last stands for code −1: null and empty
    found = keys[parsed.codes]
    return pa.array(found, pa.uint64(), mask=found == 0)
