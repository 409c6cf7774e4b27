"""Whose record a look was at, and looks that are at no single finding: the page of a subject, an export of a list."""

from alembic import op

revision = "m0003"
down_revision = "m0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    'ALTER TABLE mismatches.look ADD COLUMN subject_id text COLLATE "C"',
    "ALTER TABLE mismatches.look ALTER COLUMN finding_id DROP NOT NULL",
    "CREATE INDEX look_at ON mismatches.look (at, look)",
    "CREATE INDEX look_actor ON mismatches.look (actor, at, look)",
    "CREATE INDEX look_subject ON mismatches.look (subject_id) WHERE subject_id IS NOT NULL",
    "CREATE INDEX look_finding ON mismatches.look (finding_id) WHERE finding_id IS NOT NULL",
    "COMMENT ON TABLE mismatches.look IS '查看记录 / Who looked at whose records, and what was exported; ids only'",
    "COMMENT ON COLUMN mismatches.look.subject_id IS '主体标识 / Master id; null for exports and older looks'",
    "COMMENT ON COLUMN mismatches.look.finding_id IS '疑点编号 / Null where the look was at no single finding'",
)


def upgrade() -> None:
    """Add the column and what the log is searched by; looks before it keep the finding that leads to the subject."""
    for statement in _STATEMENTS:
        op.execute(statement)
