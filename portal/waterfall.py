"""The bits of a pair as a picture: from the prior, field by field, to the total, each a bar where the last one ended.

Drawn by the template as SVG, one picture a row of a table, so that every number stands beside its bar as text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from matching.explaining.wording import bits

WIDTH: Final = 1000  # of the picture of a row, in its own units
_EDGE: Final = 20  # kept free on both sides, in these units
_THIN: Final = 4  # of a bar that says next to nothing: it is still seen

Kind = Literal["prior", "for", "against", "total"]


@dataclass(frozen=True)
class Part:
    """One part of the weight in words, and its bits; null where it says nothing. `level`: what was reached."""

    title: str
    level: str
    bits: float | None


@dataclass(frozen=True)
class Bar:
    """One row: a part with its bar, from `place` on and `width` wide."""

    title: str
    level: str
    told: str
    kind: Kind
    place: int
    width: int


@dataclass(frozen=True)
class Waterfall:
    """All rows; `zero` and `threshold`: where no bits and the link threshold stand in every row."""

    bars: tuple[Bar, ...]
    zero: int
    threshold: int


def waterfall(prior: Part, parts: Sequence[Part], total: Part, threshold: float) -> Waterfall:
    """The rows of a pair.

    >>> made = waterfall(Part("Prior", "", -10.0), [Part("Name", "equal", 16.0)], Part("Total", "", 6.0), 5.0)
    >>> [(bar.kind, bar.place, bar.width) for bar in made.bars], made.zero
    ([('prior', 20, 600), ('for', 20, 960), ('total', 620, 360)], 620)
    """
    at = _bits(prior)
    spans = [(prior, 0.0, at)]
    for part in parts:
        spans.append((part, at, at + _bits(part)))
        at = spans[-1][2]
    spans.append((total, 0.0, _bits(total)))
    scale = _Scale([0.0, threshold, *(end for span in spans for end in span[1:])])
    kinds: list[Kind] = ["prior", *(_kind(part) for part in parts), "total"]
    return Waterfall(
        tuple(_bar(span, kind, scale) for span, kind in zip(spans, kinds, strict=True)),
        scale.place(0.0),
        scale.place(threshold),
    )


class _Scale:
    """From bits to units of the picture, all ends of bars inside."""

    def __init__(self, ends: Iterable[float]) -> None:
        found = list(ends)
        self._low, self._span = min(found), max(max(found) - min(found), 1e-9)

    def place(self, value: float) -> int:
        return _EDGE + round((value - self._low) / self._span * (WIDTH - 2 * _EDGE))


def _bits(part: Part) -> float:
    return part.bits or 0.0


def _kind(part: Part) -> Kind:
    return "for" if _bits(part) >= 0 else "against"


def _bar(span: tuple[Part, float, float], kind: Kind, scale: _Scale) -> Bar:
    part, start, end = span
    left, right = sorted((scale.place(start), scale.place(end)))
    width = 0 if part.bits is None else max(right - left, _THIN)
    return Bar(part.title, part.level, "—" if part.bits is None else bits(part.bits), kind, left, width)
