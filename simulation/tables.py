"""The tables beside this module, read once."""

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "tables"


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """All rows of `tables/<name>.csv`."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def column(name: str, field: str) -> tuple[str, ...]:
    """One column of a table, as text."""
    return tuple(row[field] for row in rows(name))


@cache
def weights(name: str, field: str = "weight") -> tuple[float, ...]:
    """One column of a table, as numbers."""
    return tuple(float(value) for value in column(name, field))
