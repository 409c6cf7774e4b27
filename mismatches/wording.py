"""Findings in plain words: reasons and formulas with their numbers, identifiers masked.

Owns how a figure is written: money with thousands and cents, dates ISO 8601, counts as they are, `—` for unknown; and
how much of a text of a department stands on a page.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from schemas.bilingual import Bilingual, Language

UNKNOWN = "—"
PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([^/{}]+)/([^/{}]+))?\}")
"""A figure in a declared text: `{heads}`; with the words that follow one and many: `{heads:person is/people are}`."""

_BRIEF = 160  # characters of a name on a page
_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # categories of characters that a page cannot show
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # turn what follows
_MASKED_FROM, _MASKED_LEFT, _MASKED_RIGHT = 8, 4, 2  # identifiers of 8 characters or more keep both ends


def figures_of(text: str | None) -> dict[str, object]:
    """The figures of a finding, numbers as exact decimals."""
    if not text:
        return {}
    read: dict[str, object] | None = json.loads(text, parse_float=Decimal)
    return read or {}


def written(value: object) -> str:
    """A figure as a reader sees it.

    >>> written(Decimal("7200.50")), written(Decimal("0.9")), written(31), written(None), written(7200.5)
    ('7,200.50', '0.9', '31', '—', '7,200.50')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, float):  # how the driver reads a fraction in a stored finding
        return _decimal(Decimal(str(value)))
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _decimal(value: Decimal) -> str:
    if abs(value) >= 10 or value.as_tuple().exponent == -2:
        whole = value == value.to_integral_value() and value.as_tuple().exponent != -2
        return f"{value:,.0f}" if whole else f"{value:,.2f}"
    return f"{value.normalize():f}"


def money(value: object) -> str:
    """Yuan with thousands and cents; `—` where there is no estimate."""
    return UNKNOWN if value is None else f"{Decimal(str(value)):,.2f}"


def share(probability: float | None) -> str:
    """A probability in percent, never rounded up to certainty; `—` where there is none.

    >>> share(0.9876), share(0.99899), share(1.0), share(None)
    ('98.8 %', '99.9 %', '> 99.9 %', '—')
    """
    if probability is None:
        return UNKNOWN
    return "> 99.9 %" if probability > 0.999 else f"{probability:.1%}".replace("%", " %")


def brief(text: str, most: int = _BRIEF) -> str:
    r"""A text of a department as one line of at most `most` characters; what is cut off is told by `…`.

    >>> brief("a\tb\n\0c"), brief("一二三四五", 4)
    ('a b c', '一二三…')
    """
    start = text[: 4 * most]  # nobody reads further, and a text may be endless
    shown = (" " if unicodedata.category(one) in _UNSHOWN else one for one in start if one not in _TURNING)
    line = " ".join("".join(shown).split())
    return line if len(line) <= most and len(text) <= len(start) else line[: most - 1] + "…"


def fill(text: Bilingual, language: Language, figures: Mapping[str, object]) -> str:
    """A declared text with its placeholders filled; one without a figure becomes `—`.

    >>> said = Bilingual("", "{heads:person is/people are} insured")
    >>> fill(said, "en", {"heads": 1}), fill(said, "en", {"heads": 2})
    ('1 person is insured', '2 people are insured')
    """

    def filled(match: re.Match[str]) -> str:
        figure, one, many = figures.get(match[1]), match[2], match[3]
        return f"{written(figure)} {one if figure == 1 else many}" if one else written(figure)

    return PLACEHOLDER.sub(filled, text.say(language))


def masked(value: str) -> str:
    """An identifier with its middle hidden.

    >>> masked("11010519491231002X"), masked("91")
    ('1101************2X', '91')
    """
    if len(value) < _MASKED_FROM:
        return value
    hidden = "*" * (len(value) - _MASKED_LEFT - _MASKED_RIGHT)
    return f"{value[:_MASKED_LEFT]}{hidden}{value[-_MASKED_RIGHT:]}"
