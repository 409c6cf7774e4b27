"""Rules read from their YAML files: pydantic at the edge, the frozen model inside.

Refuses a rule whose words and query do not fit together, and one that mixes units of time without naming its allocation
(annual income averaged over fortnights made Robodebt's 470,000 wrong debts).
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mismatches import rule as model
from mismatches.wording import PLACEHOLDER
from schemas.bilingual import Bilingual
from storage.errors import BadSpecification

_BOUND = re.compile(r"\$([a-z_]+)")
_COMMENT = re.compile(r"--[^\n]*")
_RESERVED = frozenset({"as_of", "year"})  # bound by the engine
_TO_BE_CONFIRMED = {"zh": "待核定", "en": "To be confirmed"}

_Year = Annotated[int, Field(ge=1949, le=2200)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def inside(self) -> Bilingual:
        return Bilingual(self.zh.strip(), self.en.strip())


class _DatedValue(_Strict):
    city: str = Field(default=model.ANYWHERE, pattern=r"^(\*|[0-9]{2,9})$")
    first: _Year = Field(alias="from")
    last: _Year | None = Field(default=None, alias="to")
    value: Decimal

    def inside(self) -> model.DatedValue:
        return model.DatedValue(self.city, self.first, self.last, self.value)


class _Parameter(_Strict):
    title: _Text
    unit: _Text
    values: list[_DatedValue] = Field(min_length=1)


class _Needs(_Strict):
    needed: dict[str, list[str]] = Field(min_length=1)
    optional: dict[str, list[str]] = {}
    crosswalks: list[Literal["person", "enterprise"]] = Field(min_length=1)


class _Time(_Strict):
    units: dict[str, Literal["date", "month", "quarter", "year"]] = Field(min_length=1)
    allocation: _Text | None = None


class _YearSource(_Strict):
    dataset: str
    column: str


class _Floor(_Strict):
    precision: Decimal = Field(ge=0, le=1)
    cases: int = Field(ge=1)

    def inside(self) -> model.Floor:
        return model.Floor(self.precision, self.cases)


class _Rule(_Strict):
    id: _Name
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: _Text
    explanation: _Text
    grain: _Text
    key: _Text
    period: _Text
    needs: _Needs
    steps: list[str] = []
    keeps: list[_Name] = []
    time: _Time
    year: _YearSource | None = None
    parameters: dict[_Name, _Parameter] = {}
    formula: _Text
    estimate: _Text | None = None
    severities: dict[str, model.Severity]
    reasons: dict[str, _Text]
    false_positives: list[_Text] = Field(min_length=1)
    legal_basis: _Text = _Text(**_TO_BE_CONFIRMED)
    evidence: dict[str, list[str]]
    mode: Literal["live", "shadow"] = "live"
    floor: _Floor | None = None


@lru_cache(maxsize=1)
def shipped_rules() -> tuple[model.Rule, ...]:
    """The rules of `rules/`, in the order of their file names."""
    return read_rules(resources.files("mismatches") / "rules")


def read_rules(folder: Traversable) -> tuple[model.Rule, ...]:
    """Every `<rule>.yaml` of a folder with the `<rule>.sql` beside it.

    Raises:
        BadSpecification: a declaration that cannot be used as it is written.
    """
    declarations = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name
    )
    return tuple(_read(item, folder) for item in declarations)


def parse_rule(declaration: str, query: str, *, file: str, others: Mapping[str, str] | None = None) -> model.Rule:
    """One rule from its texts; `others`: further queries by file name.

    Raises:
        BadSpecification: a declaration that cannot be used as it is written.
    """
    try:
        stated = _Rule.model_validate(yaml.safe_load(declaration))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refusal(file, f"{where}: {first['msg']}", "a rule as the other files state it") from error
    except yaml.YAMLError as error:
        raise _refusal(file, f"not YAML ({type(error).__name__})", "a YAML mapping") from error
    rule = _inside(stated, query, others or {})
    _refuse_mixed_time(rule, file)
    _refuse_loose_names(rule, file)
    return rule


def _read(declaration: Traversable, folder: Traversable) -> model.Rule:
    query = folder / declaration.name.replace(".yaml", ".sql")
    if not query.is_file():
        raise _refusal(declaration.name, "has no query", f"a file {query.name} beside it")
    others = {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.count(".") > 1}
    rule = parse_rule(declaration.read_text("utf-8"), query.read_text("utf-8"), file=declaration.name, others=others)
    if f"{rule.id}.yaml" != declaration.name:
        raise _refusal(declaration.name, "the id differs from the file name", declaration.name.removesuffix(".yaml"))
    return rule


def _inside(stated: _Rule, query: str, others: Mapping[str, str]) -> model.Rule:
    texts = {
        name: getattr(stated, name).inside() for name in ("title", "explanation", "grain", "key", "period", "formula")
    }
    return model.Rule(
        id=stated.id,
        version=stated.version,
        **texts,
        needs=model.Needs(_tuples(stated.needs.needed), _tuples(stated.needs.optional)),
        crosswalks=tuple(stated.needs.crosswalks),
        steps=tuple(stated.steps),
        time=model.Time(dict(stated.time.units), stated.time.allocation.inside() if stated.time.allocation else None),
        year=model.YearSource(stated.year.dataset, stated.year.column) if stated.year else None,
        parameters=tuple(_parameter(name, item) for name, item in stated.parameters.items()),
        estimate=stated.estimate.inside() if stated.estimate else None,
        severities=dict(stated.severities),
        reasons={name: text.inside() for name, text in stated.reasons.items()},
        false_positives=tuple(text.inside() for text in stated.false_positives),
        legal_basis=stated.legal_basis.inside(),
        evidence=_tuples(stated.evidence),
        query=query,
        keeps=tuple(_kept(stated, name, others) for name in stated.keeps),
        shadow=stated.mode == "shadow",
        floor=stated.floor.inside() if stated.floor else model.NO_FLOOR,
    )


def _kept(stated: _Rule, name: str, others: Mapping[str, str]) -> model.Kept:
    """A step, or the table of a query of the rule's own: `rules/<rule>.<name>.sql` makes "<rule>.<name>"."""
    own = f"{stated.id}.{name}"
    if name not in stated.steps and f"{own}.sql" not in others:
        raise _refusal(f"{stated.id}.yaml", f"keeps {name}, which nothing makes", f"a step, or a file {own}.sql")
    return model.Kept(name) if name in stated.steps else model.Kept(own, others[f"{own}.sql"])


