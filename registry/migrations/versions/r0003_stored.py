"""Where the rows of a version lie: in a partition of its own, in one that later versions changed in place, or in files.

A version of a few changes takes over the partition of the version before it and changes its rows within the transaction
that puts it in force. `stored` is the partition that holds exactly the rows of a version; null where that one went on
to a later version, and the rows of this one lie in the published files alone.
"""

from alembic import op
from sqlalchemy import text

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None

_VIEWS = tuple(
    (schema, view)
    for schema, entity in (("population", "person"), ("enterprise", "enterprise"))
    for view in (entity, f"{entity}_crosswalk", "provenance")
)


def upgrade() -> None:
    """Name the partition of every version, and let the views of the products go by it."""
    op.execute("ALTER TABLE registry.version_product ADD COLUMN stored integer")
    op.execute("UPDATE registry.version_product SET stored = product_version")
    op.execute(
        "CREATE OR REPLACE VIEW registry.current_product AS"
        " SELECT product, product_version, inputs_hash, stored FROM registry.version_product"
        " WHERE version = (SELECT max(version) FROM registry.version WHERE status = 'published')"
    )
    for schema, view in _VIEWS:
        _go_by_stored(schema, view)


def _go_by_stored(schema: str, view: str) -> None:
    """Say a view again as it stands, with the other column."""
    place = f"{schema}.{view}"
    found = op.get_bind().execute(text("SELECT pg_get_viewdef(CAST(:place AS regclass))"), {"place": place})
    definition = str(found.scalar_one())
    changed = definition.replace("current_product.product_version", "current_product.stored")
    if changed == definition:
        raise RuntimeError(f"the view {place} is not that of release r0001")
    op.execute(f"CREATE OR REPLACE VIEW {place} AS {changed}")
