"""What the portal is told when it starts; it reads no settings of its own."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from storage.errors import BadSpecification

BACK: Final = "/sign-in/back"
"""Where an identity provider sends readers to: its path under the portal's own address."""


@dataclass(frozen=True)
class Provider:
    """The OpenID provider that knows the readers, and this portal as one of its clients.

    `portal`: the address that readers' browsers know the portal by.

    Raises:
        BadSpecification: an address is not one of TLS, and not of this machine either.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    portal: str

    def __post_init__(self) -> None:
        """Refuse what would send codes and tokens in the open."""
        for name, address in (("SITONG_OIDC_ISSUER", self.issuer), ("SITONG_PORTAL_URL", self.portal)):
            if not is_safe(address):
                raise BadSpecification(
                    "the address cannot be used for signing in", name, "https://…, or http:// on this machine",
                    "correct the setting",
                )  # fmt: skip

    @property
    def back(self) -> str:
        """The address that is registered with the provider as redirect URI."""
        return self.portal.rstrip("/") + BACK


@dataclass(frozen=True)
class PortalConfig:
    """One portal.

    `https` true where readers reach it over TLS: cookies are then sent over TLS only, and browsers told to stay there.
    `scheduler`: the address of Airflow's interface, to which findings link the run that made them.
    `provider`: who knows the readers besides the portal's own passwords.
    """

    https: bool = False
    scheduler: str | None = None
    provider: Provider | None = None


def is_safe(address: str) -> bool:
    """Whether what is sent to an address cannot be read on the way.

    >>> [is_safe(one) for one in ("https://id.example", "http://127.0.0.1:9", "http://id.example", "ftp://[", "")]
    [True, True, False, False, False]
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return bool(host)
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
