"""Accounts, sessions, failed attempts, and what happened around them."""

from alembic import op

revision = "p0001"
down_revision = None
branch_labels = ("portal",)
depends_on = None

_TABLES = (
    """CREATE TABLE portal.account (
        name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9._-]{1,39}$'),
        role text NOT NULL, districts text[] CHECK (districts IS NULL OR cardinality(districts) > 0),
        password_hash text, identity text UNIQUE, disabled boolean NOT NULL DEFAULT false,
        made_at timestamptz NOT NULL, password_at timestamptz)""",
    """CREATE TABLE portal.session (
        token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
        account text COLLATE "C" NOT NULL REFERENCES portal.account ON DELETE CASCADE,
        csrf text NOT NULL, made_at timestamptz NOT NULL, seen_at timestamptz NOT NULL)""",
    "CREATE INDEX session_account ON portal.session (account)",
    "CREATE TABLE portal.attempt (key_hash bytea NOT NULL, at timestamptz NOT NULL)",
    "CREATE INDEX attempt_key ON portal.attempt (key_hash, at)",
    """CREATE TABLE portal.event (
        event bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL,
        account text COLLATE "C" NOT NULL, what text NOT NULL, by text NOT NULL)""",
)
_REFUSE = """CREATE FUNCTION portal.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'portal.% is a history and cannot be rewritten', TG_TABLE_NAME USING ERRCODE = '55000';
END $$"""
_KEEP = tuple(
    f"CREATE TRIGGER {name} BEFORE {refused} ON portal.event FOR EACH {each} EXECUTE FUNCTION portal.refuse_change()"
    for name, refused, each in (("keep_rows", "UPDATE OR DELETE", "ROW"), ("keep_table", "TRUNCATE", "STATEMENT"))
)
_COMMENTS = {
    "account": "账户 / One row per person who signs in; districts null: the whole city",
    "session": "会话 / Sessions that may still hold; the token itself is only in the browser",
    "attempt": "失败尝试 / Failed sign-ins of the last minutes, by hash of account or address",
    "event": "安全事件 / Sign-ins, refusals and changes of accounts; never changed",
}


def upgrade() -> None:
    """Create the tables and keep the history."""
    for statement in (*_TABLES, _REFUSE, *_KEEP):
        op.execute(statement)
    for table, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON TABLE portal.{table} IS '{comment}'")
