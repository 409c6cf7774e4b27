"""A finding read back to be judged again."""

from decimal import Decimal

from sqlalchemy import Connection, and_, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.actions import unknown
from mismatches.store.recompute import Judged, Stored
from mismatches.store.tables import finding, observation, run

_SAID = tuple(observation.c[name] for name in Judged.__annotations__)


def stored_finding(connection: Connection, actor: Actor, finding_id: str) -> Stored:
    """What was stored when the finding was last observed, for `mismatches.store.recompute`.

    Raises:
        NotAllowed: the role reads no findings.
        UnknownFinding: there is none of that id for the actor.
    """
    found = connection.execute(
        select(
            *_SAID,
            observation.c.rule_version,
            observation.c.as_of,
            observation.c.evidence,
            observation.c.kept,
            run.c.city,
            run.c.rules[finding.c.rule].label("facts"),
            finding.c.rule,
        )
        .join(run, run.c.run == observation.c.run)
        .join(finding, finding.c.finding_id == observation.c.finding_id)
        .where(and_(readable(actor), finding.c.finding_id == finding_id, observation.c.evidence.is_not(None)))
        .order_by(observation.c.run.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise unknown(finding_id)
    return Stored(
        finding_id,
        found.rule,
        found.rule_version,
        Judged(*found[: len(_SAID)]),
        found.as_of,
        found.city,
        found.facts["year"],
        {name: Decimal(value) for name, value in found.facts["parameters"].items()},
        found.evidence,
        found.kept or {},
    )
