"""Attachments of cases: kept under the hash of their content, known by the event that names it.

A file is there before its event is written, so that no event points to nothing; a file without an event is harmless.
Refuses what is too large, of a type that is not declared, or not what its name says.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import Connection, and_, func, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.actions import Step, act, unknown
from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import ActionRefused
from mismatches.cases.replay import CaseState
from mismatches.store.tables import case_event, finding
from storage.errors import ContractBroken
from storage.zones import FILE_MODE, FOLDER_MODE, Zones

_NAME_LENGTH = 200  # characters of a file's name
_BEGINS: Mapping[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "xlsx": (b"PK\x03\x04",),
    "docx": (b"PK\x03\x04",),
}
_MEDIA: Mapping[str, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Upload:
    """A file as somebody sends it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Attachment:
    """A file of a case; `name` is what its sender called it."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    path: Path


@dataclass(frozen=True)
class Place:
    """Where attachments lie, and when somebody acts."""

    zones: Zones
    at: datetime
    today: date


def attach(connection: Connection, actor: Actor, step: Step, upload: Upload, place: Place) -> CaseState:
    """Keep a file and take the step `attach` that names it.

    Raises:
        ActionRefused: the file is too large, of another type, or one too many; or as `act` does.
    """
    described = _described(upload)
    _refuse_many(connection, actor, step.finding_id)
    _keep(place.zones.attachment(described["sha256"]), upload.content)
    return act(connection, actor, replace(step, file=described), at=place.at, today=place.today)


def attachment(connection: Connection, actor: Actor, finding_id: str, sha256: str, zones: Zones) -> Attachment:
    """A file of a case that the actor may see.

    Raises:
        UnknownFinding: the actor sees no such finding, or it has no such file.
        ContractBroken: the file is gone or is not what was attached.
    """
    details = connection.execute(
        select(case_event.c.details)
        .join(finding, finding.c.finding_id == case_event.c.finding_id)
        .where(
            and_(
                readable(actor),
                case_event.c.finding_id == finding_id,
                case_event.c.details["file"]["sha256"].astext == sha256,
            )
        )
        .limit(1)
    ).scalar_one_or_none()
    if details is None:
        raise unknown(finding_id)
    path = zones.attachment(sha256)
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ContractBroken("the attachment is gone or was changed", f"finding {finding_id}", "the file as attached")
    return Attachment(**details["file"], path=path)


def _described(upload: Upload) -> dict[str, Any]:
    limits, name = case_rules().attachments, PurePath(upload.name.replace("\\", "/")).name
    where = "attachment"
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise ActionRefused(
            "the file's name cannot be used", where, f"1 to {_NAME_LENGTH} printable characters", kind="file_name"
        )
    if not 0 < len(upload.content) <= limits.largest_bytes:
        raise ActionRefused(
            "the file is empty or too large", where, f"1 to {limits.largest_bytes:,} bytes", kind="file_size"
        )
    ending = name.rpartition(".")[2].lower().replace("jpeg", "jpg")
    if ending not in limits.types or not _is(ending, upload.content):
        raise ActionRefused(
            "the file is of another type",
            where,
            ", ".join(limits.types),
            "convert it to one of these",
            kind="file_type",
        )
    digest = hashlib.sha256(upload.content).hexdigest()
    return {"name": name, "media_type": _MEDIA[ending], "bytes": len(upload.content), "sha256": digest}


def _is(ending: str, content: bytes) -> bool:
    """Whether a file is what its ending says."""
    if ending in _BEGINS:
        return content.startswith(_BEGINS[ending])
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _refuse_many(connection: Connection, actor: Actor, finding_id: str) -> None:
    files = connection.execute(
        select(func.count(case_event.c.sequence))
        .select_from(finding)
        .outerjoin(
            case_event,
            and_(case_event.c.finding_id == finding.c.finding_id, case_event.c.action == "attach"),
        )
        .where(and_(readable(actor), finding.c.finding_id == finding_id))
        .group_by(finding.c.finding_id)
    ).scalar_one_or_none()
    if files is None:
        raise unknown(finding_id)
    if files >= case_rules().attachments.most:
        raise ActionRefused(
            "the case has too many files", f"finding {finding_id}", f"{case_rules().attachments.most}", kind="files"
        )


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that is there already has the same content."""
    if path.is_file():
        return
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
