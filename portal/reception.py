"""Who asks: the session of a request is looked up once, before any route, and left with the request.

Routes and the layout find the caller there; a route of data refuses a request without one (`portal.desk.signed_in`).
"""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from portal import sessions
from portal.desk import Caller, Workplace
from portal.errors import error_page
from portal.pace import SECONDS, Pace

_WITHOUT: Final = ("/static/", "/health", "/metrics")
"""Addresses that are the same for everybody."""


def cookie_name(*, https: bool) -> str:
    """The cookie of the session; over TLS a browser takes it from this host alone."""
    return "__Host-sitong_session" if https else "sitong_session"


class Reception:
    """The middleware that knows who asks, and slows down who asks for too much."""

    def __init__(self, app: ASGIApp, *, pace: Pace, https: bool) -> None:
        self._app, self._pace = app, pace
        self._cookie = cookie_name(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the caller with the request."""
        if scope["type"] == "http" and not scope["path"].startswith(_WITHOUT):
            request = Request(scope)
            workplace: Workplace | None = getattr(request.app.state, "workplace", None)
            if (token := request.cookies.get(self._cookie)) and workplace:
                request.state.caller = caller = await run_in_threadpool(_caller, workplace, token)
                if caller and not self._pace.admitted(caller.actor.name):
                    answer = error_page(request, 429)
                    answer.headers["Retry-After"] = str(SECONDS)
                    await answer(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _caller(workplace: Workplace, token: str) -> Caller | None:
    with workplace.engine.begin() as connection:
        return sessions.caller_of(connection, token, at=workplace.now())
