"""Signing in and out with a local account.

The form carries a mark that a cookie of the same page holds, so that no other site can sign a reader in under an
account of its own. Where to go afterwards is a path of this portal and nothing else.
"""

import secrets
from datetime import datetime
from hmac import compare_digest
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import accounts, attempts, sessions
from portal.config import PortalConfig
from portal.desk import AtDesk, Caller, Workplace
from portal.forms import Form, unmarked_form
from portal.pages import page
from portal.reception import cookie_name
from portal.texts_sign_in import SIGN_IN

PATH: Final = "/sign-in"
PROVIDER: Final = "/sign-in/provider"
PROVIDER_OUT: Final = "/sign-out/provider"
_MARK: Final = "sitong_mark"
_MARK_SECONDS: Final = 3600

router = APIRouter()


@router.get(PATH)
def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form; somebody who is signed in goes on."""
    if isinstance(getattr(request.state, "caller", None), Caller):
        return RedirectResponse(within(next), 303)
    return form_page(request, to=within(next))


@router.post(PATH)
def sign_in(request: Request, form: Annotated[FormData, Depends(unmarked_form)]) -> Response:
    """Open a session for whoever knows the password."""
    name, password, to = (str(form.get(field) or "") for field in ("account", "password", "next"))
    name, to = name.replace("\0", "").strip().lower(), within(to)  # the database keeps no text with that character
    sent, kept = str(form.get("mark") or ""), request.cookies.get(_MARK, "")
    if not kept or not compare_digest(sent.encode(errors="replace"), kept.encode(errors="replace")):
        return form_page(request, to=to, refusal="stale", status=400)
    workplace: Workplace = request.app.state.workplace
    at, address = workplace.now(), request.client.host if request.client else ""
    with workplace.engine.begin() as connection:
        if not attempts.admitted(connection, name, address, at=at):
            return form_page(request, to=to, refusal="too_many", account=name, status=429)
    with workplace.engine.begin() as connection:
        found = accounts.verified(connection, name, password)
        if found is None:
            accounts.refused(connection, name, at=at)
            return form_page(request, to=to, refusal="wrong", account=name, status=403)
        attempts.succeeded(connection, name, address, at=at)
        opened = opened_for(connection, request, found, "signed in", at)
    return let_in(request, opened, to)


@router.post("/sign-out")
def sign_out(request: Request, desk: AtDesk, _form: Form) -> Response:
    """End the session; who came through the provider goes on to sign out there."""
    config: PortalConfig = request.app.state.config
    name = cookie_name(https=config.https)
    with desk.open() as connection:
        sessions.end(connection, request.cookies.get(name, ""))
        accounts.note(connection, desk.actor.name, "signed out", desk.actor.name, at=desk.at)
        account = accounts.of_name(connection, desk.actor.name)
    by_provider = config.provider is not None and account is not None and account.identity is not None
    answer = RedirectResponse(PROVIDER_OUT if by_provider else "/", 303)
    answer.delete_cookie(name, secure=config.https, httponly=True, samesite="lax")
    return answer


def opened_for(
    connection: Connection, request: Request, found: accounts.Account, how: str, at: datetime
) -> sessions.Opened:  # fmt: skip
    """A session of somebody who was recognised; one that the browser still holds ends."""
    config: PortalConfig = request.app.state.config
    sessions.end(connection, request.cookies.get(cookie_name(https=config.https), ""))
    accounts.note(connection, found.name, how, found.name, at=at)
    return sessions.opened(connection, found.actor, at=at)


def let_in(request: Request, opened: sessions.Opened, to: str) -> Response:
    """The answer that carries a new session and leads on."""
    config: PortalConfig = request.app.state.config
    answer = RedirectResponse(to, 303)
    answer.set_cookie(
        cookie_name(https=config.https), opened.token, httponly=True, samesite="lax", secure=config.https
    )  # fmt: skip
    answer.delete_cookie(_MARK, secure=config.https, httponly=True, samesite="strict")
    return answer


def within(address: str) -> str:
    r"""A path of this portal with its filters; anything else leads to the front page.

    >>> within("/findings?rule=x"), within("//evil.example/"), within("https://evil.example"), within("/a\\b")
    ('/findings?rule=x', '/', '/', '/')
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    good = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return address if good and "\\" not in address and address.isprintable() and len(address) < 2000 else "/"


def form_page(request: Request, *, to: str, refusal: str = "", account: str = "", status: int = 200) -> Response:
    """The page of the form, with why nobody was let in.

    Raises:
        HTTPException: 503 where the portal has no database.
    """
    if getattr(request.app.state, "workplace", None) is None:
        raise HTTPException(503)
    config: PortalConfig = request.app.state.config
    mark = request.cookies.get(_MARK) or secrets.token_urlsafe(32)
    answer = page(
        request, "sign_in.html.j2", SIGN_IN, status=status, mark=mark, next=to, refusal=refusal, account=account[:40],
        provider=f"{PROVIDER}?{urlencode({'next': to})}" if config.provider else "",
    )  # fmt: skip
    if status == 429:
        answer.headers["Retry-After"] = str(int(attempts.FORGOTTEN_AFTER.total_seconds()))
    answer.set_cookie(
        _MARK, mark, max_age=_MARK_SECONDS, httponly=True, samesite="strict", secure=config.https
    )  # fmt: skip
    return answer
