"""The families of errors: what went wrong, where, what was expected and what to do about it.

Texts carry no personal data: whoever raises redacts the value first. Bad rows never raise (they go to quarantine); bad
files, bad declarations and unreachable systems do, and leave nothing half done.

The families are named by what happened and not by a suffix: they read as sentences where they are raised.
"""

from typing import ClassVar


class SitongError(Exception):
    """Something that a person has to know about.

    Args:
        what: what went wrong, as one sentence without a full stop.
        where: file, row, column, dataset or address; empty where there is none.
        expected: what would have been right.
        remedy: what the reader can do now.
    """

    retry: ClassVar[bool] = False
    """True where the same command may succeed later with nothing changed."""

    def __init__(self, what: str, where: str = "", expected: str = "", remedy: str = "") -> None:
        super().__init__(what, where, expected, remedy)
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        """Compose one line: `where: what; expected …; remedy`."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        expected = f"expected {self.expected}" if self.expected else ""
        return "; ".join(part for part in (head, expected, self.remedy) if part)


class ContractBroken(SitongError):  # noqa: N818 - named by what happened
    """Data that a contract promises is missing, damaged or of another shape."""


class SourceUnavailable(SitongError):  # noqa: N818 - named by what happened
    """A source or a server cannot be reached now."""

    retry = True


class SourceRejected(SitongError):  # noqa: N818 - named by what happened
    """A file or an answer of a source is unusable; asking again gives the same."""


class BadSpecification(SitongError):  # noqa: N818 - named by what happened
    """A setting, an argument or a declaration of ours is wrong."""


class PublicationHeld(SitongError):  # noqa: N818 - named by what happened
    """The checks before a publication failed; what was published before stays."""


class Busy(SitongError):  # noqa: N818 - named by what happened
    """Somebody else is at work on the same home folder."""

    retry = True


class Internal(SitongError):  # noqa: N818 - named by what happened
    """A promise that this code makes to itself is broken."""
