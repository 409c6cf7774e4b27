"""What a cross-check is asked to do: inputs, the day, the place, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from mismatches.rule import DatedValue
from schemas.bilingual import Bilingual

DEFAULT_CITY = "3702"  # Qingdao: the first four digits of its division codes


@dataclass(frozen=True)
class CheckSettings:
    """Settings of a city.

    `parameters` replaces the dated values of a rule's parameter; the key is `rule.parameter`, or `parameter` for
    every rule that has it. `memory` and `threads` bound DuckDB. `top` is how many findings of a rule the page shows;
    `masked` hides the middle of identifiers on the page (never in the workbook). `suspended`: rules that shall not run,
    and why.
    """

    city: str = DEFAULT_CITY
    parameters: Mapping[str, tuple[DatedValue, ...]] = field(default_factory=dict)
    memory: str = "4GB"
    threads: int | None = None
    top: int = 20
    masked: bool = True
    suspended: Mapping[str, Bilingual] = field(default_factory=dict)


@dataclass(frozen=True)
class InputState:
    """Where an input stands: its version, when it came in, and the columns that the sender really had."""

    version: str = ""
    received_at: datetime | None = None
    columns: frozenset[str] | None = None  # None: not known; a column without a value then counts as absent


@dataclass(frozen=True)
class CrossCheckRequest:
    """One cross-check.

    `tables`: accepted Parquet by dataset (`tax.wage`). `products`: published Parquet by product (`person_crosswalk`,
    `enterprise_crosswalk`; others are listed as inputs and not read). `out`: the folder to write into, staged by the
    caller. `as_of` is "today" for clocks; it filters no records. `work`: where DuckDB may spill; the system's temporary
    folder where None. `made_by`: DAG and run of the scheduler, as `dag/run`.
    """

    tables: Mapping[str, Path]
    products: Mapping[str, Path]
    as_of: date
    out: Path
    made_at: datetime
    inputs: Mapping[str, InputState] = field(default_factory=dict)
    settings: CheckSettings = field(default_factory=CheckSettings)
    work: Path | None = None
    made_by: str | None = None

    def state(self, name: str) -> InputState:
        """What is known about an input."""
        return self.inputs.get(name, InputState())
