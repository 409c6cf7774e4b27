"""What a run of a contract's expectations gave: counts and names of rules, never a value of a row."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from schemas.contract import Severity


@dataclass(frozen=True)
class Outcome:
    """One expectation's result. `checked` rows had a value to judge, `unexpected` of them broke the rule.

    Both are null for an expectation on the table as a whole, whose `observed` value is a count, a date or a list of
    column names. `computed` is false where the expectation could not be evaluated; it has not passed then.
    """

    rule: str
    column: str | None
    severity: Severity
    title_zh: str
    title_en: str
    expectation: str
    arguments: Mapping[str, object]
    passed: bool
    computed: bool
    checked: int | None
    missing: int | None
    unexpected: int | None
    observed: str | None

    @property
    def share(self) -> float | None:
        """Unexpected over checked rows, null where no row was checked."""
        return self.unexpected / self.checked if self.checked and self.unexpected is not None else None

    @property
    def allowed(self) -> float:
        """Greatest share of unexpected rows with which the expectation still passes."""
        mostly = self.arguments.get("mostly")
        return round(1 - mostly, 6) if isinstance(mostly, int | float) else 0.0


@dataclass(frozen=True)
class QualityResult:
    """What the expectations of one dataset gave, in the order of the contract."""

    dataset: str
    title_zh: str
    title_en: str
    owner_zh: str
    owner_en: str
    contract_version: str
    as_of: date
    rows: int
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation holds."""
        return all(outcome.passed for outcome in self.outcomes)

    def failed(self, severity: Severity) -> tuple[Outcome, ...]:
        """The expectations of that severity that do not hold."""
        return tuple(item for item in self.outcomes if not item.passed and item.severity == severity)


def as_json(result: QualityResult) -> dict[str, object]:
    """The result as JSON values: counts, rules and the outcome, no values of rows."""
    outcomes = [{**asdict(outcome), "share": outcome.share} for outcome in result.outcomes]
    return {**asdict(result), "as_of": result.as_of.isoformat(), "passed": result.passed, "outcomes": outcomes}
