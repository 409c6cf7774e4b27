"""Valid time as data: since when a value of a golden record is so, and which changes are events.

Owns the reading of `times/<entity>.yaml`. Four kinds of attribute: *facts* are so at all times, and another value
corrects the former one; the *ended* attribute and its day are dated by the record itself; a *renamed* attribute changes
where the record keeps the former value, and is corrected where it does not; every other attribute is so from the day on
which the record that states it was updated. Refuses attributes that the product does not have.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.policy import DERIVED, Entity
from schemas.contract import product_contract
from storage.errors import BadSpecification

CORRECTED = "corrected"
"""The event of a fact that was stated otherwise before."""

_WORD = r"^[A-Za-z0-9_]+$"  # these words become parts of statements
_TIMES = Path(__file__).parent / "times"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ending(_Strict):
    """The attribute that says that somebody is no more, the codes that say so, and the attribute that gives the day."""

    attribute: str
    codes: tuple[Annotated[str, Field(pattern=_WORD)], ...] = Field(min_length=1)
    day: str


class EventRule(_Strict):
    """A change that is an event, on the day since which the new value is so; a correction is none.

    `becomes`: only where the attribute gets this code; else any change between two stated values.
    """

    event: str = Field(pattern=_WORD)
    attribute: str
    becomes: str | None = Field(default=None, pattern=_WORD)


class Times(_Strict):
    """The valid time of an entity; `begins` is the attribute before whose day there was nobody."""

    entity: Entity
    begins: str
    facts: tuple[str, ...]
    ended: Ending
    renamed: Mapping[str, str]
    events: tuple[EventRule, ...]

    def is_fact(self, attribute: str) -> bool:
        """Whether a new value holds for all times: facts, and what is counted over the records of now."""
        return attribute in self.facts or attribute in DERIVED


@cache
def times(entity: Entity) -> Times:
    """The valid time in force for an entity."""
    path = _TIMES / f"{entity}.yaml"
    return parse_times(path.read_text("utf-8"), where=path.name)


def parse_times(text: str, *, where: str) -> Times:
    """Read a declaration from YAML text.

    Raises:
        BadSpecification: what cannot be used, with the attribute.
    """
    try:
        read = Times.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise BadSpecification(f"the times cannot be read: {error}", where, remedy="correct the file") from error
    columns = set(product_contract(read.entity).column_names)
    for name in _named(read):
        if name not in columns:
            raise BadSpecification(f"the product has no attribute {name}", where, ", ".join(sorted(columns)))
    return read


def _named(read: Times) -> Iterator[str]:
    yield from (read.begins, *read.facts, read.ended.attribute, read.ended.day)
    for name, former in read.renamed.items():
        yield from (name, former)
    for rule in read.events:
        yield rule.attribute