def _parameter(name: str, stated: _Parameter) -> model.Parameter:
    return model.Parameter(
        name, stated.title.inside(), stated.unit.inside(), tuple(value.inside() for value in stated.values)
    )


def _tuples(stated: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(columns) for name, columns in stated.items()}


def _refuse_mixed_time(rule: model.Rule, file: str) -> None:
    """A year set against a month without a stated allocation is the mistake that this refuses."""
    if len(set(rule.time.units.values())) > 1 and rule.time.allocation is None:
        units = ", ".join(f"{column} by {unit}" for column, unit in sorted(rule.time.units.items()))
        raise _refusal(
            file, f"mixes units of time ({units})", "time.allocation, which says how they are brought together"
        )


def _refuse_loose_names(rule: model.Rule, file: str) -> None:
    """Bound names of the query and declared parameters are the same; every reason has a text."""
    queries = [rule.query, *(kept.query for kept in rule.keeps if kept.query)]
    bound = frozenset().union(*map(bound_names, queries)) - _RESERVED
    declared = {parameter.name for parameter in rule.parameters}
    if bound != declared:
        odd = ", ".join(sorted(bound ^ declared))
        raise _refusal(
            file, f"the query and the parameters differ in: {odd}", "every bound name declared, and the reverse"
        )
    if rule.year and rule.year.column not in rule.needs.needed.get(rule.year.dataset, ()):
        raise _refusal(
            file, "the year comes from a column that is not needed", f"{rule.year.dataset} under needs.needed"
        )


def bound_names(query: str) -> frozenset[str]:
    """The names that a query binds, comments aside.

    >>> sorted(bound_names("select $grace_days -- not $this"))
    ['grace_days']
    """
    return frozenset(_BOUND.findall(_COMMENT.sub("", query)))


def placeholders(text: str) -> frozenset[str]:
    """The figures that a text names in braces."""
    return frozenset(match[1] for match in PLACEHOLDER.finditer(text))


def _refusal(file: str, what: str, expected: str) -> BadSpecification:
    return BadSpecification(what, f"rule {file}", expected, "correct the declaration")
