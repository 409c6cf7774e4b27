"""What an auditor typed for a step of a case: read, kept for them where it is refused, and made a step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, Self

from starlette.datastructures import FormData, UploadFile

from mismatches.cases.actions import Step
from mismatches.cases.attachments import Upload
from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import ActionRefused

PARTS: Final = ("reason_code", "amount", "voucher", "owner", "due_on", "until", "text")
"""The fields of a form in the order in which they stand; `file` is not among them: no browser lets a page refill it."""

_DIGITS: Final = 9  # of the version of a case


@dataclass(frozen=True)
class Typed:
    """A form as it came. `values`: by the names of `PARTS`; `seen`: the version of the case that its reader saw."""

    action: str
    seen: int
    values: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None

    @classmethod
    def read(cls, form: FormData) -> Self:
        """The form of a step; what is no text is passed over, and a version that is no number is one never seen."""
        values = {name: _text(form, name) for name in PARTS}
        seen = _text(form, "seen")
        return cls(
            action=_text(form, "action"),
            seen=int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= _DIGITS else -1,
            values={name: text for name, text in values.items() if text},
            upload=_upload(form),
        )

    def step(self, finding_id: str) -> Step:
        """What is to be done.

        Raises:
            ActionRefused: an amount or a day that cannot be read.
        """
        values = self.values
        return Step(
            finding_id,
            self.action,
            self.seen,
            text=values.get("text"),
            reason_code=values.get("reason_code"),
            owner=values.get("owner"),
            amount=_yuan(values.get("amount")),
            voucher=values.get("voucher"),
            due_on=_day(values.get("due_on"), "due"),
            until=_day(values.get("until"), "until"),
        )


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def _upload(form: FormData) -> Upload | None:
    sent = form.get("file")
    if not isinstance(sent, UploadFile):
        return None
    return Upload(sent.filename or "", sent.file.read(case_rules().attachments.largest_bytes + 1))


def _yuan(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text.replace(",", "").replace("，", ""))
    except InvalidOperation:
        raise ActionRefused("the amount is not a number", expected="digits", kind="amount") from None


def _day(text: str | None, kind: Literal["due", "until"]) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ActionRefused("the day cannot be read", expected="YYYY-MM-DD", kind=kind) from None
