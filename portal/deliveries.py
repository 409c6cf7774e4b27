"""What was handed over to the reader's department: every version with its purpose, columns, masks and hashes.

Only deliveries to the recipient that the account names exist for its reader; whatever is taken is written down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from portal.accounts import note
from portal.desk import AtDesk, Caller, Desk, signed_in
from portal.pages import page
from portal.texts_deliveries import DELIVERIES, MASKS
from portal.words import moment
from schemas.bilingual import Language
from storage.manifest import Manifest, read_manifest
from storage.zones import Zones

MOST: Final = 50
"""Versions on the page, newest first."""

router = APIRouter()
Version = Annotated[str, InPath(pattern=r"^[0-9A-Za-z.-]{1,64}$")]
FileName = Annotated[str, InPath(pattern=r"^[0-9A-Za-z_.-]{1,80}$")]


def recipient(caller: Annotated[Caller, Depends(signed_in)]) -> str:
    """The recipient whose deliveries the caller sees.

    Raises:
        HTTPException: 403 where the account names none.
    """
    if not caller.recipient:
        raise HTTPException(403)
    return caller.recipient


Recipient = Annotated[str, Depends(recipient)]


@dataclass(frozen=True)
class Delivery:
    """One version that was handed over."""

    manifest: Manifest

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the manifest says of it."""
        return self.manifest.facts

    @property
    def made(self) -> str:
        """When it was handed over, in the city."""
        return moment(self.manifest.created_at)

    def fields(self, table: str, language: Language) -> list[tuple[str, str, str]]:
        """Column, title and mask of a table's columns."""
        return [
            (field["name"], field.get("name_zh", ""), MASKS.get(field["mask"], MASKS["other"]).say(language))
            for field in self.facts["tables"][table]["fields"]
        ]


@router.get("/deliveries")
def deliveries(request: Request, desk: AtDesk, to: Recipient) -> HTMLResponse:
    """The versions that were handed over, newest first."""
    found = [Delivery(manifest) for manifest in _manifests(desk.workplace.zones, to)]
    found.sort(key=lambda one: (one.manifest.created_at, one.manifest.version), reverse=True)
    return page(
        request, "deliveries.html.j2", DELIVERIES, to=to, found=found[:MOST], more=max(len(found) - MOST, 0)
    )  # fmt: skip


@router.get("/deliveries/{version}/{name}")
def take(desk: AtDesk, to: Recipient, version: Version, name: FileName) -> Response:
    """One file of a version; who took it is written down."""
    folder = desk.workplace.zones.deliveries(to, version)
    manifest = _manifest(folder)
    if manifest is None or name not in manifest.files:
        raise HTTPException(404)
    _note(desk, to, version, name)
    return FileResponse(folder / name, filename=name, headers={"Cache-Control": "no-store"})


def _note(desk: Desk, to: str, version: str, name: str) -> None:
    with desk.open() as connection:
        note(connection, desk.actor.name, f"delivery taken {to}/{version}/{name}", desk.actor.name, at=desk.at)


def _manifests(zones: Zones, to: str) -> Iterator[Manifest]:
    folder = zones.deliveries(to, "any").parent
    for place in folder.iterdir() if folder.is_dir() else ():
        if (manifest := _manifest(place)) is not None:
            yield manifest


def _manifest(folder: Path) -> Manifest | None:
    """Of a whole version; a folder without one does not exist for readers."""
    return read_manifest(folder) if (folder / "manifest.json").is_file() else None
