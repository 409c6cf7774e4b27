"""The link that a finding rests on, with its bits by field, as the match in force weighed it then."""

from alembic import op

revision = "m0005"
down_revision = "m0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was observed before says nothing."""
    op.execute("ALTER TABLE mismatches.observation ADD COLUMN link jsonb")
    op.execute(
        "COMMENT ON COLUMN mismatches.observation.link IS"
        " '最弱身份关联 / The weakest link between the cited records, bits by field; null where it rests on none'"
    )
