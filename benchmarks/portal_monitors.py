"""What the monitors of a report kept, as large as a city's, for the load on the portal."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from mismatches.monitors.keeping import Kept, write
from mismatches.monitors.watching import Move, Project, Quarter, Watched

_MOVES, _PROJECTS = 600, 500


def report(folder: Path, as_of: date, districts: Sequence[str]) -> None:
    """Write a report with quarters, enterprises that came and went, and projects."""
    folder.mkdir(parents=True)
    billion = Decimal(10**9)
    quarters = tuple(
        Quarter(f"{year}-Q{number}", billion, billion / 1000, 95_000, 3_000 + year, billion * 4 / 5, 200, 180, 0.3)
        for year in (2023, 2024, 2025)
        for number in (1, 2, 3, 4)
    )
    moves = tuple(
        Move("in" if number % 2 else "out", f"E{number:09d}", f"企业{number}", Decimal(10**6), Decimal(10**4))
        for number in range(_MOVES)
    )
    settings = {"key_share": Decimal("0.80"), "least_investment": Decimal(30_000_000)}
    kept = Kept(
        as_of,
        Watched(quarters, moves, tuple(_project(number) for number in range(_PROJECTS)), settings),
        {f"E{number:09d}": districts[number % len(districts)] for number in range(_MOVES)},
    )
    write(kept, folder)


def _project(number: int) -> Project:
    done = Decimal(10**9 - number * 10**6)
    low, high = (done * rate / 100 for rate in (2, 3))
    return Project(
        f"J{number}", f"项目{number}", f"企业{number}", f"E{number:09d}", date(2025, 4, 1), "2025-04", done * 2, done,
        done * (number % 4) / 100, number % 3, low, high,
    )  # fmt: skip
