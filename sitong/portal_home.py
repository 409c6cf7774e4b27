"""The portal of an installation, wired: its database at this release, and what its pages work on."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from mismatches import migration as findings_migration
from portal import migration as portal_migration
from portal.app import create_app
from portal.config import PortalConfig, Provider
from portal.desk import Workplace
from registry import migration as registry_migration
from sitong.settings import Settings, now
from storage.engine import Database, open_database
from storage.errors import BadSpecification


@contextmanager
def open_accounts(settings: Settings) -> Iterator[Database]:
    """Bring accounts, findings, cases and judgements to this release and keep their database open."""
    with open_database(settings.zones, settings.server_url) as database:
        registry_migration.upgrade(database.engine)
        findings_migration.upgrade(database.engine)
        portal_migration.upgrade(database.engine)
        yield database


@contextmanager
def open_portal(settings: Settings, *, https: bool = False) -> Iterator[FastAPI]:
    """The portal of a home, its database open meanwhile.

    Raises:
        BadSpecification: the settings of the OpenID provider cannot be used.
    """
    config = PortalConfig(https=https, scheduler=settings.airflow_url, provider=provider_of(settings))
    with open_accounts(settings) as database:
        yield create_app(config, Workplace(database.writer, settings.zones, now))


def provider_of(settings: Settings) -> Provider | None:
    """The OpenID provider that the settings name; None where they name none.

    Raises:
        BadSpecification: a part of it is missing, or an address is not safe.
    """
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
    issuer, client, portal = settings.oidc_issuer, settings.oidc_client_id, settings.portal_url
    if issuer is None and client is None and secret is None:
        return None
    if issuer and client and secret and portal:
        return Provider(issuer, client, secret, portal)
    needed = {
        "SITONG_OIDC_ISSUER": issuer, "SITONG_OIDC_CLIENT_ID": client, "SITONG_OIDC_CLIENT_SECRET": secret,
        "SITONG_PORTAL_URL": portal,
    }  # fmt: skip
    missing = ", ".join(name for name, value in needed.items() if not value)
    raise BadSpecification(
        "the OpenID provider is not fully named", "settings", missing, "set what is missing, or none of SITONG_OIDC_*"
    )
