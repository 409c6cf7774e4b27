"""Settings of one installation: defaults, then `sitong.toml`, then `SITONG_*` variables.

Owns where things lie and how the clock is read. Secrets come from the environment only: a `sitong.toml` that holds one
is refused.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from storage.errors import BadSpecification
from storage.zones import Zones

CITY_TIME = ZoneInfo("Asia/Shanghai")
SECRETS = ("database_url", "masking_key", "oidc_client_secret")

Days = Annotated[int, Field(ge=0)] | Literal["always"]
RunDays = Annotated[int, Field(ge=1)] | Literal["always"]
"""What is younger than a day may belong to a run that the scheduler has under way."""


class Settings(BaseModel):
    """One installation. Paths may be relative: they are taken from the working folder.

    `database_url` null means the embedded PostgreSQL under `home`. `portal_url` and `airflow_url` are what people's
    browsers open; pages of the one link to the other where it is known. `oidc_issuer`, `oidc_client_id` and
    `oidc_client_secret` name an OpenID provider that readers of the portal may sign in through.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Path("var")
    drops: Path = Path("var/drops")
    agreements: Path | None = None
    database_url: SecretStr | None = None
    masking_key: SecretStr | None = None
    memory_limit_gib: float = Field(default=6.0, gt=0)
    threads: int = Field(default=max(1, os.cpu_count() or 1), gt=0)
    alert_url: str | None = None
    portal_url: str | None = None
    airflow_url: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    pull_schedule: str = "0 2 * * *"  # cron in Asia/Shanghai, or "off"
    backup_to: Path | None = None
    backup_schedule: str = "0 5 * * *"  # cron in Asia/Shanghai, or "off"; of use with backup_to
    drill_schedule: str = "0 6 1 * *"
    keep_versions: int = Field(default=3, ge=1)
    keep_backups: int = Field(default=7, ge=1)
    keep_changes_days: Days = "always"
    keep_landing_days: Days = "always"
    keep_accepted_days: RunDays = 7
    keep_quarantine_days: Days = "always"
    keep_quality_days: Days = 90
    keep_matching_days: RunDays = 7
    keep_reports_days: Days = "always"
    keep_deliveries_days: Days = "always"

    @property
    def zones(self) -> Zones:
        """The zones under `home`."""
        return Zones(self.home.resolve())

    @property
    def server_url(self) -> str | None:
        """The URL of an outside PostgreSQL, or None for the embedded one."""
        return self.database_url.get_secret_value() if self.database_url else None


def load_settings(
    *, home: Path | None = None, environment: Mapping[str, str] = os.environ, file: Path = Path("sitong.toml")
) -> Settings:
    """Settings in force; `home` given on the command line wins over everything.

    Raises:
        BadSpecification: an unknown setting, a value of the wrong kind, or a secret in the file.
    """
    values: dict[str, object] = _from_file(file)
    for name in Settings.model_fields:
        if (value := environment.get(f"SITONG_{name.upper()}")) not in (None, ""):
            values[name] = value
    if home is not None:
        values["home"] = home
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadSpecification(
            what=f"the setting {'.'.join(map(str, first['loc']))!s} cannot be used",
            where=f"SITONG_* variables or {file}",
            expected=str(first["msg"]),
            remedy="correct the value, or remove it to take the default",
        ) from None


def _from_file(file: Path) -> dict[str, object]:
    if not file.is_file():
        return {}
    try:
        values = dict(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSpecification(
            what="the settings file is not TOML", where=str(file), expected="TOML in UTF-8", remedy=str(error)
        ) from None
    if secrets := [name for name in SECRETS if name in values]:
        raise BadSpecification(
            what=f"the settings file holds a secret ({', '.join(secrets)})",
            where=str(file),
            expected="secrets in the environment only",
            remedy=f"remove it from the file and export {', '.join('SITONG_' + name.upper() for name in secrets)}",
        )
    return values


def now() -> datetime:
    """The moment in UTC; the only clock that stages are given."""
    return datetime.now(UTC)


def today(moment: datetime | None = None) -> date:
    """The day in the city (Asia/Shanghai)."""
    return (moment or now()).astimezone(CITY_TIME).date()
