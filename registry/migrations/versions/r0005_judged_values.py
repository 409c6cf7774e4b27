"""Provenance says of a value that it was judged: one more word for why a value stands."""

from alembic import op
from sqlalchemy import text

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

_BEFORE = (
    "none, sole, agreed, validity, completeness, source, recency, majority, longest, preference, same_record, order"
)
_DECISIONS = f"{_BEFORE}, judgement"


def upgrade() -> None:
    """Say the views of provenance again as they stand, with the further word."""
    for schema in ("population", "enterprise"):
        place = f"{schema}.provenance"
        found = op.get_bind().execute(text("SELECT pg_get_viewdef(CAST(:place AS regclass))"), {"place": place})
        definition = str(found.scalar_one())
        changed = definition.replace(f"'{_BEFORE}'", f"'{_DECISIONS}'")
        if changed == definition:
            raise RuntimeError(f"the view {place} is not that of release r0003")
        op.get_bind().exec_driver_sql(f"CREATE OR REPLACE VIEW {place} AS {changed}".replace("%", "%%"))
