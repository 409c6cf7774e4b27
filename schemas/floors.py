"""Limits of a whole batch: what must hold before its rows may take the place of the state before.

Rows are judged by `schemas.validation`; here only counts are. A broken floor holds the batch, it deletes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import Contract, Mode
from schemas.received import OPERATION
from schemas.validation import Validated

LEAST_ROWS = 100
"""Rows of a batch from which its shares are judged: in a small delta one row without a number would be the half."""


@dataclass(frozen=True)
class BrokenFloor:
    """A limit that a batch breaks.

    `rule`: `min_rows`, `min_ratio`, `max_quarantined`, or `max_null_share`. `value` and `limit` are rows for
    `min_rows`, shares in [0, 1] otherwise.
    """

    rule: str
    dataset: str
    column: str | None
    value: float
    limit: float
    what: str
    remedy: str

    def __str__(self) -> str:
        """One line that says what is wrong and what to do."""
        place = self.dataset if self.column is None else f"{self.dataset}.{self.column}"
        return f"{place}: {self.what}. Remedy: {self.remedy}"


def broken_floors(
    validated: Validated, state_rows: int | None, contract: Contract, mode: Mode
) -> tuple[BrokenFloor, ...]:
    """Every floor that a batch breaks, none if it may pass.

    `state_rows` are the rows of the accepted state before, None for the first batch. Row counts bind snapshots only:
    a delta may be small or empty. Shares bind batches of at least `LEAST_ROWS` rows.
    """
    found = [*_rows(validated, state_rows, contract)] if mode == "snapshot" else []
    return (*found, *_quarantined(validated, contract), *_null_shares(validated, contract))


def _rows(validated: Validated, state_rows: int | None, contract: Contract) -> Iterator[BrokenFloor]:
    rows, floors = len(validated.accepted), contract.floors
    least = max(floors.min_rows, 1)  # a snapshot of nothing is always held
    if rows < least:
        yield BrokenFloor(
            "min_rows",
            contract.name,
            None,
            rows,
            least,
            f"the snapshot has {rows:,} accepted rows of {validated.received:,} received; at least {least:,} are due",
            "ask the sender for the full file; where the dataset really is that small, release the batch by hand",
        )
    if state_rows and rows < floors.min_ratio * state_rows:
        yield BrokenFloor(
            "min_ratio",
            contract.name,
            None,
            rows / state_rows,
            floors.min_ratio,
            f"the snapshot has {rows:,} accepted rows, the state before has {state_rows:,}: "
            f"{rows / state_rows:.1%} where at least {floors.min_ratio:.1%} are due",
            "ask the sender whether the file is whole; where so many records really ended, release the batch by hand",
        )


def _quarantined(validated: Validated, contract: Contract) -> Iterator[BrokenFloor]:
    if validated.received < LEAST_ROWS:
        return
    share, limit = len(validated.quarantined) / validated.received, contract.floors.max_quarantined
    if share > limit:
        rules = sorted(validated.rule_counts.items(), key=lambda item: (-item[1], item[0]))[:3]
        yield BrokenFloor(
            "max_quarantined",
            contract.name,
            None,
            share,
            limit,
            f"{len(validated.quarantined):,} of {validated.received:,} rows are quarantined ({share:.1%}, at most "
            f"{limit:.1%}), mostly by {', '.join(f'{rule} ({count:,})' for rule, count in rules)}",
            "look at the quarantined rows and send the file again after the sender has corrected them",
        )


def _null_shares(validated: Validated, contract: Contract) -> Iterator[BrokenFloor]:
    """Null shares of the accepted rows; rows that delete have no values and are left out.

    An optional column that was not received is absent, not empty: its floor does not bind.
    """
    rows = _upserts(validated.accepted)
    if len(rows) < LEAST_ROWS:
        return
    for name, limit in contract.floors.max_null_share.items():
        share = rows.column(name).null_count / len(rows)
        if share > limit and name not in validated.absent_columns:
            yield BrokenFloor(
                "max_null_share",
                contract.name,
                name,
                share,
                limit,
                f"{rows.column(name).null_count:,} of {len(rows):,} accepted rows have no {name} ({share:.1%}, at "
                f"most {limit:.1%})",
                "ask the sender whether the column was filled; where it is right, release the batch by hand",
            )


def _upserts(accepted: pa.Table) -> pa.Table:
    if OPERATION not in accepted.column_names:
        return accepted
    return accepted.filter(pc.equal(accepted.column(OPERATION), "U"))
