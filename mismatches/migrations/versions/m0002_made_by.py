"""Which run of the scheduler made a cross-check, so that a page can lead to its log."""

from alembic import op

revision = "m0002"
down_revision = "m0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; cross-checks before it say nothing."""
    op.execute("ALTER TABLE mismatches.run ADD COLUMN made_by text")
    op.execute(
        "COMMENT ON COLUMN mismatches.run.made_by IS"
        " '调度批次 / DAG and run of the scheduler, as dag/run; null from the command line'"
    )
