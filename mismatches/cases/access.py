"""Who may see and do what: the one place where districts, roles and shadow mode limit a query.

Every function of this package that reads or acts takes an `Actor` and puts `readable(actor)` into its statement.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, or_, true

from mismatches.cases.declaration import Right, case_rules
from mismatches.cases.errors import NotAllowed
from mismatches.store.tables import finding


@dataclass(frozen=True)
class Actor:
    """Somebody who works with findings.

    `districts`: division codes of six digits, or their first digits for a wider area; None for the whole city, findings
    of unknown district included. `role` is one of `cases.yaml`; any other sees nothing.
    """

    name: str
    role: str
    districts: frozenset[str] | None = frozenset()

    def has(self, right: Right) -> bool:
        """Whether the role has a right."""
        return right in case_rules().roles.get(self.role, frozenset())


def require(actor: Actor, right: Right) -> None:
    """Refuse an actor whose role lacks a right.

    Raises:
        NotAllowed: it does.
    """
    if not actor.has(right):
        allowed = ", ".join(sorted(role for role, rights in case_rules().roles.items() if right in rights))
        raise NotAllowed(
            f"the role {actor.role or 'none'} may not do this ({right})", "cases", allowed, "ask a supervisor"
        )


def readable(actor: Actor) -> ColumnElement[bool]:
    """The condition on `finding` under which an actor may know that it exists.

    Raises:
        NotAllowed: the role reads no findings at all.
    """
    require(actor, "read")
    return and_(_in_districts(actor), true() if actor.has("see_shadow") else ~finding.c.shadow)


def _in_districts(actor: Actor) -> ColumnElement[bool]:
    if actor.districts is None:
        return true()
    whole = sorted(code for code in actor.districts if len(code) == 6)
    wider = sorted(code for code in actor.districts if 0 < len(code) < 6)
    parts = [func.left(finding.c.division, len(code)) == code for code in wider]
    return or_(finding.c.division.in_(whole) if whole else false(), *parts)
