"""The ledger of judgements: what stewards and rules decided about records and values, to which rows are only added.

A judgement is taken back by another row. Nobody changes, deletes or empties the table: triggers refuse it, the owner's
statements too, and the writer may add rows and nothing else.
"""

from alembic import op

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None

_RECORD = 'source text COLLATE "C", dataset text COLLATE "C", record_id text COLLATE "C"'
_OTHER = 'other_source text COLLATE "C", other_dataset text COLLATE "C", other_record_id text COLLATE "C"'

_TABLE = f"""CREATE TABLE registry.judgement (
    judgement bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    author text NOT NULL CHECK (author <> ''),
    author_kind text NOT NULL CHECK (author_kind IN ('steward', 'rule')),
    reason text NOT NULL CHECK (reason <> ''),
    entity text NOT NULL CHECK (entity IN ('person', 'enterprise')),
    kind text NOT NULL CHECK (kind IN ('link', 'not_link', 'value', 'suppress', 'withdraw')),
    {_RECORD}, {_OTHER},
    master_id text COLLATE "C", attribute text COLLATE "C", value text,
    withdraws bigint UNIQUE REFERENCES registry.judgement,
    CHECK (num_nonnulls(source, dataset, record_id) =
        CASE WHEN kind IN ('link', 'not_link', 'suppress') THEN 3 ELSE 0 END),
    CHECK (num_nonnulls(other_source, other_dataset, other_record_id) =
        CASE WHEN kind IN ('link', 'not_link') THEN 3 ELSE 0 END),
    CHECK (kind NOT IN ('link', 'not_link') OR
        (source, dataset, record_id) < (other_source, other_dataset, other_record_id)),
    CHECK (num_nonnulls(master_id, attribute) = CASE WHEN kind = 'value' THEN 2 ELSE 0 END),
    CHECK (kind = 'value' OR value IS NULL),
    CHECK ((kind = 'withdraw') = (withdraws IS NOT NULL)),
    CHECK (withdraws < judgement))"""

_REFUSE = """CREATE FUNCTION registry.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'registry.% is a ledger: rows are only added', TG_TABLE_NAME USING ERRCODE = '55000';
END $$"""

_COMMENTS = {
    "judgement": "裁定编号，后者优先 / Number; of two that contradict each other the higher one holds",
    "at": "裁定时间 / When it was judged",
    "author": "裁定人或规则 / Who judged, or the name of the rule",
    "author_kind": "裁定人类型 / steward or rule",
    "reason": "理由 / Why",
    "entity": "库 / person or enterprise",
    "kind": "裁定类型 / link, not_link, value, suppress or withdraw",
    "source": "部门 / Department of the record",
    "dataset": "数据集 / Dataset of the record",
    "record_id": "记录编号 / Key of the record at its department",
    "other_source": "另一部门 / Department of the other record",
    "other_dataset": "另一数据集 / Dataset of the other record",
    "other_record_id": "另一记录编号 / Key of the other record at its department",
    "master_id": "主标识 / Master id whose value is judged",
    "attribute": "数据项 / Attribute that is judged",
    "value": "取值，空为无值 / The value that holds; null: none",
    "withdraws": "撤销的裁定 / The judgement that is taken back",
}


def upgrade() -> None:
    """Create the ledger, and the triggers that keep it."""
    op.execute(_TABLE)
    op.execute(_REFUSE)
    op.execute(
        "CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON registry.judgement"
        " FOR EACH ROW EXECUTE FUNCTION registry.refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER keep_table BEFORE TRUNCATE ON registry.judgement"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change()"
    )
    op.execute("COMMENT ON TABLE registry.judgement IS '裁定台账 / Judgements; rows are only added'")
    for column, comment in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN registry.judgement.{column} IS '{comment}'")
