"""Payments by voucher, so that one is not counted on two cases."""

from alembic import op

revision = "m0007"
down_revision = "m0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index; few events have a voucher."""
    op.execute(
        "CREATE INDEX case_event_voucher ON mismatches.case_event ((details ->> 'voucher'), finding_id)"
        " WHERE details ->> 'voucher' IS NOT NULL"
    )
