"""Texts in both languages of the hub."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Bilingual:
    """A text in Chinese and in English."""

    zh: str
    en: str

    def say(self, language: Language) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en
