"""What the portal is told when it starts; it reads no settings of its own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PortalConfig:
    """One portal.

    `https` true where readers reach it over TLS: cookies are then sent over TLS only, and browsers told to stay there.
    `scheduler`: the address of Airflow's interface, to which findings link the run that made them.
    """

    https: bool = False
    scheduler: str | None = None
