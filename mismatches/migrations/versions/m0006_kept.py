"""What a rule looked up about everybody, kept with the finding, so that it can be judged again from what is stored."""

from alembic import op

revision = "m0006"
down_revision = "m0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was observed before has none and needs the whole inputs."""
    op.execute("ALTER TABLE mismatches.observation ADD COLUMN kept jsonb")
    op.execute(
        "COMMENT ON COLUMN mismatches.observation.kept IS"
        " '全量背景 / Rows of the tables that a rule keeps with a finding: what it looked up about everybody'"
    )
