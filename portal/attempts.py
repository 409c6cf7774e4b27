"""Attempts to sign in: counted by account and by address, refused beyond a number, forgotten after a while.

Kept as hashes: the table says neither which names were tried nor from where.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from portal.tables import attempt

FORGOTTEN_AFTER: Final = timedelta(minutes=15)
MOST_OF_ACCOUNT: Final = 5
MOST_OF_ADDRESS: Final = 20


def admitted(connection: Connection, name: str | None, address: str, *, at: datetime) -> bool:
    """Count an attempt; False where the account or the address has had too many, and nothing is to be asked.

    Attempts on one account or from one address wait for each other, so that many at once are not more than the limit.
    `name`: null where the account is not known yet and the address alone counts.
    """
    most = {_key("address", address): MOST_OF_ADDRESS}
    if name is not None:
        most = {_key("account", name): MOST_OF_ACCOUNT, **most}
    for key in most:  # the account first, always: nobody waits in a ring
        connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key[:7]))))
    connection.execute(delete(attempt).where(attempt.c.at <= at - FORGOTTEN_AFTER))
    for key, limit in most.items():
        query = select(func.count()).where(attempt.c.key_hash == key)
        if connection.execute(query).scalar_one() >= limit:
            return False
    connection.execute(insert(attempt), [{"key_hash": key, "at": at} for key in most])
    return True


def succeeded(connection: Connection, name: str, address: str, *, at: datetime) -> None:
    """Forget the failures of an account whose owner has come, and this attempt of the address."""
    connection.execute(delete(attempt).where(attempt.c.key_hash == _key("account", name)))
    connection.execute(delete(attempt).where(attempt.c.key_hash == _key("address", address), attempt.c.at == at))


def _key(kind: str, value: str) -> bytes:
    return sha256(f"{kind}\0{value}".encode()).digest()
