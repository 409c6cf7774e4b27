"""What a match reads: the accepted rows of a drop, and what validation made of every row that was received.

Invariant: received = accepted + quarantined, for each dataset.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from connectors.direct import DatasetChanges, Tally, read_changes, read_drop, write_drop
from matching.stages import peak_mib, sparing_pool

STAGE = "read and validate"
_MOST_RULES = 3  # named in a line


@dataclass(frozen=True)
class Judged:
    """How batches are judged: the day, and the datasets whose broken floors are waived."""

    as_of: date
    released: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """A drop that was read; `tallies`: one per batch.

    `tables`: dataset → accepted rows, or their Parquet file, or what changes of them (`DatasetChanges`).
    """

    tables: dict[str, Any]
    tallies: tuple[Tally, ...]
    seconds: float
    peak_mib: int

    def hand_over(self) -> Mapping[str, Any]:
        """The tables, of which this then keeps the names only: whoever takes them decides when memory is free."""
        given = dict(self.tables)
        self.tables.update(dict.fromkeys(given))
        return given

    def added_to(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """The summary of a match with the reading as its first stage, and with the counts of rows by dataset."""
        rows = sum(tally.accepted for tally in self.tallies)
        stage = {"stage": STAGE, "rows": rows, "seconds": round(self.seconds, 3), "peak_mib": self.peak_mib}
        return {
            **summary,
            **{word: self._by_dataset(word) for word in ("received", "accepted", "quarantined")},
            "stages": [stage, *summary["stages"]],
            "seconds": round(summary["seconds"] + self.seconds, 3),
        }

    def quarantine(self) -> Iterator[str]:
        """A line for each dataset of which rows were quarantined."""
        received = self._by_dataset("received")
        for dataset, rows in self._by_dataset("quarantined").items():
            if rows:
                rules = self._rules(dataset).most_common(_MOST_RULES)
                said = ", ".join(f"{rule} {count:,}" for rule, count in rules)
                yield f"{dataset}: {rows:,} of {received[dataset]:,} rows quarantined 隔离 ({said})"

    def _by_dataset(self, word: str) -> dict[str, int]:
        """Rows of all batches of a dataset: received, accepted, or quarantined."""
        found = dict.fromkeys(self.tables, 0)
        for tally in self.tallies:
            found[tally.dataset] += getattr(tally, word)
        return found

    def _rules(self, dataset: str) -> Counter[str]:
        total = Counter[str]()
        for tally in sorted(self.tallies, key=lambda tally: tally.batch):
            if tally.dataset == dataset:
                total.update(tally.rules)
        return total


def read(drops: Path, datasets: Collection[str], judged: Judged, *, columns: Collection[str]) -> Reading:
    """The named columns of a drop, into memory."""
    started, tallies = time.monotonic(), list[Tally]()
    with sparing_pool():
        tables = read_drop(
            drops, datasets, as_of=judged.as_of, columns=columns, released=judged.released, report=tallies.append
        )
    return Reading(dict(tables), tuple(tallies), time.monotonic() - started, peak_mib())


def read_to_files(drops: Path, datasets: Collection[str], judged: Judged, folder: Path) -> Reading:
    """All columns of a drop, into Parquet files of a folder that is there."""
    started, tallies = time.monotonic(), list[Tally]()
    tables = write_drop(drops, datasets, folder, as_of=judged.as_of, released=judged.released, report=tallies.append)
    return Reading(dict(tables), tuple(tallies), time.monotonic() - started, peak_mib())


def read_what_changed(
    drops: Path, rows_before: Mapping[str, int], judged: Judged, *, columns: Collection[str]
) -> tuple[Reading, Mapping[str, DatasetChanges]]:
    """The named columns of the changes in a drop to datasets of which there were so many rows before."""
    started, tallies = time.monotonic(), list[Tally]()
    found = read_changes(
        drops, rows_before, as_of=judged.as_of, columns=columns, released=judged.released, report=tallies.append
    )
    return Reading(dict(found), tuple(tallies), time.monotonic() - started, peak_mib()), found
