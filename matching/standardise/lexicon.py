"""Word lists of `matching/words/`, looked up from either end of a text.

Owns the lists' reading. A look-up costs one step for every length that words of the same first (last) character have.
"""

import csv
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WORDS: Final = Path(__file__).parent.parent / "words"


@functools.cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a list; `word` is a column of each."""
    with (WORDS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle))


@dataclass(frozen=True)
class Lexicon:
    """Words, and by a first (last) character the lengths of those that begin (end) with it, longest first."""

    words: frozenset[str]
    first: Mapping[str, tuple[int, ...]]
    last: Mapping[str, tuple[int, ...]]

    def at(self, text: str, place: int) -> str:
        """The longest word that begins at a place, or none."""
        for length in self.first.get(text[place : place + 1], ()):
            if (word := text[place : place + length]) in self.words:
                return word
        return ""

    def before(self, text: str, end: int, keep: int = 0) -> str:
        """The longest word that ends before a place and leaves some characters in front of it, or none."""
        for length in self.last.get(text[end - 1 : end], ()):
            if length + keep <= end and (word := text[end - length : end]) in self.words:
                return word
        return ""


def lexicon(words: Iterable[str]) -> Lexicon:
    """Words for look-up from either end."""
    known = frozenset(words)

    def lengths(place: int) -> dict[str, tuple[int, ...]]:
        by_character: dict[str, set[int]] = {}
        for word in known:
            by_character.setdefault(word[place], set()).add(len(word))
        return {character: tuple(sorted(found, reverse=True)) for character, found in by_character.items()}

    return Lexicon(known, lengths(0), lengths(-1))


@functools.cache
def listed(name: str) -> Lexicon:
    """The words of a list."""
    return lexicon(row["word"] for row in rows(name))
