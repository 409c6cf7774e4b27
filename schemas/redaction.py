"""Values made safe for messages: what remains is their shape, not what they say."""

import unicodedata


def redact(value: object) -> str:
    """The kinds of character in a value and its length, and nothing else of it.

    >>> redact("37020219850101001X"), redact("王小明"), redact(None)
    ('<18 characters: digits, letters>', '<3 characters: Chinese>', '<null>')
    """
    if value is None:
        return "<null>"
    text = str(value)
    if not text:
        return "<empty>"
    kinds = sorted({_kind(character) for character in text}, key=_ORDER.index)
    return f"<{_length(text)}: {', '.join(kinds)}>"


_ORDER = ("digits", "letters", "Chinese", "blanks", "marks")
_EXACT_LENGTH = 40  # longer texts keep only a class of length


def _length(text: str) -> str:
    return f"{len(text)} characters" if len(text) <= _EXACT_LENGTH else f"more than {_EXACT_LENGTH} characters"


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return "digits"
    if category == "Lo":
        return "Chinese"
    if category.startswith("L"):
        return "letters"
    return "blanks" if category.startswith(("Z", "C")) else "marks"
