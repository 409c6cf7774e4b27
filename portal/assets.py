"""Static files under names that hold the hash of their content, so that a browser may keep them for ever.

All are read once when the process starts: an address that is not in the table does not exist, so no path is ever built
from a request.
"""

import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import resources

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

_DIGITS = 12  # of the hash in a name: 48 bits tell versions of one file apart
_FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter()


@dataclass(frozen=True)
class Asset:
    """One static file."""

    content: bytes
    media_type: str


def asset_url(name: str) -> str:
    """The address of a static file by its plain name, `portal.css`.

    Raises:
        KeyError: no such file; the name is one of ours, never a reader's.
    """
    return f"/static/{_names()[name]}"


@router.get("/static/{name}", include_in_schema=False)
def static(name: str) -> Response:
    """A static file by its hashed name."""
    if (asset := _assets().get(name)) is None:
        raise HTTPException(404)
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _FOR_EVER})


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {plain: hashed for plain, hashed, _ in _read()}


@lru_cache(maxsize=1)
def _assets() -> dict[str, Asset]:
    return {hashed: asset for _, hashed, asset in _read()}


def _read() -> list[tuple[str, str, Asset]]:
    read = []
    for file in resources.files("portal").joinpath("static").iterdir():
        content = file.read_bytes()
        stem, _, ending = file.name.rpartition(".")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        read.append((file.name, f"{stem}.{sha256(content).hexdigest()[:_DIGITS]}.{ending}", Asset(content, kind)))
    return read
