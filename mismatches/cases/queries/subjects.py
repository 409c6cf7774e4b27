"""Everything that is open on one person or enterprise."""

from sqlalchemy import Connection, and_, or_, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.declaration import CLOSED, NEW
from mismatches.cases.queries.listing import COLUMNS, FindingRow
from mismatches.store.tables import finding


def subject_findings(connection: Connection, actor: Actor, master_id: str) -> tuple[FindingRow, ...]:
    """Findings about a master, gravest first: those still found, and those gone whose case is under way.

    `master_id` is any id that a finding bears: the one it was found under or the one that survived a merge.

    Raises:
        NotAllowed: the role reads no findings.
    """
    c = finding.c
    under_way = c.state.not_in((NEW, CLOSED))
    rows = connection.execute(
        select(*COLUMNS)
        .where(
            and_(
                readable(actor),
                or_(c.subject_id == master_id, c.master_id == master_id),
                or_(c.gone_on.is_(None), under_way),
            )
        )
        .order_by(c.outcome, c.severity_rank, c.estimate_likely.desc().nulls_last(), c.finding_id)
    ).mappings()
    return tuple(FindingRow(**row) for row in rows)
