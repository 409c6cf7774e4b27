"""Where enterprises are: districts after their history, and the house that an address names.

Owns what is read out of a code or an address; the tables over the registers are steps in SQL.
"""

import re

import pyarrow as pa

from registry.addresses import house_keys
from schemas.divisions import current_district, district_names


def parsed_addresses(texts: pa.StringArray, city: str) -> pa.Table:
    """One row per text: `address`, `house` (key, null without a number) and `district` (six digits of today).

    The district is the one that the text names before its first number, today's name or a former one; null where it
    names none of the city.
    """
    names = district_names(city)
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)")
    found = [pattern.search(_before_number(text)) for text in texts.to_pylist()]
    districts = [names[match[0]] if match else None for match in found]
    return pa.table({"address": texts, "house": house_keys(texts), "district": pa.array(districts, pa.string())})


def current_districts(codes: pa.StringArray) -> pa.Table:
    """One row per division code: `code` and the `district` of today, null where it leads to none."""
    return pa.table(
        {"code": codes, "district": pa.array([current_district(code) for code in codes.to_pylist()], pa.string())}
    )


def _before_number(text: str) -> str:
    return re.split(r"[0-9０-９]", text, maxsplit=1)[0]
