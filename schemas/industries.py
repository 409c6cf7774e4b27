"""Divisions of GB/T 4754 across its editions: which code of an earlier edition stands for which of today's.

Source: the names in `codes/industry.csv`; general knowledge, to be checked against the standard before use in law.
"""

import csv
from functools import lru_cache
from importlib import resources

_CODES = resources.files("schemas") / "codes"


@lru_cache(maxsize=1)
def former_divisions() -> frozenset[tuple[str, str]]:
    """Pairs (division of the 2002 or 2011 edition, division of 2017 that took its place) whose digits differ."""
    with (_CODES / "industry_editions.csv").open(encoding="utf-8") as file:
        return frozenset((row["former"], row["present"]) for row in csv.DictReader(file))
