"""The tables of the schema `portal`, as queries name them; the migrations make them."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from portal.migration import SCHEMA

METADATA = MetaData(schema=SCHEMA)
_MOMENT = DateTime(timezone=True)

account = Table(
    "account",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text),
    Column("districts", ARRAY(Text)),
    Column("password_hash", Text),
    Column("identity", Text),
    Column("disabled", Boolean),
    Column("made_at", _MOMENT),
    Column("password_at", _MOMENT),
    Column("recipient", Text),
)
"""One row per account. `identity`: issuer and subject of an OpenID provider."""

session = Table(
    "session",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account", Text),
    Column("csrf", Text),
    Column("made_at", _MOMENT),
    Column("seen_at", _MOMENT),
)

attempt = Table("attempt", METADATA, Column("key_hash", LargeBinary), Column("at", _MOMENT))

event = Table(
    "event",
    METADATA,
    Column("event", BigInteger, primary_key=True),
    Column("at", _MOMENT),
    Column("account", Text),
    Column("what", Text),
    Column("by", Text),
)
"""What happened; `by`: the account that did it, `terminal` for the command line."""
