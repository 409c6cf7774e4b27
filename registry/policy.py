"""Survivorship policies as data: which dataset may speak for an attribute, and by which criteria its value is chosen.

Owns the reading of `policies/<entity>.yaml` into a frozen `Policy`. Refuses a policy that names an unknown criterion,
dataset or column, or an attribute that leans on one that is decided after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.contract import Column, product_contract, source_contract, source_names
from storage.errors import BadSpecification

Entity = Literal["person", "enterprise"]
ENTITIES: tuple[Entity, ...] = ("person", "enterprise")

Criterion = Literal["validity", "completeness", "source", "recency", "majority", "longest", "preference", "same_record"]

DERIVED = ("sources", "record_count", "updated_at")
"""Columns of a product that are counted over the records, not chosen among them."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_POLICIES = Path(__file__).parent / "policies"


@dataclass(frozen=True)
class Speaker:
    """One dataset's column that may give an attribute its value.

    `start`, `stop`: the part of the text that is meant (from 0). `length`: other lengths of text say nothing.
    """

    dataset: str
    column: str
    length: int | None = None
    start: int | None = None
    stop: int | None = None


@dataclass(frozen=True)
class Attribute:
    """How one attribute of the golden record is chosen.

    `speakers`: most trusted first. `rank`: criteria in the order in which they decide; after the last, the order of
    dataset and record id does. `doubtful`: a pattern of text that makes a value doubtful. `unknown`: codes that say
    that nothing is known. `doubted_by`: flags of other columns (`column:rule`) that count against this one. `prefer`:
    values of `prefer_by` (a column of the same record; the attribute itself where
    None), best first. `beside`: the attribute whose record `same_record` favours. `belongs_to`: as `beside`, and only
    records that state its chosen value may speak. `fold`: values that differ by width or blanks only are one value.
    """

    column: Column
    speakers: tuple[Speaker, ...]
    rank: tuple[Criterion, ...]
    reason: str
    doubtful: str | None = None
    unknown: tuple[str, ...] = ()
    doubted_by: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    prefer_by: str | None = None
    beside: str | None = None
    belongs_to: str | None = None
    fold: bool = False

    @property
    def name(self) -> str:
        """The column of the product."""
        return self.column.name

    @property
    def leader(self) -> str | None:
        """The attribute whose chosen record matters to this one."""
        return self.belongs_to or self.beside


@dataclass(frozen=True)
class Policy:
    """The survivorship policy of one entity; `attributes` stand in the order in which they are decided.

    `flags`: rule of a flag → how far it lowers a value's validity; `default` for the others. `text`: the file, for
    fingerprints.
    """

    entity: Entity
    datasets: tuple[str, ...]
    flags: Mapping[str, int]
    attributes: tuple[Attribute, ...]
    text: str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _SpeakerFile(_Strict):
    dataset: str
    column: str
    length: int | None = None
    start: int | None = None
    stop: int | None = None


class _AttributeFile(_Strict):
    sources: tuple[str | _SpeakerFile, ...] = Field(min_length=1)
    rank: tuple[Criterion, ...] = Field(min_length=1)
    reason: str = Field(min_length=1)
    doubtful: str | None = None
    unknown: tuple[str, ...] = ()
    doubted_by: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    prefer_by: str | None = None
    beside: str | None = None
    belongs_to: str | None = None
    fold: bool = False


class _PolicyFile(_Strict):
    entity: Entity
    datasets: tuple[str, ...] = Field(min_length=1)
    flags: dict[str, int]
    attributes: dict[str, _AttributeFile]


@cache
def policy(entity: Entity) -> Policy:
    """The policy in force for an entity."""
    path = _POLICIES / f"{entity}.yaml"
    return parse_policy(path.read_text("utf-8"), where=path.name)


def parse_policy(text: str, *, where: str) -> Policy:
    """Read a policy from YAML text.

    Raises:
        BadSpecification: what cannot be used, with the attribute.
    """
    try:
        stated = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, the C one where there is one
        read = _PolicyFile.model_validate(stated)
    except (yaml.YAMLError, ValidationError) as error:
        raise BadSpecification(
            f"the policy cannot be read: {error}", where, remedy="correct the policy file"
        ) from error
    columns = {column.name: column for column in product_contract(read.entity).columns}
    unknown = sorted(read.attributes.keys() - columns.keys())
    if unknown:
        raise BadSpecification("the product has no such attribute", f"{where}: {', '.join(unknown)}")
    attributes = tuple(_attribute(columns[name], item) for name, item in read.attributes.items())
    _check(attributes, read.datasets, where)
    return Policy(read.entity, read.datasets, read.flags, attributes, text)


def _attribute(column: Column, item: _AttributeFile) -> Attribute:
    speakers = tuple(
        Speaker(source, column.name) if isinstance(source, str) else Speaker(**source.model_dump())
        for source in item.sources
    )
    rest = item.model_dump(exclude={"sources"})
    return Attribute(column=column, speakers=speakers, **rest)


def _check(attributes: tuple[Attribute, ...], datasets: tuple[str, ...], where: str) -> None:
    decided: set[str] = set()
    known = source_names()
    for attribute in attributes:
        place = f"{where}: {attribute.name}"
        for speaker in attribute.speakers:
            if speaker.dataset not in datasets or speaker.dataset not in known:
                raise BadSpecification(f"unknown dataset {speaker.dataset}", place, f"one of {', '.join(datasets)}")
            names = source_contract(speaker.dataset).column_names
            for column in filter(None, (speaker.column, attribute.prefer_by)):
                if column not in names:
                    raise BadSpecification(f"{speaker.dataset} has no column {column}", place, ", ".join(names))
        if attribute.leader is not None and attribute.leader not in decided:
            raise BadSpecification(f"it leans on {attribute.leader}, which is not decided before it", place)
        if ("same_record" in attribute.rank) != (attribute.leader is not None):
            raise BadSpecification("same_record goes with beside or belongs_to", place)
        if ("preference" in attribute.rank) != bool(attribute.prefer):
            raise BadSpecification("preference goes with prefer", place)
        decided.add(attribute.name)
