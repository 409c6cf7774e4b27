"""What `sitong doctor` looks at. Each check is a function that returns a detail or raises; none changes data."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sitong.settings import Settings
from storage.stopping import stop_if_asked

FREE_GIB = 5.0  # a run of a small city with Airflow beside it
MEMORY_GIB = 4.0
LIBRARIES = ("apache-airflow", "duckdb", "great-expectations", "pandas", "pyarrow", "rapidfuzz", "sqlalchemy")


@dataclass(frozen=True)
class Check:
    """One line of the doctor's table."""

    name: str
    fine: bool
    detail: str
    remedy: str


def checkup(settings: Settings) -> list[Check]:
    """Run all checks in a fixed order."""
    checks: list[tuple[str, Callable[[], str], str]] = [
        ("Python", _python, "use Python 3.11 or newer: make PYTHON=python3.12 install"),
        ("libraries 依赖库", _libraries, "run `make install`"),
        ("home folder 主目录", lambda: _home(settings), "give another folder with --home or SITONG_HOME"),
        ("disk 磁盘", lambda: _disk(settings.home), f"free at least {FREE_GIB:g} GiB"),
        ("memory 内存", _memory, f"{MEMORY_GIB:g} GiB are needed; close other programs"),
        ("data contracts 数据契约", _contracts, "the message names the file"),
        ("match models 匹配模型", _models, "the message names the file"),
        ("rules 比对规则", _rules, "the message names the file"),
        ("agreements 共享协议", lambda: _agreements(settings), "the message names the file"),
        ("fonts 字体", _fonts, "run `make install`"),
        (
            "database 数据库",
            lambda: _database(settings),
            "check SITONG_DATABASE_URL, or unset it to use the embedded server",
        ),
        ("backups 备份", lambda: _backups(settings), "run `sitong backup`"),
        ("log archive 日志归档", lambda: _log_archive(settings), "run `sitong backup`"),
    ]
    return [_run(*check) for check in checks]


def _run(name: str, check: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(name, True, check(), remedy)
    except Exception as error:  # noqa: BLE001 - a check that fails is a line in the table
        stop_if_asked()
        return Check(name, False, str(error) or type(error).__name__, getattr(error, "remedy", "") or remedy)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise OSError(message)


def _python() -> str:
    _require(sys.version_info >= (3, 11), f"found {sys.version.split()[0]}")
    return sys.version.split()[0]


def _libraries() -> str:
    return ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _home(settings: Settings) -> str:
    home = settings.home.resolve()
    place = next(folder for folder in (home, *home.parents) if folder.is_dir())
    with tempfile.NamedTemporaryFile(dir=place):
        return str(home) if settings.zones.is_home else f"{home}: none yet, `sitong run` makes it 尚未建立"


def _disk(home: Path) -> str:
    free = shutil.disk_usage(home if home.exists() else Path.cwd()).free / 2**30
    _require(free >= FREE_GIB, f"{free:.1f} GiB free")
    return f"{free:.1f} GiB free"


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    _require(total >= MEMORY_GIB, f"{total:.1f} GiB")
    return f"{total:.1f} GiB"


def _contracts() -> str:
    from schemas.contract import product_contracts, source_contracts

    return f"{len(source_contracts())} datasets, {len(product_contracts())} products"


def _models() -> str:
    from matching.model import declared

    return ", ".join(
        f"{entity}: {len(declared(entity).comparisons)} comparisons" for entity in ("person", "enterprise")
    )


def _rules() -> str:
    from mismatches.declarations import shipped_rules

    return f"{len(shipped_rules())} rules"


def _agreements(settings: Settings) -> str:
    from sitong.stages import agreements

    return f"{len(agreements(settings))} agreements"


def _fonts() -> str:
    from schemas.rendering.fonts import embedded_font_css

    _require("@font-face" in embedded_font_css("四统"), "the Chinese face is missing")
    return "Chinese glyphs can be embedded"


def _backups(settings: Settings) -> str:
    from sitong.archive_checkup import backups

    return backups(settings)


def _log_archive(settings: Settings) -> str:
    from sitong.archive_checkup import log_archive

    return log_archive(settings)


def _database(settings: Settings) -> str:
    from sqlalchemy import text

    from storage.engine import open_database
    from storage.zones import Zones

    with (
        tempfile.TemporaryDirectory() as scratch,  # the place of the server where no home was made yet
        open_database(
            settings.zones.create() if settings.zones.is_home else Zones(Path(scratch)).create(), settings.server_url
        ) as database,
        database.engine.connect() as connection,
    ):
        return str(connection.execute(text("select version()")).scalar_one()).split(" on ")[0]
