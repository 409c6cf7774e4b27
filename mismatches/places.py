"""Where enterprises are: districts after their history, and the house that an address names.

Owns what is read out of a code or an address; the tables over the registers are steps in SQL.
"""

import re
from hashlib import blake2b

import pyarrow as pa

from registry.addresses import house_keys
from schemas.divisions import current_district, district_names

# a village of a town: towns of one district have villages of the same name
_TOWN = re.compile("([一-龥]{1,6}(?:街道|镇|乡))[一-龥]{1,8}(?:村|社区|庄|屯|寨|疃)$")


def parsed_addresses(texts: pa.StringArray, city: str) -> pa.Table:
    """One row per text: `address`, `house` (key, null without a number) and `district` (six digits of today).

    The district is the one that the text names before its first number, today's name or a former one; null where it
    names none of the city. A house of a village is one of its town, where the text names it.
    """
    names = district_names(city)
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)")
    heads = [_before_number(text) for text in texts.to_pylist()]
    found = [pattern.search(head) for head in heads]
    districts = [names[match[0]] if match else None for match in found]
    towns = [_TOWN.search(head, match.end() if match else 0) for head, match in zip(heads, found, strict=True)]
    keys = zip(house_keys(texts).to_pylist(), towns, strict=True)
    houses = [key if key is None or town is None else key ^ _number(town[1]) for key, town in keys]
    return pa.table(
        {"address": texts, "house": pa.array(houses, pa.uint64()), "district": pa.array(districts, pa.string())}
    )


def current_districts(codes: pa.StringArray) -> pa.Table:
    """One row per division code: `code` and the `district` of today, null where it leads to none."""
    return pa.table(
        {"code": codes, "district": pa.array([current_district(code) for code in codes.to_pylist()], pa.string())}
    )


def _before_number(text: str) -> str:
    return re.split(r"[0-9０-９]", text, maxsplit=1)[0]


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
