"""Folding until nothing changes: taking a character away can bring two together that fold again.

Invariant: `at_rest` makes any folding idempotent.
"""

from collections.abc import Callable
from typing import Final

MOST_ROUNDS: Final = 12
"""Rounds of folding: each shortens or settles a text, and no text seen needed more than three."""


def at_rest(fold: Callable[[str], str], text: str) -> str:
    """The text after as many foldings as change it."""
    for _ in range(MOST_ROUNDS):
        folded = fold(text)
        if folded == text:
            break
        text = folded
    return text
