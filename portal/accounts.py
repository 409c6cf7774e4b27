"""Accounts: who may sign in, in which role and for which districts.

Passwords are kept as argon2id hashes. Whoever asks for an account that is not there waits as long as for one that is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from mismatches.cases.access import Actor
from portal.config import is_safe
from portal.roles import roles
from portal.tables import account, event, session
from storage.errors import BadSpecification

SHORTEST: Final = 12  # characters of a password
LONGEST: Final = 256
TERMINAL: Final = "terminal"
PORTAL: Final = "portal"
UNKNOWN: Final = "?"
NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,39}")

_DISTRICT_DIGITS: Final = range(2, 7)


@dataclass(frozen=True)
class Account:
    """One account; `districts` null: the whole city. `recipient`: whose deliveries a department's reader sees."""

    name: str
    role: str
    districts: tuple[str, ...] | None
    disabled: bool
    has_password: bool
    identity: str | None
    recipient: str | None = None

    @property
    def actor(self) -> Actor:
        """As the rooms below know them."""
        return Actor(self.name, self.role, None if self.districts is None else frozenset(self.districts))


def every(connection: Connection) -> list[Account]:
    """All accounts by name."""
    return [_account(row) for row in connection.execute(select(account).order_by(account.c.name)).mappings()]


def of_name(connection: Connection, name: str) -> Account | None:
    """An account that may sign in; none where it is disabled."""
    return _one(connection, account.c.name == name)


def of_identity(connection: Connection, identity: str) -> Account | None:
    """The account of an issuer's subject, that may sign in."""
    return _one(connection, account.c.identity == identity)


def _one(connection: Connection, condition: object) -> Account | None:
    query = select(account).where(condition, ~account.c.disabled)  # type: ignore[arg-type]
    row = connection.execute(query).mappings().one_or_none()
    return _account(row) if row else None


def _account(row: object) -> Account:
    told = dict(row)  # type: ignore[call-overload]
    districts = told["districts"]
    return Account(
        told["name"],
        told["role"],
        None if districts is None else tuple(districts),
        told["disabled"],
        told["password_hash"] is not None,
        told["identity"],
        told["recipient"],
    )


def add(connection: Connection, wanted: Account, password: str | None, *, at: datetime) -> None:
    """Make an account.

    Raises:
        BadSpecification: there is one of that name, or role, districts or password cannot be used.
    """
    _check(wanted.role, wanted.districts)
    if wanted.identity is not None:
        _check_identity(connection, wanted.name, wanted.identity)
    if connection.execute(select(account.c.name).where(account.c.name == wanted.name)).first():
        raise BadSpecification("there is an account of that name", wanted.name, "a new name", "sitong accounts list")
    values = {
        "name": wanted.name, "role": wanted.role, "districts": _listed(wanted.districts), "identity": wanted.identity,
        "disabled": wanted.disabled, "recipient": wanted.recipient, "made_at": at,
    }  # fmt: skip
    if password is not None:
        values |= {"password_hash": _hasher().hash(checked(password)), "password_at": at}
    connection.execute(insert(account).values(values))
    note(connection, wanted.name, "added", TERMINAL, at=at)


def change(
    connection: Connection, name: str, *, role: str, districts: Sequence[str] | None, at: datetime
) -> None:  # fmt: skip
    """Give an account another role or other districts; its sessions end.

    Raises:
        BadSpecification: there is no such account, or the role or the districts cannot be used.
    """
    _check(role, districts)
    _set(connection, name, role=role, districts=_listed(districts))
    _end_sessions(connection, name)
    note(connection, name, "changed", TERMINAL, at=at)


def set_disabled(connection: Connection, name: str, *, disabled: bool, at: datetime) -> None:
    """Disable an account, which ends its sessions, or enable it again.

    Raises:
        BadSpecification: there is no such account.
    """
    _set(connection, name, disabled=disabled)
    _end_sessions(connection, name)
    note(connection, name, "disabled" if disabled else "enabled", TERMINAL, at=at)


def set_password(connection: Connection, name: str, password: str, *, at: datetime) -> None:
    """Give an account a new password; its sessions end.

    Raises:
        BadSpecification: there is no such account, or the password is too short or too long.
    """
    _set(connection, name, password_hash=_hasher().hash(checked(password)), password_at=at)
    _end_sessions(connection, name)
    note(connection, name, "password set", TERMINAL, at=at)


