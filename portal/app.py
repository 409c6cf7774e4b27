"""The portal as one ASGI application."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI

from portal import (
    accounts_page,
    assets,
    deliveries,
    errors,
    front,
    link_cluster,
    links,
    looks,
    provider_sign_in,
    sign_in,
)
from portal.config import PortalConfig
from portal.desk import Workplace
from portal.gate import Counts, Gate
from portal.pace import Pace
from portal.provider import IdentityProvider
from portal.reception import Reception
from portal.roles import needs
from portal.work import ROUTERS

OPEN: Sequence[APIRouter] = (front.router, assets.router, sign_in.router, provider_sign_in.router)
"""What anybody may ask for: pages without data, and the way in and out."""

GUARDED: Mapping[str, Sequence[APIRouter]] = {
    "findings": ROUTERS,
    "links": (links.router, link_cluster.router),
    "looks": (looks.router,),
    "accounts": (accounts_page.router,),
    "deliveries": (deliveries.router,),
}
"""Permission → the routes that need it."""


def create_app(config: PortalConfig, workplace: Workplace | None = None) -> FastAPI:
    """A portal; each has counts of its own, so that several can live in one process.

    Args:
        config: how it is reached.
        workplace: what its pages work on; without one it has the open pages only.
    """
    app = FastAPI(title="Sitong portal", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.config = config
    app.state.counts = Counts()
    app.state.workplace = workplace
    app.state.provider = IdentityProvider(config.provider) if config.provider else None
    for router in OPEN:
        app.include_router(router)
    for permission, routers in GUARDED.items():
        for router in routers:
            app.include_router(router, dependencies=[needs(permission)])
    errors.install(app)
    app.add_middleware(Reception, pace=Pace(), https=config.https)
    app.add_middleware(Gate, counts=app.state.counts, https=config.https)
    return app
