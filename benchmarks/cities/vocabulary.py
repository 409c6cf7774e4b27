"""The words of `words.toml`: a table of texts, whose blanks and line ends only part or wrap them."""

import tomllib
from pathlib import Path

_TEXTS: dict[str, str] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def words(name: str) -> list[str]:
    """Words that blanks part."""
    return _TEXTS[name].split()


def letters(name: str) -> str:
    """Characters in a row."""
    return "".join(_TEXTS[name].split())
