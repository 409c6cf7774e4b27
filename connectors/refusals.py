"""Why a file is refused, as a value that can be stored, sent between processes, and raised.

Texts name files, columns, rows and counts; never a value of a row and never the text of a library's error, which
may quote one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.errors import SourceRejected


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with a file, what would have been right, and what to do."""

    what: str
    expected: str = ""
    remedy: str = ""

    def error(self, where: str) -> SourceRejected:
        """The refusal as an error about a file."""
        return SourceRejected(self.what, where, self.expected, self.remedy)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file that was refused; nothing of it was landed. `message` says which, why and what to do."""

    dataset: str
    file: str
    message: str


def rejected(rejections: Iterable[Rejection]) -> SourceRejected:
    """One error that names every refused file."""
    messages = [rejection.message for rejection in rejections]
    remedy = "nothing of a refused file was loaded; replace it and run again"
    if len(messages) == 1:
        return SourceRejected(messages[0], remedy=remedy)
    lines = "".join(f"\n- {message}" for message in messages)
    return SourceRejected(f"{len(messages)} files were rejected:{lines}\n", remedy=remedy)
