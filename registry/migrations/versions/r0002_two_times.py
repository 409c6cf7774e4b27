"""The past of the base databases: history of values, events, and up to where they are written.

A row of the history says that with a version (recorded time) a value of a master became another one, since a day (valid
time; null where the new value corrects the former one and holds since that did). The current values stand in the base
itself, so a version adds what it changes and nothing else.
"""

from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

_PAST = """CREATE TABLE registry.past (
    entity text PRIMARY KEY CHECK (entity IN ('person', 'enterprise')),
    since integer NOT NULL REFERENCES registry.version,
    version integer NOT NULL REFERENCES registry.version,
    product_version integer NOT NULL REFERENCES registry.version (version))"""

_HISTORY = """CREATE TABLE {schema}.{entity}_history (
    version integer NOT NULL, master_id text COLLATE "C" NOT NULL, attribute text COLLATE "C" NOT NULL,
    before text, after text, valid_from date,
    PRIMARY KEY (master_id, version, attribute))"""

_EVENT = """CREATE TABLE {schema}.{entity}_event (
    version integer NOT NULL, master_id text COLLATE "C" NOT NULL, event text NOT NULL, valid_on date,
    related text COLLATE "C")"""

_COMMENTS = {
    "TABLE {schema}.{entity}_history": "数据项变更史 / Values that changed, by version (recorded) and day (valid)",
    "COLUMN {schema}.{entity}_history.version": "记录版本 / Version with which the change became known",
    "COLUMN {schema}.{entity}_history.master_id": "主标识 / Master id",
    "COLUMN {schema}.{entity}_history.attribute": "数据项 / Attribute",
    "COLUMN {schema}.{entity}_history.before": "变更前 / Before",
    "COLUMN {schema}.{entity}_history.after": "变更后 / After",
    "COLUMN {schema}.{entity}_history.valid_from": "生效日期，更正为空 / Day since which it is so; null: a correction",
    "TABLE {schema}.{entity}_event": "事件 / Events",
    "COLUMN {schema}.{entity}_event.version": "记录版本 / Version with which the event became known",
    "COLUMN {schema}.{entity}_event.master_id": "主标识 / Master id",
    "COLUMN {schema}.{entity}_event.event": "事件类型 / Kind of event",
    "COLUMN {schema}.{entity}_event.valid_on": "发生日期 / Day of the event; null where none is known",
    "COLUMN {schema}.{entity}_event.related": "相关主标识 / The other master id of a merge or split",
}

_PAST_COMMENTS = {
    "TABLE registry.past": "历史范围 / How far the past of each base is written",
    "COLUMN registry.past.entity": "库 / person or enterprise",
    "COLUMN registry.past.since": "起始版本 / First version of which the past is known",
    "COLUMN registry.past.version": "最近版本 / Last version that was written",
    "COLUMN registry.past.product_version": "库版本 / Version of the base that the past leads to",
}


def upgrade() -> None:
    """Create the tables of the past; that of a base that is there begins with the version in force."""
    op.execute(_PAST)
    for place, comment in _PAST_COMMENTS.items():
        op.execute(f"COMMENT ON {place} IS '{comment}'")
    for schema, entity in (("population", "person"), ("enterprise", "enterprise")):
        op.execute(_HISTORY.format(schema=schema, entity=entity))
        op.execute(_EVENT.format(schema=schema, entity=entity))
        op.execute(f"CREATE INDEX ON {schema}.{entity}_event (master_id, version)")
        for place, comment in _COMMENTS.items():
            op.execute(f"COMMENT ON {place.format(schema=schema, entity=entity)} IS '{comment}'")
