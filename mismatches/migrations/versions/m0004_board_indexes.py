"""Indexes for two questions of the portal that still read every finding: cases worked, and the largest estimates."""

from alembic import op

revision = "m0004"
down_revision = "m0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # what became of each rule's cases: few of all findings were ever touched
    """CREATE INDEX finding_worked ON mismatches.finding (rule)
        INCLUDE (state, verdict, recovered, opened_at, closed_at, division, shadow) WHERE version > 0""",
    # the list from the largest estimate down, to its last page
    """CREATE INDEX finding_estimate ON mismatches.finding
        (estimate_likely DESC NULLS LAST, severity_rank, finding_id)
        INCLUDE (rule, severity, state, division, month, suppressed_until, owner, due_on)
        WHERE gone_on IS NULL AND outcome = 'hit' AND NOT shadow""",
)


def upgrade() -> None:
    """Make the indexes."""
    for statement in _STATEMENTS:
        op.execute(statement)
