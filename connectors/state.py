"""One step of the fold: the state of a dataset, a checked batch, and what becomes of the two. Pure; touches no zone."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa

from connectors.verdicts import Held, Outcome
from schemas.batches import apply_batch
from schemas.contract import Contract, Mode
from schemas.floors import BrokenFloor, broken_floors
from schemas.validation import Validated


def _nothing() -> pa.Table | None:
    return None


@dataclass(frozen=True)
class State:
    """The accepted rows of a dataset after some batches.

    Attributes:
        rows: their number.
        load: gives them; None before the first batch.
        held: batches that wait.
    """

    rows: int = 0
    load: Callable[[], pa.Table | None] = _nothing
    held: tuple[Held, ...] = ()


NOTHING = State()
"""Before the first batch."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the step must know of a batch: name and landing for messages, mode, and whether its floors are waived."""

    name: str
    landing: str
    mode: Mode
    released: bool = False


@dataclass(frozen=True, slots=True)
class Advanced:
    """The state after a batch, what became of the batch, and whether a broken floor was waived for it."""

    state: State
    outcome: Outcome
    waived: bool = False


Apply = Callable[[pa.Table | None, pa.Table, Mode], pa.Table]
"""The state before, accepted rows and their mode → the state after."""


def advance(
    state: State, batch: Batch, validated: Validated, contract: Contract, apply: Apply = apply_batch
) -> Advanced:
    """Apply a batch, or hold it."""
    if batch.mode == "delta" and state.held:
        reason = f"it changes a state that batch {state.held[0].batch} would have made, which is held"
        return Advanced(_holding(state, batch, contract, (reason,)), "behind")
    broken = broken_floors(validated, state.rows or None, contract, batch.mode)
    if broken and not batch.released:
        return Advanced(_holding(state, batch, contract, tuple(_said(floor) for floor in broken)), "held")
    before = state.load() if batch.mode == "delta" else None
    table = apply(before, validated.accepted, batch.mode)
    return Advanced(State(table.num_rows, lambda: table), "applied", waived=bool(broken))


def _holding(state: State, batch: Batch, contract: Contract, reasons: tuple[str, ...]) -> State:
    remedy = f"send a corrected batch, or run again with --accept {contract.name} where it is right"
    held = Held(contract.name, batch.name, batch.landing, reasons, remedy)
    return replace(state, held=(*state.held, held))


def _said(floor: BrokenFloor) -> str:
    return f"{floor.column}: {floor.what}" if floor.column else floor.what
