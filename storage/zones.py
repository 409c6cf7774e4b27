"""Where everything lies: the zones of a home folder.

Owns every path under HOME; nobody else joins them by hand. Refuses path components that could leave their folder or
hide in it.
"""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from storage.errors import BadSpecification

FOLDER_MODE = 0o700
FILE_MODE = 0o600
MAX_COMPONENT_BYTES = 255  # of one name, on every file system in use

_ZONES = (
    "landing", "accepted", "quarantine", "quality", "matching", "published", "reports", "deliveries", "attachments",
    "work",
)  # fmt: skip

LASTING_ZONES = tuple(name for name in _ZONES if name != "work")
"""The zones that a home cannot do without; what else lies in it is not ours, or can be made again."""


@dataclass(frozen=True, slots=True)
class Zones:
    """The paths of one home folder. Nothing is created before `create`."""

    home: Path

    @property
    def is_home(self) -> bool:
        """Whether a home was begun here: one of its zones or its database is there."""
        return any((self.home / name).is_dir() for name in (*LASTING_ZONES, "postgres"))

    def create(self) -> "Zones":
        """Make the home folder and its zones with mode 0700.

        A home folder that is there and holds something else keeps its mode; the zones in it are closed all the same.
        """
        ours = not self.home.exists() or not any(self.home.iterdir()) or self.work.is_dir()
        self.home.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        folders = [self.home / name for name in _ZONES]
        for folder in folders:
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        for folder in (self.home, *folders) if ours else folders:
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(FOLDER_MODE)
        return self

    def landing(self, department: str, dataset: str, batch: str) -> Path:
        """Folder of a batch as received."""
        return self._path("landing", department, dataset, batch)

    def accepted(self, department: str, dataset: str, version: str) -> Path:
        """Folder of the whole accepted state of a dataset after a batch."""
        return self._path("accepted", department, dataset, version)

    def quarantine(self, department: str, dataset: str, version: str) -> Path:
        """Folder of the rows of a batch that were refused."""
        return self._path("quarantine", department, dataset, version)

    def quality(self, department: str, dataset: str, version: str) -> Path:
        """Folder of the data quality result of an accepted state."""
        return self._path("quality", department, dataset, version)

    def matching(self, entity: str, run: str) -> Path:
        """Folder of one matching run of an entity."""
        return self._path("matching", entity, run)

    def published(self, product: str, version: str) -> Path:
        """Folder of one version of a product."""
        return self._path("published", product, version)

    def current(self, product: str) -> Path:
        """Link to the version of a product that is in force."""
        return self._path("published", product, "current")

    def reports(self, as_of: date) -> Path:
        """Folder (a link to it) of the reports as of a day."""
        return self._path("reports", as_of.isoformat())

    def deliveries(self, recipient: str, version: str) -> Path:
        """Folder of one delivery to a recipient."""
        return self._path("deliveries", recipient, version)

    def attachment(self, sha256: str) -> Path:
        """File of a case's attachment, by the hash of its content."""
        return self._path("attachments", sha256[:2], sha256)

    def search(self, entity: str, version: str) -> Path:
        """Folder of a search index of a base database; made anew where it is missing."""
        return self._path("search", entity, version)

    @property
    def postgres(self) -> Path:
        """Folder of the embedded server."""
        return self.home / "postgres"

    @property
    def work(self) -> Path:
        """Folder of what is being made; emptied by the next holder of the lock."""
        return self.home / "work"

    @property
    def lock(self) -> Path:
        """File that the one process at work holds locked."""
        return self.home / "lock"

    def _path(self, zone: str, *components: str) -> Path:
        return self.home.joinpath(zone, *(checked_component(component) for component in components))


def checked_component(name: str) -> str:
    """Return a name that is safe as one path component.

    Raises:
        BadSpecification: empty, longer than 255 bytes, starting with a dot, or holding a separator or what cannot be
            printed.

    >>> checked_component("tax")
    'tax'
    """
    where, remedy = f"folder name {name[:40]!r}", "rename the department, dataset, batch or recipient"
    if not name or name.startswith(".") or "/" in name or "\\" in name or not name.isprintable():
        expected = "printable text without separators or a leading dot"
        raise BadSpecification("a name cannot be used for a folder", where, expected, remedy)
    if len(name.encode()) > MAX_COMPONENT_BYTES:
        expected = f"at most {MAX_COMPONENT_BYTES} bytes"
        raise BadSpecification("a name is too long for a folder", where, expected, remedy)
    return name
