"""Who can own a case: accounts that work with findings and may see the one in question."""

from sqlalchemy import Connection, and_, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.errors import ActionRefused, NotAllowed
from mismatches.store.tables import finding
from portal import accounts
from portal.accounts import Account
from portal.desk import Desk


def owners(desk: Desk) -> tuple[str, ...]:
    """Names of the accounts that can own a case of the reader's districts; none where the reader assigns nothing."""
    if not desk.actor.has("assign"):
        return ()
    with desk.open() as connection:
        known = accounts.every(connection)
    return tuple(one.name for one in known if _works(one) and _meet(desk.actor, one.actor))


def check_owner(connection: Connection, finding_id: str, owner: str | None) -> None:
    """Refuse to give a case to somebody who could not see it: it would be lost. To be asked after the step was allowed.

    Raises:
        ActionRefused: no such account, or one that does not work with this finding.
    """
    if owner is None:
        return
    known = accounts.of_name(connection, owner)
    if known is None or not _works(known) or not _sees(connection, known.actor, finding_id):
        raise ActionRefused(
            "this owner does not work with the finding",
            f"finding {finding_id}",
            "an account of its district",
            kind="owner",
        )


def _works(one: Account) -> bool:
    return not one.disabled and one.actor.has("work")


def _sees(connection: Connection, actor: Actor, finding_id: str) -> bool:
    try:
        condition = and_(readable(actor), finding.c.finding_id == finding_id)
    except NotAllowed:
        return False
    return connection.execute(select(finding.c.finding_id).where(condition)).first() is not None


def _meet(one: Actor, other: Actor) -> bool:
    """Whether two areas have a district in common."""
    if one.districts is None or other.districts is None:
        return True
    return any(a.startswith(b) or b.startswith(a) for a in one.districts for b in other.districts)
