"""Error pages: what the reader can do, and nothing of what the server knows."""

from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mismatches.cases.errors import NotAllowed, UnknownFinding
from portal.pages import page
from portal.texts import ERRORS


def error_page(request: Request, status: int) -> HTMLResponse:
    """The page of a status; one without texts of its own shows those of 400 or of 500."""
    title, remedy = ERRORS.get(status) or ERRORS[400 if status < 500 else 500]
    return page(request, "error.html.j2", {"title": title, "remedy": remedy}, status=status, code=status)


def install(app: FastAPI) -> None:
    """Answer refusals with pages; the words of an exception are never shown."""

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
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


def _asked(request: Request) -> str:
    """The path that was asked for, with its filters."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
