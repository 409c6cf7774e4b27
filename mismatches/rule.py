"""A rule as the engine uses it: what it needs, which dated settings it reads, what it says.

Owns the frozen model; `mismatches.declarations` reads it from `rules/*.yaml`. A rule is data: adding one adds a YAML
file, a query and a test, no branch in the engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from schemas.bilingual import Bilingual

Outcome = Literal["hit", "clear", "not_comparable"]
Severity = Literal["high", "medium", "low"]
SubjectKind = Literal["person", "enterprise"]

ANYWHERE = "*"


@dataclass(frozen=True)
class DatedValue:
    """A value in force in a city from the first year to the last, both included; `last` is None while in force."""

    city: str  # the first digits of a division code, or ANYWHERE
    first: int
    last: int | None
    value: Decimal

    def holds(self, city: str, year: int) -> bool:
        """Whether it is in force there and then."""
        here = self.city == ANYWHERE or city.startswith(self.city)
        return here and self.first <= year and (self.last is None or year <= self.last)


@dataclass(frozen=True)
class Parameter:
    """A threshold or a rate; `unit` says days, yuan a month, ratio …"""

    name: str
    title: Bilingual
    unit: Bilingual
    values: tuple[DatedValue, ...]

    def value(self, city: str, year: int) -> Decimal | None:
        """The value in force: the nearest city's wins, then the latest; None where no setting covers that year."""
        found = [value for value in self.values if value.holds(city, year)]
        narrow = {ANYWHERE: 0}
        best = max(found, key=lambda v: (narrow.get(v.city, len(v.city)), v.first), default=None)
        return best.value if best else None


@dataclass(frozen=True)
class Needs:
    """What a rule reads: dataset → columns.

    Without a `needed` dataset or column the rule does not run. An `optional` dataset that is absent is read as an
    empty table, an optional column as null.
    """

    needed: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]]

    @property
    def datasets(self) -> tuple[str, ...]:
        """All datasets that the rule may read, the needed ones first."""
        return tuple(dict.fromkeys([*self.needed, *self.optional]))


@dataclass(frozen=True)
class Time:
    """The time units a rule compares; several of them need an `allocation` that says how they are brought together."""

    units: Mapping[str, str]  # dataset.column → date, month, quarter, year
    allocation: Bilingual | None


@dataclass(frozen=True)
class YearSource:
    """The column whose latest year says which dated settings count; without one it is the year of the as-of date."""

    dataset: str
    column: str


@dataclass(frozen=True)
class Floor:
    """Below this share of confirmed findings a rule is suspended, once so many cases were judged."""

    precision: Decimal
    cases: int


@dataclass(frozen=True)
class Kept:
    """A table that a rule reads and that looks at everybody: what it says of a finding is stored with the finding.

    `query` makes it; null for a step. `mismatches.kept_tables` says which of its rows bear on a finding.
    """

    name: str
    query: str | None = None


NO_FLOOR = Floor(Decimal(0), 1)


@dataclass(frozen=True)
class Rule:
    """One cross-check.

    `query` selects one row per subject with the columns of `mismatches.engine.RESULT_COLUMNS`. `severities` maps the
    query's `grade` to a severity. `reasons` are told by the query's `reason`; they and `formula` name figures in
    braces, as `mismatches.wording.PLACEHOLDER` says. `keeps`: in the order in which they are made, after the steps. A
    rule in `shadow` runs and is counted; its findings open no cases and only supervisors see them.
    """

    id: str
    version: str
    title: Bilingual
    explanation: Bilingual
    grain: Bilingual
    key: Bilingual
    period: Bilingual
    needs: Needs
    crosswalks: tuple[SubjectKind, ...]
    steps: tuple[str, ...]
    time: Time
    year: YearSource | None
    parameters: tuple[Parameter, ...]
    formula: Bilingual
    estimate: Bilingual | None
    severities: Mapping[str, Severity]
    reasons: Mapping[str, Bilingual]
    false_positives: tuple[Bilingual, ...]
    legal_basis: Bilingual
    evidence: Mapping[str, tuple[str, ...]]
    query: str
    keeps: tuple[Kept, ...] = ()
    shadow: bool = False
    floor: Floor = NO_FLOOR


@dataclass(frozen=True)
class Moment:
    """When and where a rule is judged."""

    as_of: date
    city: str
