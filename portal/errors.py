"""Error pages: what the reader can do, and nothing of what the server knows."""

from typing import Final
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mismatches.cases.errors import NotAllowed, UnknownFinding
from portal.pages import page
from portal.texts import ERRORS

_LONGEST: Final = 128 << 10  # bytes of a form that is read for what was typed


def error_page(request: Request, status: int, typed: str = "") -> HTMLResponse:
    """The page of a status; one without texts of its own shows those of 400 or of 500. `typed`: to be copied."""
    title, remedy = ERRORS.get(status) or ERRORS[400 if status < 500 else 500]
    return page(request, "error.html.j2", {"title": title, "remedy": remedy}, status=status, code=status, typed=typed)


def install(app: FastAPI) -> None:
    """Answer refusals with pages; the words of an exception are never shown."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 401 and request.method == "POST":
            return error_page(request, 401, await _typed(request))
        if error.status_code == 401 and request.method in {"GET", "HEAD"}:
            return RedirectResponse(f"/sign-in?{urlencode({'next': _asked(request)})}", 303)
        answer = error_page(request, error.status_code)
        answer.headers.update(error.headers or {})  # Allow of 405, Retry-After of 429
        return answer

    @app.exception_handler(NotAllowed)
    def forbidden(request: Request, _error: NotAllowed) -> HTMLResponse:
        return error_page(request, 403)

    @app.exception_handler(UnknownFinding)
    def unknown(request: Request, _error: UnknownFinding) -> HTMLResponse:
        return error_page(request, 404)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, _error: RequestValidationError) -> HTMLResponse:
        return error_page(request, 400)


async def _typed(request: Request) -> str:
    """The text of a form whose session ended while somebody wrote it; empty where there is none to be read."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length[:20]) > _LONGEST:
        return ""
    try:
        async with request.form() as form:
            text = form.get("text")
    except HTTPException:  # no form
        return ""
    return text if isinstance(text, str) else ""


def _asked(request: Request) -> str:
    """The path that was asked for, with its filters."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
