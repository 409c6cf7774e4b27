"""The language of a page: `?lang=` wins and is remembered in a cookie; Chinese where nobody chose."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from schemas.bilingual import Language

COOKIE: Final = "sitong_lang"
_YEAR: Final = 365 * 24 * 3600  # seconds


def language_of(request: Request) -> Language:
    """The language in which a request is answered; a word that is no language of ours is passed over."""
    asked = _known(request.query_params.get("lang"))
    return asked or _known(request.cookies.get(COOKIE)) or "zh"


def switch_to(request: Request, language: Language) -> str:
    """The address of the same page, filters kept, in another language."""
    return "?" + request.url.include_query_params(lang=language).query


def remember(request: Request, response: Response, *, https: bool) -> None:
    """Keep a language that was asked for; it says nothing about the reader, so that it needs no session."""
    if asked := _known(request.query_params.get("lang")):
        response.set_cookie(COOKIE, asked, max_age=_YEAR, httponly=True, samesite="lax", secure=https)


def _known(word: str | None) -> Language | None:
    if word == "zh":
        return "zh"
    return "en" if word == "en" else None
