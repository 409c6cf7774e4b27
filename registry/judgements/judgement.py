"""What a judgement says, and what may be said.

Owns the shape of a judgement. It refuses records of datasets that are not of one base, master ids that cannot be, and
values that the attribute's type does not take. Invariant: the two records of a pair stand in order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Literal
from unicodedata import category

import pyarrow as pa

from registry.master_ids import LETTERS, is_master_id
from registry.policy import ENTITIES, Attribute, Entity, policy
from schemas import code_tables
from schemas.casting.dates import cast_dates
from schemas.contract import ValueType
from storage.errors import BadSpecification

Kind = Literal["link", "not_link", "value", "suppress", "withdraw"]
AuthorKind = Literal["steward", "rule"]

MOST_LETTERS: Final = 2000
"""Of a reason or a value: longer ones are files pasted by mistake."""


_MOST: Final = Decimal(10) ** 16
"""More than any amount or count; the base keeps 18 digits, two of them after the point."""

_DECIMALS: Final[Mapping[ValueType, int]] = {ValueType.INTEGER: 0, ValueType.MONEY: 2}


@dataclass(frozen=True, order=True)
class RecordKey:
    """A source record: department, dataset and the department's key."""

    source: str
    dataset: str
    record_id: str

    @classmethod
    def parse(cls, text: str) -> "RecordKey":
        """A record from how people write it.

        >>> RecordKey.parse("police.resident/3702-17")
        RecordKey(source='police', dataset='resident', record_id='3702-17')
        """
        name, slash, record_id = text.partition("/")
        source, dot, dataset = name.partition(".")
        if not (slash and dot and record_id):
            raise BadSpecification(
                "this names no record",
                "a record",
                "DEPARTMENT.DATASET/RECORD_ID",
                "write police.resident/… for example",
            )
        return cls(source, dataset, record_id)

    @property
    def table(self) -> str:
        """The dataset with its department."""
        return f"{self.source}.{self.dataset}"

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.table}/{self.record_id}"

    def entity(self) -> Entity:
        """The base to which its dataset belongs."""
        for entity in ENTITIES:
            if self.table in policy(entity).datasets:
                return entity
        known = ", ".join(name for entity in ENTITIES for name in policy(entity).datasets)
        raise BadSpecification("records of this dataset are in no base database", self.table, f"one of {known}")


@dataclass(frozen=True)
class Statement:
    """What is said. Made by the functions below, which check it.

    Attributes:
        entity: the base that it is about.
        kind: `link`: the two records are one's; `not_link`: they are not; `value`: the attribute of the master has the
            value (None: it has none); `suppress`: the record is left out; `withdraw`: another judgement is taken back.
    """

    entity: Entity
    kind: Kind
    record: RecordKey | None = None
    other: RecordKey | None = None
    master_id: str | None = None
    attribute: str | None = None
    value: str | None = None
    withdraws: int | None = None


@dataclass(frozen=True)
class Author:
    """Who judges and why: a steward's account, or the name of a rule."""

    name: str
    reason: str
    kind: AuthorKind = "steward"

    def __post_init__(self) -> None:
        """Refuse judgements that nobody stands for."""
        self._refuse(lambda text, _: bool(text.strip()) and len(text) <= MOST_LETTERS)

    def refuse_unreadable(self) -> None:
        """Refuse, of who judges now, what cannot be kept or shown; a reason may have lines.

        Raises:
            BadSpecification: with what is expected.
        """
        self._refuse(lambda text, breaks: _is_text(text, breaks=breaks))

    def _refuse(self, is_fine: Callable[[str, bool], bool]) -> None:
        for word, text, breaks in (("an author", self.name, False), ("a reason", self.reason, True)):
            if not is_fine(text, breaks):
                raise BadSpecification(
                    f"a judgement needs {word}", "judgement", f"1 to {MOST_LETTERS} characters, no control characters",
                    "say who judges and why",
                )  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """A row of the ledger; of two that contradict each other the higher number holds."""

    number: int
    at: datetime
    author: Author
    said: Statement


def link(one: RecordKey, other: RecordKey) -> Statement:
    """The two records are of one person or enterprise."""
    return _pair("link", one, other)


def not_link(one: RecordKey, other: RecordKey) -> Statement:
    """The two records are of two."""
    return _pair("not_link", one, other)


def suppress(record: RecordKey) -> Statement:
    """The record is left out of the base."""
    return Statement(_base_of(record), "suppress", record=record)


