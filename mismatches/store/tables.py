"""The tables of the schema `mismatches`, as queries name them; the migrations make them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from mismatches.migration import SCHEMA

METADATA = MetaData(schema=SCHEMA)
_MOMENT = DateTime(timezone=True)
_YUAN = Numeric(18, 2)


def _seen() -> tuple[Column[object], ...]:
    """What a run says of a finding; `division` is the six-digit code of the subject's district, null where unknown."""
    return (
        Column("rule_version", Text),
        Column("period", Text),
        Column("outcome", Text),
        Column("reason", Text),
        Column("subject_kind", Text),
        Column("master_id", Text),
        Column("severity", Text),
        Column("estimate_low", _YUAN),
        Column("estimate_likely", _YUAN),
        Column("estimate_high", _YUAN),
        Column("link_probability", Double),
        Column("figures", JSONB),
        Column("division", Text),
    )


run = Table(
    "run",
    METADATA,
    Column("run", Integer, primary_key=True),
    Column("as_of", Date),
    Column("recorded_at", _MOMENT),
    Column("city", Text),
    Column("rules", JSONB),
    Column("inputs", JSONB),
    Column("made_by", Text),
)

rule_state = Table(
    "rule_state",
    METADATA,
    Column("rule", Text, primary_key=True),
    Column("version", Text),
    Column("run", Integer),
    Column("as_of", Date),
    Column("shadow", Boolean),
)

finding = Table(
    "finding",
    METADATA,
    Column("finding_id", Text, primary_key=True),
    Column("rule", Text),
    *_seen(),
    Column("subject_id", Text),
    Column("shadow", Boolean),
    Column("first_seen", Date),
    Column("month", Text),
    Column("last_seen", Date),
    Column("gone_on", Date),
    Column("run", Integer),
    Column("digest", Text),
    Column("severity_rank", SmallInteger),
    Column("state", Text),
    Column("version", Integer),
    Column("owner", Text),
    Column("due_on", Date),
    Column("reason_code", Text),
    Column("verdict", Text),
    Column("judged_version", Text),
    Column("assessed", _YUAN),
    Column("recovered", _YUAN),
    Column("suppressed_until", Date),
    Column("opened_at", _MOMENT),
    Column("closed_at", _MOMENT),
    Column("acted_at", _MOMENT),
)
"""One row per finding ever found. `subject_id` is `master_id` after merges; `last_seen` is null while it is found."""

observation = Table(
    "observation",
    METADATA,
    Column("finding_id", Text, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("as_of", Date),
    Column("change", Text),
    *_seen(),
    Column("evidence", JSONB),
    Column("link", JSONB),
    Column("kept", JSONB),
)
"""What a run saw.

`link`: the weakest link between the cited records, see `mismatches.store.linking`; null for none. `kept`: what the rule
looked up about everybody, see `mismatches.kept_tables`; null where it looks at the cited records alone.
"""

case_event = Table(
    "case_event",
    METADATA,
    Column("finding_id", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", _MOMENT),
    Column("actor", Text),
    Column("role", Text),
    Column("action", Text),
    Column("state_before", Text),
    Column("state_after", Text),
    Column("details", JSONB),
    Column("previous_hash", Text),
    Column("hash", Text),
)

saved_view = Table(
    "saved_view",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("query", JSONB),
    Column("saved_at", _MOMENT),
)

look = Table(
    "look",
    METADATA,
    Column("look", BigInteger, primary_key=True),
    Column("at", _MOMENT),
    Column("actor", Text),
    Column("role", Text),
    Column("finding_id", Text),
    Column("what", Text),
    Column("subject_id", Text),
)
