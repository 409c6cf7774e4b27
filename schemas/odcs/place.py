"""Where in a contract file a fault lies, and the properties that the standard leaves to us."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from open_data_contract_standard.model import CustomProperty

from schemas.errors import BadSpecification

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True)
class Place:
    """A file and a path inside it, such as `tax.wage.yaml: schema[tax.wage].properties[months]`."""

    file: str
    path: str = ""

    def at(self, step: str) -> "Place":
        """One step deeper."""
        return Place(self.file, f"{self.path}.{step}" if self.path else step)

    def fault(self, what: str, *, expected: str) -> BadSpecification:
        """The error to raise for what is wrong here."""
        return BadSpecification(what, where=str(self), expected=expected, remedy="correct the contract file")

    def __str__(self) -> str:
        """File and path as a reader looks for them."""
        return f"{self.file}: {self.path}" if self.path else self.file


def extras(properties: Iterable[CustomProperty] | None, place: Place, known: frozenset[str]) -> Mapping[str, object]:
    """Values of `customProperties` by name.

    Raises:
        BadSpecification: a property is unknown, unnamed or stated twice.
    """
    values: dict[str, object] = {}
    here = place.at("customProperties")
    for item in properties or ():
        name = item.property or ""
        if name not in known:
            raise here.fault(f"unknown property {name!r}", expected=f"one of {', '.join(sorted(known))}")
        if name in values:
            raise here.fault(f"property {name!r} is stated twice", expected="each property once")
        values[name] = item.value
    return values


def text(value: object, place: Place, *, default: str | None = None) -> str:
    """A text that must be there and not be empty, unless there is a default."""
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise place.fault("no text is given", expected="a text that is not empty")
    return value


def member(kind: type[E], value: object, place: Place) -> E:
    """A member of a closed set by its value."""
    try:
        return kind(str(value))
    except ValueError:
        choices = ", ".join(item.value for item in kind)
        raise place.fault(f"{value!r} is not known", expected=f"one of {choices}") from None


def number(value: object, place: Place, *, low: float = 0.0, high: float = float("inf")) -> float:
    """A number in [low, high]; truth values are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise place.fault(f"{value!r} is not such a number", expected=f"a number from {low:g} to {high:g}")
    return float(value)


def flag(value: object, place: Place) -> bool:
    """True or false, false where nothing is given."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise place.fault(f"{value!r} is neither true nor false", expected="true or false")
    return value
