"""What can go wrong with a case, in words for the person who acted."""

from datetime import datetime
from typing import Literal

from storage.errors import SitongError


class NotAllowed(SitongError):  # noqa: N818 - named by what happened
    """The actor's role does not allow this."""


class UnknownFinding(SitongError):  # noqa: N818 - named by what happened
    """No finding of that id is there for this actor: it does not exist, or is of a district that is not theirs."""


Refusal = Literal[
    "action", "no_case", "owner", "state", "missing", "strange", "reason", "early", "character", "long", "amount",
    "due", "until", "voucher", "voucher_elsewhere", "no_payment", "overpaid",
    "nothing_paid", "short", "file_name", "file_size", "file_type", "files",
    "no_id", "version", "formula",
]  # fmt: skip
"""Why an action is refused, for pages that say it in the words of their reader."""


class ActionRefused(SitongError):  # noqa: N818 - named by what happened
    """The state of the case, or what the action carries, does not allow it; `kind` says which in one word."""

    def __init__(
        self, what: str, where: str = "", expected: str = "", remedy: str = "", *, kind: Refusal = "action"
    ) -> None:
        super().__init__(what, where, expected, remedy)
        self.kind = kind


class CaseConflict(SitongError):  # noqa: N818 - named by what happened
    """Somebody else acted on the case first.

    `actor`, `action`, `at` and `version` tell who did what and when, and the version to look at now.
    """

    def __init__(self, finding_id: str, actor: str, action: str, at: datetime, version: int) -> None:
        self.actor, self.action, self.at, self.version = actor, action, at, version
        super().__init__(
            f"{actor} has acted on this case: {action} at {at:%Y-%m-%d %H:%M %Z}",
            where=f"finding {finding_id}",
            expected="a case that nobody changed since you opened it",
            remedy="look at it again and decide anew",
        )
