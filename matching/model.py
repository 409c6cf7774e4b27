"""The match model: what a person or an enterprise is compared by, declared in YAML and frozen here.

Owns the words a declaration may use. It refuses unknown keys, fields, standardisers, comparators and levels, and
probabilities outside (0, 1). Invariant: a loaded model can be written to JSON and read again unchanged.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from matching.compare.registry import COMPARATORS
from matching.standardise.registry import STANDARDISERS, keys_of
from storage.errors import BadSpecification

MODELS: Final = Path(__file__).parent / "models"

Probability = Annotated[float, Field(gt=0, lt=1)]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSpec(_Declared):
    """One field of evidence.

    Attributes:
        standardiser: name in `matching.standardise.registry`.
        columns: the first that is not null gives the value.
        also: columns that hold further values of the same field (a former name).
        unless: a column; where it holds the same text the value is null (a business called by its owner's name).
        most_holders: a value held by more nodes than this is a placeholder and counts as null.
        fallback: a field whose standardiser knows this one's value when no column does (a birth date in an id number).
    """

    standardiser: str
    columns: tuple[str, ...]
    also: tuple[str, ...] = ()
    unless: str | None = None
    most_holders: int | None = Field(default=None, ge=2)
    fallback: str | None = None


class BlockingRule(_Declared):
    """Pairs that agree on every key are candidates.

    Attributes:
        keys: `field` or `field.key`; the standardiser of the field says which keys it offers.
        settled: `compare` pairs every two nodes; `skip` leaves out pairs of two nodes that are each confirmed by two
            datasets and carry a valid identifier.
        largest: blocks with more nodes are not paired in full but along a sorted window.
    """

    name: str
    keys: tuple[str, ...]
    settled: Literal["compare", "skip"] = "skip"
    largest: int = Field(default=200, ge=2)


class LevelSpec(_Declared):
    """A comparison level.

    Attributes:
        m: P(level | match) before training.
        u: P(level | non-match) before sampling.
        shared: instead of u: of how many others a person shares the value with, on average; u is this over the number
            of persons. For values so rare that random pairs never show them (identifiers, telephones, houses).
        term_frequency: 0 ignores how common the value is, 1 applies it in full, between for similar values.
    """

    level: str
    m: Probability
    u: Probability | None = None
    shared: float | None = Field(default=None, gt=0)
    term_frequency: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> "LevelSpec":
        if (self.u is None) == (self.shared is None):
            raise ValueError(f"level {self.level!r} needs either u or shared")
        return self


class ComparisonSpec(_Declared):
    """How one field is compared: levels from the worst to the best."""

    field: str
    comparator: str
    levels: tuple[LevelSpec, ...]


class DependenceSpec(_Declared):
    """Probabilities that hold for a comparison where others have reached a level.

    Attributes:
        when: comparison → levels of it; all must hold.
        u: level → P(level | non-match and the condition); levels that are absent keep their own.
        m: level → P(level | match and the condition).
    """

    comparison: str
    when: Mapping[str, tuple[str, ...]]
    u: Mapping[str, Probability] = {}
    m: Mapping[str, Probability] = {}


class Constraints(_Declared):
    """What a cluster may not hold.

    Attributes:
        duplicates: dataset → share of its persons that it holds twice; a pair inside a dataset weighs log2 of it.
        apart: field → keys of it; two values whose key differs are never linked.
        contradiction: bits of evidence, the prior left out, at or below which two members of a cluster contradict each
            other: two records that say too little to be linked by themselves do not.
        identifiers: comparison → levels of it at which the numbers that name a person differ; two members of a cluster
            that differ so contradict each other already where their match probability lies below the review window.
    """

    duplicates: Mapping[str, Probability] = {}
    apart: tuple[str, ...] = ()
    contradiction: float = 0.0
    identifiers: Mapping[str, tuple[str, ...]] = {}


class Training(_Declared):
    """How parameters are estimated.

    Attributes:
        seed: of the sample of random pairs.
        sampled_pairs: random pairs that estimate u.
        rounds: most EM rounds; convergence: largest change of a probability that counts as none.
        strength: matches that the declared m is worth; below that much evidence the declaration wins.
    """

    seed: int = 20260331
    sampled_pairs: int = Field(default=500_000, ge=1)
    rounds: int = Field(default=25, ge=0)
    convergence: Probability = 1e-4
    strength: float = Field(default=300.0, gt=0)


class MatchModel(_Declared):
    """A declared model.

    Attributes:
        prefix: first letter of master ids.
        key: the column that names a record within its table.
        datasets: in the order that decides which record names a cluster; empty takes the tables' own order.
        collapse: lists of fields; records whose listed fields are all present and equal are one node.
        settled: field whose valid value settles a node that two datasets confirm; empty settles none.
    """

    model: str
    version: int
    prefix: str = Field(pattern="^[A-Z]{1,3}$")
    key: str = "record_id"
    datasets: tuple[str, ...] = ()
    fields: Mapping[str, FieldSpec]
    collapse: tuple[tuple[str, ...], ...] = ()
    settled: str = ""
    blocking: tuple[BlockingRule, ...]
    comparisons: tuple[ComparisonSpec, ...]
    dependences: tuple[DependenceSpec, ...] = ()
    constraints: Constraints = Constraints()
    training: Training = Training()
    link: Probability = 0.5
    review: tuple[Probability, Probability] = (0.1, 0.95)

    @model_validator(mode="after")
    def _names_agree(self) -> "MatchModel":
        known = set(self.fields)
        used = {c.field for c in self.comparisons} | {f for group in self.collapse for f in group}
        used |= {key.split(".")[0] for rule in self.blocking for key in rule.keys}
        used |= {key.split(".")[0] for key in self.constraints.apart}
        used |= {spec.fallback for spec in self.fields.values() if spec.fallback} | ({self.settled} - {""})
        if missing := sorted(used - known):
            raise ValueError(f"fields {missing} are used but not declared under `fields`")
        compared = {c.field: {level.level for level in c.levels} for c in self.comparisons}
        for dependence in self.dependences:
            named = {dependence.comparison: (*dependence.u, *dependence.m), **dependence.when}
            _require_levels("dependences", named, compared)
        _require_levels("constraints", self.constraints.identifiers, compared)
        return self

    @model_validator(mode="after")
    def _words_exist(self) -> "MatchModel":
        for name, spec in self.fields.items():
            if spec.standardiser not in STANDARDISERS:
                raise ValueError(f"field {name!r}: standardiser {spec.standardiser!r} is none of {[*STANDARDISERS]}")
        for comparison in self.comparisons:
            if comparison.comparator not in COMPARATORS:
                raise ValueError(
                    f"comparison {comparison.field!r}: {comparison.comparator!r} is none of {[*COMPARATORS]}"
                )
            levels = COMPARATORS[comparison.comparator].levels or ("different", *self._keys(comparison.field))
            if unknown := [level.level for level in comparison.levels if level.level not in levels]:
                raise ValueError(f"comparison {comparison.field!r}: levels {unknown} are not among {[*levels]}")
        for key in [key for rule in self.blocking for key in rule.keys] + [*self.constraints.apart]:
            field, _, name = key.partition(".")
            if (name or "value") not in self._keys(field):
                raise ValueError(f"key {key!r}: field {field!r} has the keys {[*self._keys(field)]}")
        return self

    def _keys(self, field: str) -> tuple[str, ...]:
        return keys_of(self.fields[field].standardiser)

    def comparison(self, field: str) -> ComparisonSpec:
        """The comparison of a field."""
        return next(c for c in self.comparisons if c.field == field)


def _require_levels(where: str, named: Mapping[str, tuple[str, ...]], compared: Mapping[str, set[str]]) -> None:
    for field, levels in named.items():
        if unknown := sorted(set(levels) - compared.get(field, set())):
            raise ValueError(f"{where} name levels {unknown} that comparison {field!r} does not have")


def load(path: Path) -> MatchModel:
    """Read a declaration.

    Raises:
        BadSpecification: the file cannot be read as a model.
    """
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return MatchModel.model_validate(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadSpecification(
            f"the match model cannot be used: {what_is_wrong(error)}",
            path.name,
            "a declaration in the words of the models in matching/models",
            "correct the declaration",
        ) from error


def what_is_wrong(error: Exception) -> str:
    """An error of reading a model in one line; a validation error by the places it names."""
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    places = (".".join(map(str, one["loc"])) for one in error.errors())
    return "; ".join(f"{place or 'model'}: {one['msg']}" for place, one in zip(places, error.errors(), strict=True))


@functools.cache
def declared(entity: str) -> MatchModel:
    """The model shipped for `person` or `enterprise`."""
    return load(MODELS / f"{entity}.yaml")


def as_json(model: MatchModel) -> dict[str, Any]:
    """The declaration as plain JSON values."""
    content: dict[str, Any] = json.loads(model.model_dump_json())
    return content
