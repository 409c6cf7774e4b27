"""The base databases of persons and of enterprises, and the versions of their publication.

Rows of a product lie in one partition a version. Readers ask the view of the product's name, which shows the version
that the newest row of `registry.version` puts in force: that row is the commit, and no lock stands between a reader and
a publication.
"""

from alembic import op

revision = "r0001"
down_revision = None
branch_labels = ("registry",)
depends_on = None

_PERSON = """
    master_id text COLLATE "C" NOT NULL, name text NOT NULL, former_name text, sex text, birth_date date,
    id_number text, ethnicity text, division_code text, address text, mobile text, household_id text,
    household_relation text, status text, death_date date, employer_no text,
    sources text NOT NULL, record_count bigint NOT NULL,
    updated_at timestamp"""

_ENTERPRISE = """
    master_id text COLLATE "C" NOT NULL, uscc text, organization_code text, registration_number text, taxpayer_id text,
    name text NOT NULL, former_name text, enterprise_type text, legal_representative text,
    legal_representative_id_number text, registered_capital numeric(18, 2), established_on date, status text,
    ended_on date, industry_code text, division_code text, address text, phone text, sources text NOT NULL,
    record_count bigint NOT NULL, updated_at timestamp"""

_CROSSWALK = """
    master_id text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, dataset text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL, match_probability double precision"""

_VERSIONS = (
    "CREATE SCHEMA IF NOT EXISTS registry",
    """CREATE TABLE registry.installation (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        id_key bytea NOT NULL)""",
    """CREATE TABLE registry.version (
        version integer PRIMARY KEY CHECK (version > 0),
        committed_at timestamptz NOT NULL,
        status text NOT NULL CHECK (status IN ('published', 'withdrawn')),
        as_of date NOT NULL,
        inputs_hash text NOT NULL,
        counts jsonb NOT NULL,
        manifest jsonb NOT NULL)""",
    """CREATE TABLE registry.version_product (
        version integer NOT NULL REFERENCES registry.version,
        product text NOT NULL,
        product_version integer NOT NULL REFERENCES registry.version (version),
        inputs_hash text NOT NULL,
        PRIMARY KEY (version, product))""",
    """CREATE TABLE registry.provenance_attribute (
        version integer NOT NULL REFERENCES registry.version,
        entity text NOT NULL,
        position smallint NOT NULL,
        attribute text NOT NULL,
        PRIMARY KEY (version, entity, position))""",
    """CREATE VIEW registry.current_product AS
        SELECT product, product_version, inputs_hash FROM registry.version_product
        WHERE version = (SELECT max(version) FROM registry.version WHERE status = 'published')""",
)

_DECISIONS = (
    "none, sole, agreed, validity, completeness, source, recency, majority, longest, preference, same_record, order"
)


def upgrade() -> None:
    """Create the schemas, their tables and their views."""
    for statement in _VERSIONS:
        op.execute(statement)
    _entity("population", "person", _PERSON)
    _entity("enterprise", "enterprise", _ENTERPRISE)


def _entity(schema: str, entity: str, columns: str) -> None:
    tables = {
        entity: columns,
        f"{entity}_crosswalk": _CROSSWALK + ", member smallint NOT NULL, updated_at timestamp",
        f"{entity}_provenance": 'master_id text COLLATE "C" NOT NULL, choices smallint[] NOT NULL',
    }
    op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name, described in tables.items():
        op.execute(
            f"CREATE TABLE {schema}.{name}_versions (version integer NOT NULL, {described}) PARTITION BY LIST (version)"
        )
    _view(schema, entity, entity, columns)
    _view(schema, entity, f"{entity}_crosswalk", _CROSSWALK)
    _ledger(schema)
    _provenance(schema, entity)


def _view(schema: str, entity: str, name: str, columns: str) -> None:
    """A product as readers see it: the rows of the version in force."""
    listed = ", ".join(part.split()[0] for part in columns.replace("(18, 2)", "").split(","))
    op.execute(
        f"CREATE VIEW {schema}.{name} AS SELECT {listed} FROM {schema}.{name}_versions"
        f" WHERE version = (SELECT product_version FROM registry.current_product WHERE product = '{entity}')"
    )


def _ledger(schema: str) -> None:
    op.execute(
        f'CREATE TABLE {schema}.master_id (sequence bigint PRIMARY KEY, master_id text COLLATE "C" NOT NULL UNIQUE,'
        " state text NOT NULL CHECK (state IN ('live', 'merged', 'retired')), target text COLLATE \"C\","
        ' source text COLLATE "C" NOT NULL, dataset text COLLATE "C" NOT NULL, record_id text COLLATE "C" NOT NULL,'
        " CHECK ((state = 'merged') = (target IS NOT NULL)))"
    )
    op.execute(
        f"CREATE VIEW {schema}.redirect AS SELECT master_id, target FROM {schema}.master_id WHERE state = 'merged'"
    )


def _provenance(schema: str, entity: str) -> None:
    """One row per master and attribute, unfolded from `choices`."""
    records = (
        f"SELECT source, dataset, record_id, updated_at FROM {schema}.{entity}_crosswalk_versions c"
        " WHERE c.version = p.version AND c.master_id = p.master_id"
    )
    op.execute(
        f"CREATE VIEW {schema}.provenance AS"
        " SELECT p.master_id, a.attribute, w.source, w.dataset, w.record_id, w.updated_at,"
        f" (string_to_array('{_DECISIONS}', ', '))[p.choices[5 * a.position + 2] + 1] AS policy,"
        " p.choices[5 * a.position + 3] AS candidates, p.choices[5 * a.position + 4] AS conflicts,"
        " r.source AS runner_up_source, r.dataset AS runner_up_dataset, r.record_id AS runner_up_record_id"
        f" FROM {schema}.{entity}_provenance_versions p"
        f" JOIN registry.provenance_attribute a ON a.version = p.version AND a.entity = '{entity}'"
        f" LEFT JOIN LATERAL ({records} AND c.member = p.choices[5 * a.position + 1]) w ON true"
        f" LEFT JOIN LATERAL ({records} AND c.member = p.choices[5 * a.position + 5]) r ON true"
        f" WHERE p.version = (SELECT product_version FROM registry.current_product WHERE product = '{entity}')"
    )