def override(master_id: str, attribute: str, value: str | None) -> Statement:
    """The attribute of the master has this value, whatever the records say; None: it has none."""
    entity = next((name for name, letter in LETTERS.items() if master_id.startswith(letter)), None)
    if entity is None or not is_master_id(master_id):
        raise BadSpecification("this is no master id", "judgement", "ten characters with the right check character")
    found = overridable(entity).get(attribute)
    if found is None:
        raise BadSpecification(
            f"the {entity} base has no such attribute", "judgement", f"one of {', '.join(overridable(entity))}"
        )
    _check_value(found, value)
    return Statement(entity, "value", master_id=master_id, attribute=attribute, value=value)


def withdraw(judgement: Judgement) -> Statement:
    """Another judgement is taken back; a withdrawal is not, one judges anew."""
    if judgement.said.kind == "withdraw":
        raise BadSpecification(
            "a withdrawal cannot be withdrawn", f"judgement {judgement.number}", remedy="judge anew, with its reason"
        )
    return Statement(judgement.said.entity, "withdraw", withdraws=judgement.number)


def overridable(entity: Entity) -> Mapping[str, Attribute]:
    """Attributes of which a value may be said."""
    return {attribute.name: attribute for attribute in policy(entity).attributes}


def _pair(kind: Literal["link", "not_link"], one: RecordKey, other: RecordKey) -> Statement:
    if one == other:
        raise BadSpecification("a record is not judged against itself", str(one.table), "two records")
    if _base_of(one) != _base_of(other):
        raise BadSpecification(
            "a person's record and an enterprise's are never one", "judgement", "two records of one base"
        )
    return Statement(one.entity(), kind, record=min(one, other), other=max(one, other))


def _base_of(record: RecordKey) -> Entity:
    """The base of a record that may be judged."""
    if not _is_text(record.record_id):
        raise BadSpecification(
            "this is no key of a record", record.table, f"1 to {MOST_LETTERS} characters, no control characters"
        )
    return record.entity()


def _is_text(text: str, *, breaks: bool = False) -> bool:
    """Whether a text can be kept, and shown without doing anything to the screen.

    Refused are control characters, halves of characters, and marks that turn the direction of what follows.
    """
    shown = text.translate(_BREAKS) if breaks else text
    return len(text) <= MOST_LETTERS and not any(
        category(letter) in ("Cc", "Cs") or letter in _TURNING for letter in shown
    )


_MOST_TOLD: Final = 20  # codes of a table
_BREAKS: Final = dict.fromkeys(map(ord, "\n\r\t"))
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _check_value(attribute: Attribute, value: str | None) -> None:
    name, kind = attribute.name, attribute.column.type
    if value is None:
        if not attribute.column.nullable:
            raise BadSpecification("this attribute always has a value", name, "a value")
        return
    if not value.strip() or not _is_text(value):
        raise BadSpecification(
            "an empty, endless or unreadable value", name,
            f"1 to {MOST_LETTERS} characters, no control characters, or none at all",
        )  # fmt: skip
    if not _is_of(kind, value):
        raise BadSpecification("the value is not of the attribute's type", name, kind.value)
    if kind is ValueType.DATE and not cast_dates(pa.array([value])).values[0].is_valid:
        raise BadSpecification(
            "the value stands for no day", name, "a day of the years 1800 to 2999 that is no placeholder",
            "leave the value out to say that there is none",
        )  # fmt: skip
    if codes := attribute.column.codes:
        known, unknown = code_tables.judged(codes, pa.array([value]))
        if unknown.any() or known[0].as_py() != value:
            raise BadSpecification("the value is no code of the attribute's table", name, _told(codes))


def _told(table: str) -> str:
    """The codes of a table; its name where they are too many."""
    codes = code_tables.code_table(table).names
    return ", ".join(f"{code} {name}" for code, name in codes.items()) if len(codes) <= _MOST_TOLD else table


def _is_of(kind: ValueType, value: str) -> bool:
    try:
        if kind is ValueType.DATE:
            return date.fromisoformat(value).isoformat() == value
        if kind is ValueType.TIMESTAMP:
            return datetime.fromisoformat(value).tzinfo is None
        if kind in (ValueType.INTEGER, ValueType.MONEY, ValueType.NUMBER):
            number = Decimal(value)
            return number.is_finite() and abs(number) < _MOST and number == round(number, _DECIMALS.get(kind, 9))
    except (ValueError, InvalidOperation):
        return False
    return True
