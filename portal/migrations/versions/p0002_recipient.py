"""Which recipient of deliveries a department's reader belongs to."""

from alembic import op

revision = "p0002"
down_revision = "p0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; accounts before it belong to none."""
    op.execute("ALTER TABLE portal.account ADD COLUMN recipient text")
    op.execute(
        "COMMENT ON COLUMN portal.account.recipient IS"
        " '接收方 / Whose deliveries a department reader sees, as in its agreement'"
    )