def set_identity(connection: Connection, name: str, identity: str, *, at: datetime) -> None:
    """Let an account sign in through an OpenID provider and not by its password; its sessions end.

    Args:
        connection: of the owner.
        name: the account.
        identity: `ISSUER#SUBJECT`.
        at: the moment, UTC.

    Raises:
        BadSpecification: there is no such account, or another one has the identity.
    """
    _check_identity(connection, name, identity)
    _set(connection, name, identity=identity, password_hash=None, password_at=None)
    _end_sessions(connection, name)
    note(connection, name, "identity set", TERMINAL, at=at)


def verified(connection: Connection, name: str, password: str) -> Account | None:
    """The account whose password this is; a hash of older settings is made anew."""
    found = connection.execute(
        select(account.c.password_hash).where(account.c.name == name, ~account.c.disabled)
    ).scalar_one_or_none()
    try:
        _hasher().verify(found or _nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return None
    if found is None:
        return None
    if _hasher().check_needs_rehash(found):
        connection.execute(update(account).values(password_hash=_hasher().hash(password)).where(account.c.name == name))
    return of_name(connection, name)


def note(connection: Connection, name: str, what: str, by: str, *, at: datetime) -> None:
    """Write down what happened to an account."""
    connection.execute(insert(event).values(at=at, account=name, what=what, by=by))


def refused(connection: Connection, name: str, *, at: datetime) -> None:
    """Write down a sign-in that failed; a name that is no account's is left out, as it may be a mistyped password.

    `name` is empty where nobody said one.
    """
    known = connection.execute(select(account.c.name).where(account.c.name == name)).scalar_one_or_none()
    note(connection, known or UNKNOWN, "sign-in refused", PORTAL, at=at)


def checked(password: str) -> str:
    """A password that may be used.

    Raises:
        BadSpecification: it is too short or too long, or no text.
    """
    undecoded = any("\ud800" <= letter <= "\udfff" for letter in password)  # bytes of a terminal that are not UTF-8
    if undecoded or not SHORTEST <= len(password) <= LONGEST:
        raise BadSpecification(
            "the password cannot be used", "accounts", f"{SHORTEST} to {LONGEST} characters in UTF-8",
            "choose another one",
        )  # fmt: skip
    return password


def _check(role: str, districts: Sequence[str] | None) -> None:
    if role not in roles():
        raise BadSpecification(f"no role is called {role}", "accounts", ", ".join(roles()), "name one of them")
    if roles()[role].whole_city and districts is not None:
        raise BadSpecification(
            f"the role {role} knows no districts", "accounts", "--whole-city", "give the account the whole city"
        )
    for code in districts or ():
        if not (code.isdecimal() and len(code) in _DISTRICT_DIGITS):
            raise BadSpecification(
                f"{code} is no district", "accounts", "two to six digits of a division code, as 370202", "correct it"
            )
    if districts is not None and not districts:
        raise BadSpecification(
            "no district is named", "accounts", "--district CODE or --whole-city", "say which the account works in"
        )


def _check_identity(connection: Connection, name: str, identity: str) -> None:
    issuer, mark, subject = identity.partition("#")
    if not (is_safe(issuer) and mark and subject.isprintable() and subject):
        raise BadSpecification(
            "the identity cannot be used", name, "ISSUER#SUBJECT, as https://id.example.org#f3a1", "correct it"
        )
    taken = select(account.c.name).where(account.c.identity == identity, account.c.name != name)
    if other := connection.execute(taken).scalar_one_or_none():
        raise BadSpecification("another account has the identity", name, "one account a person", f"look at {other}")


def _set(connection: Connection, name: str, **values: object) -> None:
    done = connection.execute(update(account).values(values).where(account.c.name == name))
    if not done.rowcount:
        raise BadSpecification("there is no such account", name, "an account", "sitong accounts list")


def _end_sessions(connection: Connection, name: str) -> None:
    connection.execute(delete(session).where(session.c.account == name))


def _listed(districts: Sequence[str] | None) -> list[str] | None:
    return None if districts is None else sorted(set(districts))


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to compare with where there is no account, so that the answer takes as long."""
    return _hasher().hash("nobody has this password")
