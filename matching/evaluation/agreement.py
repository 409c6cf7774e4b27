"""How well clusters and true subjects agree: pairs, records (B-cubed) and whole clusters; by department and by error.

Source: pairwise measures as in Christen 2012, section 7; B-cubed as in Bagga and Baldwin 1998.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matching.evaluation.contingency import Contingency, contingency


@dataclass(frozen=True)
class PairCounts:
    """Pairs of records that truth and match put together: both of them, the match, the truth."""

    common: int
    linked: int
    true: int

    @property
    def wrong(self) -> int:
        """Linked and not true."""
        return self.linked - self.common

    @property
    def missed(self) -> int:
        """True and not linked."""
        return self.true - self.common

    @property
    def precision(self) -> float:
        """Share of the linked pairs that are true; 1 where nothing is linked."""
        return self.common / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that are linked; 1 where nothing is to be linked."""
        return self.common / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there is nothing to link and nothing linked."""
        return 2 * self.common / (self.linked + self.true) if self.linked + self.true else 1.0

    @property
    def errors_per_10000(self) -> float | None:
        """Wrong and missed pairs per 10,000 true pairs; null where there is no true pair."""
        return 10_000 * (self.wrong + self.missed) / self.true if self.true else None


@dataclass(frozen=True)
class Shares:
    """Precision and recall of something that is not pairs."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        together = self.precision + self.recall
        return 2 * self.precision * self.recall / together if together else 0.0


@dataclass(frozen=True)
class ClusterCounts:
    """Whole clusters. `exact`: clusters that hold all records of one subject and no other."""

    exact: int
    clusters: int
    subjects: int

    @property
    def precision(self) -> float:
        """Share of the clusters that are exact."""
        return self.exact / self.clusters if self.clusters else 1.0

    @property
    def recall(self) -> float:
        """Share of the subjects whose records are exactly one cluster."""
        return self.exact / self.subjects if self.subjects else 1.0


@dataclass(frozen=True)
class Agreement:
    """The agreement of one crosswalk with the truth.

    Attributes:
        linked_clusters: the same of clusters and subjects with two records or more.
        by_datasets: pairs between two datasets, or inside one where both names are equal.
        by_error: kind of error → pairs of which at least one record carries it.
    """

    records: int
    untold: int
    unmatched: int
    pairs: PairCounts
    b_cubed: Shares
    clusters: ClusterCounts
    linked_clusters: ClusterCounts
    by_datasets: Mapping[tuple[str, str], PairCounts]
    by_error: Mapping[str, PairCounts]


def pair_agreement(crosswalk: Path, truth: Path) -> PairCounts:
    """Pairs only."""
    with contingency(crosswalk, truth) as cells:
        return _pairs(cells)


def agreement(cells: Contingency) -> Agreement:
    """Everything that the contingency tells."""
    return Agreement(
        cells.records, cells.untold, cells.unmatched, _pairs(cells), _b_cubed(cells),
        _clusters(cells, 1), _clusters(cells, 2), _by_datasets(cells), _by_error(cells),
    )  # fmt: skip


def _pairs(cells: Contingency) -> PairCounts:
    parts = ("cell", "cluster", "class")
    return PairCounts(*(int(cells.row(f"SELECT sum(n * (n - 1) // 2) FROM {part}")[0] or 0) for part in parts))


def _b_cubed(cells: Contingency) -> Shares:
    row = cells.row(
        "SELECT sum(cell.n * (cell.n / cluster.n)), sum(cell.n * (cell.n / class.n)), sum(cell.n) "
        "FROM cell JOIN cluster USING (master_id) JOIN class USING (subject)"
    )
    return Shares(row[0] / row[2], row[1] / row[2]) if row[2] else Shares(1.0, 1.0)


def _clusters(cells: Contingency, least: int) -> ClusterCounts:
    exact = cells.row(
        "SELECT count(*) FROM cell JOIN cluster USING (master_id) JOIN class USING (subject) "
        f"WHERE cell.n = cluster.n AND cell.n = class.n AND cell.n >= {int(least)}"
    )
    counts = (cells.row(f"SELECT count(*) FROM {part} WHERE n >= {int(least)}")[0] for part in ("cluster", "class"))
    return ClusterCounts(int(exact[0]), *map(int, counts))


def _by_datasets(cells: Contingency) -> dict[tuple[str, str], PairCounts]:
    size = len(cells.datasets)
    places = [(one, other) for one in range(size) for other in range(one, size)]
    if not places:
        return {}
    sums = ", ".join(f"sum(d{i} * (d{i} - 1) // 2)" if i == j else f"sum(d{i} * d{j})" for i, j in places)
    found = [cells.row(f"SELECT {sums} FROM {part}") for part in ("cell", "cluster", "class")]
    return {
        (cells.datasets[i], cells.datasets[j]): PairCounts(*(int(row[place] or 0) for row in found))
        for place, (i, j) in enumerate(places)
    }


def _by_error(cells: Contingency) -> dict[str, PairCounts]:
    """Pairs with at least one record that carries the error: all pairs less those of records without it."""
    counts: dict[str, list[int]] = {}
    for place, (part, keys) in enumerate(_GROUPS.items()):
        rows = cells.rows(
            f"WITH carried AS (SELECT error, {keys}, count(*) AS k FROM "
            f"(SELECT {keys}, unnest(list_distinct(errors)) AS error FROM record) GROUP BY ALL) "
            f"SELECT error, sum(n * (n - 1) // 2 - (n - k) * (n - k - 1) // 2)::BIGINT "
            f"FROM carried JOIN {part} USING ({keys}) GROUP BY error ORDER BY error"
        )
        for error, pairs in rows:
            counts.setdefault(error, [0, 0, 0])[place] = int(pairs)
    return {error: PairCounts(*found) for error, found in sorted(counts.items())}


_GROUPS = {"cell": "master_id, subject", "cluster": "master_id", "class": "subject"}
