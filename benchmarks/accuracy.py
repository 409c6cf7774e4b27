"""Pairs that a crosswalk makes wrongly and pairs that it misses, against a truth."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

_COUNTS = """
with joined as (
    select t.{kind} as truth_id, coalesce(c.master_id, 'alone:' || t.source || t.dataset || t.record_id) as master_id
    from read_parquet(?) t left join read_parquet(?) c using (source, dataset, record_id)),
agreed as (select truth_id, master_id, count(*) as n from joined group by all)
select (select sum(n * (n - 1) // 2) from agreed),
    (select sum(n * (n - 1) // 2) from (select sum(n)::bigint as n from agreed group by master_id)),
    (select sum(n * (n - 1) // 2) from (select sum(n)::bigint as n from agreed group by truth_id)),
    (select sum(n) from agreed)
"""


@dataclass(frozen=True)
class Accuracy:
    """Pairs of records: found rightly, found wrongly, missed."""

    records: int
    right: int
    wrong: int
    missed: int

    @property
    def true_pairs(self) -> int:
        """Pairs of one person's (enterprise's) records."""
        return self.right + self.missed

    @property
    def f1(self) -> float:
        """The harmonic mean of pairwise precision and recall."""
        return 2 * self.right / (2 * self.right + self.wrong + self.missed)

    def per_10_000(self, pairs: int) -> float:
        """`pairs` for every 10,000 true pairs."""
        return 10_000 * pairs / self.true_pairs


def judge(crosswalk: Path, truth: Path) -> Accuracy:
    """Count the pairs. A record that the crosswalk lacks stands alone.

    Args:
        crosswalk: source, dataset, record_id, master_id.
        truth: `person_truth.parquet` or `enterprise_truth.parquet`: source, dataset, record_id and, under the
            name of the kind, whose record it is.
    """
    kind = truth.name.partition("_")[0]
    right, made, true, records = (
        duckdb.connect().execute(_COUNTS.format(kind=kind), [str(truth), str(crosswalk)]).fetchall()[0]
    )
    return Accuracy(int(records), int(right), int(made - right), int(true - right))
