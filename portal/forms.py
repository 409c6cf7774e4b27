"""What a reader sends: read within limits, and refused where it does not carry the mark of their session.

A form is read here and not declared as parameters of a route, so that its length is known before a byte is kept.
"""

from collections.abc import AsyncIterator, Callable
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import Depends, HTTPException
from starlette.datastructures import FormData
from starlette.requests import Request

from portal.desk import Caller, signed_in

_WORDS: Final = 128 << 10  # bytes of a form without a file
_FIELDS: Final = 500
_ENVELOPE: Final = 64 << 10  # bytes around a file: boundaries and other fields


def form_within(largest_file: int = 0) -> Callable[..., AsyncIterator[FormData]]:
    """A dependency that reads a form with at most one file of so many bytes.

    Raises:
        HTTPException: 403 without the mark of the session, 411 without a length, 413 where it is too long, 400 where
            it is no form.
    """
    most = largest_file + _ENVELOPE if largest_file else _WORDS

    async def read(request: Request, caller: Annotated[Caller, Depends(signed_in)]) -> AsyncIterator[FormData]:
        _refuse_length(request, most)
        files = 1 if largest_file else 0
        async with request.form(max_files=files, max_fields=_FIELDS, max_part_size=_WORDS) as form:
            sent = form.get("csrf")
            if not isinstance(sent, str) or not compare_digest(sent.encode(errors="replace"), caller.csrf.encode()):
                raise HTTPException(403)
            yield form

    return read


async def unmarked_form(request: Request) -> AsyncIterator[FormData]:
    """A form of somebody who is not signed in yet; its route looks for a mark of its own.

    Raises:
        HTTPException: 411 without a length, 413 where it is too long, 400 where it is no form.
    """
    _refuse_length(request, _WORDS)
    async with request.form(max_files=0, max_fields=_FIELDS, max_part_size=_WORDS) as form:
        yield form


def _refuse_length(request: Request, most: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(411)
    if int(length[:20]) > most:
        raise HTTPException(413)


Form = Annotated[FormData, Depends(form_within())]
