"""What the portal is told when it starts; it reads no settings of its own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PortalConfig:
    """One portal.

    `https` true where readers reach it over TLS: cookies are then sent over TLS only, and browsers told to stay there.
    """

    https: bool = False
