"""What every answer passes: security headers, the count by route, one line of access log, and the catch of failures.

A HEAD is answered as a GET without its body, whatever the route.

The log and the counts name the declared route (`/findings/{finding_id}`), never the address that was asked for: nothing
that a reader typed reaches them. A failure is logged by its kind and place; its text may hold a value of a person.
"""

import logging
import time
import traceback
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import error_page

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_STAY_ON_TLS = "max-age=31536000; includeSubDomains"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@dataclass(frozen=True)
class Counts:
    """Requests of one portal by method, route and status, and their seconds by route."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        """Register both in the registry of this portal, not in the process's."""
        requests = Counter(
            "portal_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        seconds = Histogram("portal_request_seconds", "Time to answer", ["route"], registry=self.registry)
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "seconds", seconds)


class Gate:
    """The middleware around all routes."""

    def __init__(self, app: ASGIApp, *, counts: Counts, https: bool) -> None:
        self._app = app
        self._counts = counts
        self._headers = {**HEADERS, "Strict-Transport-Security": _STAY_ON_TLS} if https else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        bare = scope["method"] == "HEAD"
        asked = {**scope, "method": "GET"} if bare else scope

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(self._headers)
            elif bare:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(asked, receive, guarded)
        except Exception as error:  # noqa: BLE001 - the boundary of a request
            log.error("request failed kind=%s at=%s", type(error).__name__, _place(error))  # noqa: TRY400 - no text of it
            if not status:  # an answer that has begun cannot be taken back
                await error_page(Request(asked), 500)(asked, receive, guarded)
        self._note(scope["method"], asked, status, time.perf_counter() - began)

    def _note(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = method if method in _METHODS else "other"
        self._counts.requests.labels(method, route, str(status)).inc()
        self._counts.seconds.labels(route).observe(seconds)
        log.info("request method=%s route=%s status=%d ms=%.1f", method, route, status, seconds * 1000)


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.name}:{last.lineno}"
