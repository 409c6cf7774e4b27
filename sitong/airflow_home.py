"""The files that `airflow.cfg` expects: keys and passwords under `var/airflow`, made once, mode 600."""

import base64
import json
import os
import secrets
from pathlib import Path


def prepare(root: Path) -> Path:
    """Make what is missing under `root/var/airflow` and return that folder; what is there is left as it is.

    `fernet.key` encrypts connections in Airflow's database, `jwt.secret` signs the tokens of tasks, `passwords.json`
    holds
    the password of the local user `admin` (Airflow's SimpleAuthManager, for development).
    """
    folder = root / "var" / "airflow"
    for path in (root / "var", folder, folder / "logs", folder / "plugins"):
        path.mkdir(mode=0o700, exist_ok=True)
    _once(folder / "fernet.key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    _once(folder / "jwt.secret", secrets.token_urlsafe(48))
    _once(folder / "passwords.json", json.dumps({"admin": secrets.token_urlsafe(12)}))
    return folder


def admin_password(folder: Path) -> str:
    """The password of the local user `admin`."""
    return str(json.loads((folder / "passwords.json").read_text(encoding="utf-8"))["admin"])


def _once(path: Path, text: str) -> None:
    if path.exists():
        return
    partial = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.rename(path)
