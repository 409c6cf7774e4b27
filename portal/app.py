"""The portal as one ASGI application."""

from fastapi import FastAPI

from portal import assets, errors, front
from portal.config import PortalConfig
from portal.gate import Counts, Gate


def create_app(config: PortalConfig) -> FastAPI:
    """A portal; each has counts of its own, so that several can live in one process."""
    app = FastAPI(title="Sitong portal", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.config = config
    app.state.counts = Counts()
    app.include_router(front.router)
    app.include_router(assets.router)
    errors.install(app)
    app.add_middleware(Gate, counts=app.state.counts, https=config.https)
    return app
