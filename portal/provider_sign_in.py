"""Signing in through an OpenID provider: the reader leaves for it, and comes back with a code.

A reader comes in only where an account names their subject: the provider says who they are, the account what they may.
"""

import logging
from hmac import compare_digest
from typing import Annotated, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import accounts, attempts
from portal.config import BACK, PortalConfig
from portal.desk import Workplace
from portal.pages import page
from portal.provider import IdentityProvider, Trip
from portal.sign_in import PROVIDER, PROVIDER_OUT, form_page, let_in, opened_for, within
from portal.texts_sign_in import SIGN_IN
from storage.errors import SitongError, SourceUnavailable

_TRIP_SECONDS: Final = 600
_LONGEST: Final = 3000  # bytes of a cookie that every browser keeps

log = logging.getLogger(__name__)
router = APIRouter()
Word = Annotated[str, Query(max_length=4096)]


@router.get(PROVIDER)
def leave(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Send the reader to the provider; what proves their return stays in a cookie."""
    provider, workplace, config = _parts(request)
    trip, to = Trip.begun(), quote(within(next), safe="")
    try:
        answer = RedirectResponse(provider.address(trip, at=workplace.now()), 303)
    except SitongError as failed:
        return _failed(request, failed, within(next))
    kept = f"{trip.secret}.{to if len(to) < _LONGEST else ''}"
    answer.set_cookie(
        _cookie(config), kept, max_age=_TRIP_SECONDS, httponly=True, samesite="lax", secure=config.https
    )  # fmt: skip
    return answer


@router.get(BACK)
def back(request: Request, code: Word = "", state: Word = "", iss: Word = "") -> Response:
    """Let in whoever the provider recognised and an account names; the trip is over either way."""
    _, _, config = _parts(request)
    answer = _arrived(request, code, state, iss)
    answer.delete_cookie(_cookie(config), secure=config.https, httponly=True, samesite="lax")
    return answer


@router.get(PROVIDER_OUT)
def out(request: Request) -> Response:
    """On to the provider, so that its session ends, too; the front page where it has no such place.

    A page of its own that leads on: what a form may lead to is this portal alone (content policy).
    """
    provider, workplace, _ = _parts(request)
    way = provider.way_out(at=workplace.now())
    if way is None:
        return RedirectResponse("/", 303)
    answer = page(request, "signed_out.html.j2", SIGN_IN, way=way)
    answer.headers["Refresh"] = f"0; url={way}"
    return answer


def _arrived(request: Request, code: str, state: str, iss: str) -> Response:
    provider, workplace, config = _parts(request)
    secret, _, kept = request.cookies.get(_cookie(config), "").partition(".")
    trip, to = Trip(secret), within(unquote(kept) or "/")
    if not secret or not compare_digest(trip.state.encode(), state.encode(errors="replace")):
        return form_page(request, to=to, refusal="stale", status=400)
    if not code or (iss and iss != provider.issuer):
        return form_page(request, to=to, refusal="not_recognised", status=403)
    at, address = workplace.now(), request.client.host if request.client else ""
    with workplace.engine.begin() as connection:
        if not attempts.admitted(connection, None, address, at=at):
            return form_page(request, to=to, refusal="too_many", status=429)
    try:
        identity = provider.identity(trip, code, at=at)
    except SitongError as failed:
        with workplace.engine.begin() as connection:
            accounts.refused(connection, "", at=at)
        return _failed(request, failed, to)
    with workplace.engine.begin() as connection:
        found = accounts.of_identity(connection, identity)
        if found is None:
            accounts.refused(connection, "", at=at)
            return form_page(request, to=to, refusal="unknown_identity", status=403)
        attempts.succeeded(connection, found.name, address, at=at)
        opened = opened_for(connection, request, found, "signed in by provider", at)
    return let_in(request, opened, to)


def _failed(request: Request, failed: SitongError, to: str) -> Response:
    """The form with the remedy; what failed is for the operator, and says nothing of the reader."""
    log.warning("identity provider failed kind=%s what=%s", type(failed).__name__, failed)
    silent = isinstance(failed, SourceUnavailable)
    refusal, status = ("provider_silent", 503) if silent else ("not_recognised", 403)
    return form_page(request, to=to, refusal=refusal, status=status)


def _parts(request: Request) -> tuple[IdentityProvider, Workplace, PortalConfig]:
    """The provider and what it needs.

    Raises:
        HTTPException: 404 where the portal has no provider.
    """
    state = request.app.state
    if state.provider is None or state.workplace is None:
        raise HTTPException(404)
    return state.provider, state.workplace, state.config


def _cookie(config: PortalConfig) -> str:
    """Over TLS a browser takes it from this host alone, as no neighbour may plant a trip of its own."""
    return "__Host-sitong_trip" if config.https else "sitong_trip"
