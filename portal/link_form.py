"""What a steward sent of a pair of the queue: which pair is meant, what is decided, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self
from urllib.parse import urlencode

from fastapi import HTTPException
from starlette.datastructures import FormData

from portal.texts_links import BECAUSE
from registry.policy import ENTITIES, Entity
from schemas.bilingual import Language
from storage.errors import BadSpecification
from storage.zones import checked_component

Decision = Literal["link", "not_link"]

_DECISIONS: Final[Mapping[str, Decision]] = {"link": "link", "not_link": "not_link"}
_MOST: Final = 1000  # characters of a reason; the ledger takes 2000 with the words around it
_DIGITS: Final = 6  # of a place
_OTHER: Final = "other"


@dataclass(frozen=True)
class Typed:
    """A form as it came.

    `run`: the match, empty where it is no name of one; `decision`: null where none was made; `because`: a word of
    `BECAUSE`, empty where it is none.
    """

    entity: Entity
    run: str
    place: int
    decision: Decision | None
    because: str
    text: str

    @classmethod
    def read(cls, form: FormData) -> Self:
        """The form of a pair; a place or a match that cannot be read leads to no pair.

        Raises:
            HTTPException: 422, it does not say of which base it is, or decides in a word that is none.
        """
        place, because = _text(form, "place"), _text(form, "because")
        entity = next((one for one in ENTITIES if one == _text(form, "entity")), None)
        decided = _text(form, "decision")
        if entity is None or (decided and decided not in _DECISIONS):
            raise HTTPException(422)
        return cls(
            entity=entity,
            run=_name(_text(form, "run")),
            place=int(place) if place.isascii() and place.isdecimal() and len(place) <= _DIGITS else -1,
            decision=_DECISIONS.get(decided),
            because=because if because in BECAUSE else "",
            text=_text(form, "text"),
        )

    def reason(self, language: Language) -> str | None:
        """The reason as the ledger keeps it; null where there is none, or too much of one."""
        if not self.because or len(self.text) > _MOST or (self.because == _OTHER and not self.text):
            return None
        words = [] if self.because == _OTHER else [BECAUSE[self.because].say(language)]
        return "; ".join([*words, self.text] if self.text else words)

    @property
    def address(self) -> str:
        """Where the queue goes on: those put off before this pair are not asked again at once."""
        return f"/links?{urlencode({'entity': self.entity, 'from': max(self.place, 0)})}"


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n").replace("\0", "").strip() if isinstance(value, str) else ""


def _name(run: str) -> str:
    try:
        return checked_component(run)
    except BadSpecification:
        return ""
