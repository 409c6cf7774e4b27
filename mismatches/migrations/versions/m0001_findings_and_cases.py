"""Findings as of a time, the cases that people make of them, and histories that cannot be rewritten.

A row of `finding` is what the rules say now and where its case stands; both are functions of the append-only tables:
`observation` (what a run saw when something changed) and `case_event` (what people did, a chain of hashes a case).
"""

from alembic import op

revision = "m0001"
down_revision = None
branch_labels = ("mismatches",)
depends_on = None

_SEEN = """
    rule_version text NOT NULL, period text, outcome text NOT NULL CHECK (outcome IN ('hit', 'not_comparable')),
    reason text NOT NULL, subject_kind text NOT NULL CHECK (subject_kind IN ('person', 'enterprise')),
    master_id text COLLATE "C", severity text NOT NULL CHECK (severity IN ('high', 'medium', 'low')),
    estimate_low numeric(18, 2), estimate_likely numeric(18, 2), estimate_high numeric(18, 2),
    link_probability double precision, figures jsonb NOT NULL, division text COLLATE "C"
"""

_TABLES = (
    """CREATE TABLE mismatches.run (
        run integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        as_of date NOT NULL, recorded_at timestamptz NOT NULL, city text NOT NULL, rules jsonb NOT NULL,
        inputs jsonb NOT NULL)""",
    """CREATE TABLE mismatches.rule_state (
        rule text COLLATE "C" PRIMARY KEY, version text NOT NULL, run integer NOT NULL REFERENCES mismatches.run,
        as_of date NOT NULL, shadow boolean NOT NULL)""",
    f"""CREATE TABLE mismatches.finding (
        finding_id text COLLATE "C" PRIMARY KEY, rule text COLLATE "C" NOT NULL, {_SEEN},
        subject_id text COLLATE "C", shadow boolean NOT NULL, first_seen date NOT NULL, month text NOT NULL,
        last_seen date, gone_on date, run integer NOT NULL REFERENCES mismatches.run, digest text NOT NULL,
        severity_rank smallint NOT NULL GENERATED ALWAYS AS
            (CASE severity WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END) STORED,
        state text NOT NULL DEFAULT 'new', version integer NOT NULL DEFAULT 0, owner text, due_on date,
        reason_code text, verdict text CHECK (verdict IN ('confirmed', 'excluded')), judged_version text,
        assessed numeric(18, 2), recovered numeric(18, 2), suppressed_until date,
        opened_at timestamptz, closed_at timestamptz, acted_at timestamptz,
        CHECK ((gone_on IS NULL) = (last_seen IS NULL)))""",
    f"""CREATE TABLE mismatches.observation (
        finding_id text COLLATE "C" NOT NULL REFERENCES mismatches.finding,
        run integer NOT NULL REFERENCES mismatches.run,
        as_of date NOT NULL, change text NOT NULL CHECK (change IN ('found', 'changed', 'gone', 'returned')),
        {_SEEN.replace(" NOT NULL", "")}, evidence jsonb, PRIMARY KEY (finding_id, run),
        CHECK ((change = 'gone') = (evidence IS NULL)))""",
    """CREATE TABLE mismatches.case_event (
        finding_id text COLLATE "C" NOT NULL REFERENCES mismatches.finding,
        sequence integer NOT NULL CHECK (sequence > 0),
        at timestamptz NOT NULL, actor text NOT NULL, role text NOT NULL, action text NOT NULL,
        state_before text NOT NULL, state_after text NOT NULL, details jsonb NOT NULL,
        previous_hash text NOT NULL, hash text NOT NULL, PRIMARY KEY (finding_id, sequence))""",
    """CREATE TABLE mismatches.saved_view (
        owner text NOT NULL, name text NOT NULL, query jsonb NOT NULL, saved_at timestamptz NOT NULL,
        PRIMARY KEY (owner, name))""",
    """CREATE TABLE mismatches.look (
        look bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, actor text NOT NULL,
        role text NOT NULL, finding_id text NOT NULL, what text NOT NULL)""",
)

_OPEN = "WHERE gone_on IS NULL AND outcome = 'hit' AND NOT shadow"
_INDEXES = (
    # both hold every column that a list filters by or adds up, so that totals read the index alone
    f"""CREATE INDEX finding_worklist ON mismatches.finding
        (severity_rank, estimate_likely DESC NULLS LAST, finding_id)
        INCLUDE (rule, severity, state, division, month, suppressed_until, owner, due_on, estimate_low, estimate_high,
            recovered) {_OPEN}""",
    f"""CREATE INDEX finding_district ON mismatches.finding (division, rule, state)
        INCLUDE (severity, month, suppressed_until, owner, due_on, estimate_low, estimate_likely, estimate_high,
            recovered) {_OPEN}""",
    "CREATE INDEX finding_master ON mismatches.finding (master_id)",
    "CREATE INDEX finding_subject ON mismatches.finding (subject_id)",
    "CREATE INDEX finding_rule ON mismatches.finding (rule, gone_on)",
    "CREATE INDEX finding_owner ON mismatches.finding (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX finding_due ON mismatches.finding (due_on) WHERE due_on IS NOT NULL",
    "CREATE INDEX finding_judged ON mismatches.finding (rule, judged_version) WHERE verdict IS NOT NULL",
)

_REFUSE = """CREATE FUNCTION mismatches.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'mismatches.% is a history and cannot be rewritten', TG_TABLE_NAME USING ERRCODE = '55000';
END $$"""

_COMMENTS = {
    "finding": "疑点 / One row per finding: what the rules say now, and where its case stands",
    "observation": "疑点观察 / What a run saw of a finding, where something changed; evidence with values of then",
    "run": "比对批次 / Recorded cross-checks: inputs, rules and parameters",
    "rule_state": "规则状态 / The last recorded run of each rule",
    "case_event": "案件记录 / What people did, chained by hashes; never changed",
    "saved_view": "已存视图 / Saved filters of each user",
    "look": "查看记录 / Who looked at personal values",
}


def upgrade() -> None:
    """Create the tables, their indexes, and the triggers that keep histories."""
    for statement in (*_TABLES, *_INDEXES, _REFUSE):
        op.execute(statement)
    for table in ("run", "observation", "case_event", "look"):
        _keep(table, "UPDATE OR DELETE")
    _keep("finding", "DELETE")
    for table, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON TABLE mismatches.{table} IS '{comment}'")


def _keep(table: str, refused: str) -> None:
    op.execute(
        f"CREATE TRIGGER keep_rows BEFORE {refused} ON mismatches.{table}"
        " FOR EACH ROW EXECUTE FUNCTION mismatches.refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER keep_table BEFORE TRUNCATE ON mismatches.{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION mismatches.refuse_change()"
    )
