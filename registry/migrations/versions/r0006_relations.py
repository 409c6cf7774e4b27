"""Relations as a table beside the base databases, and which of their versions each publication has in force.

As the rows of a base, those of relations lie in one partition a version, which later versions of few changes go on
with; `stored` is null where the rows of a version stand in its files alone.
"""

from alembic import op

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None

_COLUMNS = """
    kind text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, dataset text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL, from_kind text NOT NULL, from_master_id text COLLATE "C",
    to_kind text NOT NULL, to_id text COLLATE "C", to_reference text, to_name text, household_relation text,
    share_ratio double precision, state text NOT NULL, resolved_by text, reason text, updated_at timestamp"""

_STATEMENTS = (
    f"CREATE TABLE registry.relations_versions (version integer NOT NULL, {_COLUMNS}) PARTITION BY LIST (version)",
    """CREATE TABLE registry.version_relations (
        version integer PRIMARY KEY REFERENCES registry.version,
        product_version integer NOT NULL REFERENCES registry.version (version),
        stored integer)""",
    """CREATE VIEW registry.current_relations AS
        SELECT product_version, stored FROM registry.version_relations
        WHERE version = (SELECT max(version) FROM registry.version WHERE status = 'published')""",
    f"""CREATE VIEW registry.relations AS
        SELECT {", ".join(part.split()[0] for part in _COLUMNS.split(","))} FROM registry.relations_versions
        WHERE version = (SELECT stored FROM registry.current_relations)""",
)


def upgrade() -> None:
    """Create the table and its views; the relations in force are loaded by the repair that comes before a run."""
    for statement in _STATEMENTS:
        op.execute(statement)
