"""What became of each rule's findings: how many were right, what came in, how long it took; and which rule stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, and_, func, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.declaration import CLOSED
from mismatches.rule import Rule
from mismatches.store.tables import finding
from schemas.bilingual import Bilingual

_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class RuleYield:
    """Closed cases of a rule. `recovered` in yuan, of all its cases; `median_days` from the first step to the close.

    `precision` is confirmed / (confirmed + excluded), null before the first was judged.
    """

    rule: str
    confirmed: int
    excluded: int
    recovered: Decimal
    median_days: float | None

    @property
    def judged(self) -> int:
        """Closed cases with a verdict."""
        return self.confirmed + self.excluded

    @property
    def precision(self) -> Decimal | None:
        """The share of the judged that were right."""
        return Decimal(self.confirmed) / self.judged if self.judged else None


def rule_yields(connection: Connection, actor: Actor) -> tuple[RuleYield, ...]:
    """Rules with cases, by name, over the findings that the actor may see, whatever version of the rule found them.

    Raises:
        NotAllowed: the role reads no findings.
    """
    c = finding.c
    closed = c.state == CLOSED
    days = func.extract("epoch", c.closed_at - c.opened_at) / _SECONDS_OF_A_DAY
    rows = connection.execute(
        select(
            c.rule,
            func.count().filter(and_(closed, c.verdict == "confirmed")),
            func.count().filter(and_(closed, c.verdict == "excluded")),
            func.coalesce(func.sum(c.recovered), Decimal(0)),
            func.percentile_cont(0.5).within_group(days).filter(closed),
        )
        .where(and_(readable(actor), c.version > 0))
        .group_by(c.rule)
        .order_by(c.rule)
    )
    return tuple(
        RuleYield(rule, confirmed, excluded, recovered, float(median) if median is not None else None)
        for rule, confirmed, excluded, recovered, median in rows
    )


def suspended_rules(connection: Connection, rules: Sequence[Rule]) -> Mapping[str, Bilingual]:
    """Rules below their floor, and why; for the cross-check, which leaves them out.

    Only verdicts on findings of the present version count: a rule that was corrected starts anew.
    """
    c = finding.c
    rows = connection.execute(
        select(
            c.rule,
            c.judged_version,
            func.count().filter(c.verdict == "confirmed"),
            func.count(),
        )
        .where(c.verdict.is_not(None), c.state == CLOSED)
        .group_by(c.rule, c.judged_version)
    )
    judged = {(rule, version): (right, all_of_them) for rule, version, right, all_of_them in rows}
    found = {}
    for rule in rules:
        right, cases = judged.get((rule.id, rule.version), (0, 0))
        if cases >= rule.floor.cases and right < rule.floor.precision * cases:
            found[rule.id] = _why(rule, right, cases)
    return found


def _why(rule: Rule, right: int, cases: int) -> Bilingual:
    share, floor = f"{right / cases:.0%}", f"{rule.floor.precision:.0%}"
    return Bilingual(
        f"规则已暂停：版本 {rule.version} 已结案 {cases} 件中确认 {right} 件（{share}），低于下限 {floor}",
        f"the rule is suspended: of {cases} closed cases of version {rule.version} {right} were confirmed ({share}),"
        f" below its floor of {floor}",
    )
