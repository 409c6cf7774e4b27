"""The passwords of the embedded server's roles, made once and kept in a private file."""

import json
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from storage.commit import write_private
from storage.errors import ContractBroken

_PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """One password for each role: the superuser of the server, and the owner, writer and reader of the databases."""

    superuser: str
    owner: str
    writer: str
    reader: str


def read_credentials(path: Path) -> Credentials:
    """Read the passwords.

    Raises:
        ContractBroken: the file is missing or damaged.
    """
    try:
        return Credentials(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        remedy = "restore it from a backup, or move the postgres folder away and run again with --full"
        raise ContractBroken("the server's passwords cannot be read", str(path), remedy=remedy) from error


def make_credentials(path: Path) -> Credentials:
    """Read the passwords, made up where there are none."""
    if not path.exists():
        made = Credentials(*(secrets.token_urlsafe(_PASSWORD_BYTES) for _ in fields(Credentials)))
        write_private(path, json.dumps(asdict(made), indent=2) + "\n")
    return read_credentials(path)
