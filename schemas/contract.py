"""Data contracts as the rooms use them: what a dataset is, column by column.

Owns the frozen model; `schemas.odcs` reads it from the ODCS 3.1 files in `contracts/`. Everything else that states a
dataset's shape (Arrow schema, DDL, expectations, data dictionary, validation) is rendered from this model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Mode = Literal["snapshot", "delta"]
Severity = Literal["high", "medium", "low"]


class ValueType(StrEnum):
    """What a value is after casting."""

    STRING = "string"
    INTEGER = "integer"  # int64
    MONEY = "money"  # decimal128(18, 2), yuan
    NUMBER = "number"  # float64: ratios, areas
    DATE = "date"  # date32
    TIMESTAMP = "timestamp"  # timestamp[us], local time of the sender
    MONTH = "month"  # string YYYY-MM
    YEAR = "year"  # int64
    EVIDENCE = "evidence"  # list of structs (source, dataset, record_id, role), all strings; products only


class Identifier(StrEnum):
    """The kinds of identifier that have a canonical form and a check."""

    CITIZEN_ID = "citizen_id"  # GB 11643, 15 digits are upgraded to 18
    PERSON_DOCUMENT = "person_document"  # a citizen id where it looks like one, else a free-form document number
    USCC = "uscc"  # GB 32100
    ORGANIZATION_CODE = "organization_code"  # GB 11714
    REGISTRATION_NUMBER = "registration_number"  # GS15
    TAXPAYER_ID = "taxpayer_id"  # 15, 17, 18 or 20 characters


class PersonalData(StrEnum):
    """How far a column tells about a natural person (PIPL)."""

    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"  # identifiers, exact address, death, income


class Sharing(StrEnum):
    """共享属性: on what terms a dataset is shared (GB/T 21063)."""

    UNCONDITIONAL = "unconditional"  # 无条件共享
    CONDITIONAL = "conditional"  # 有条件共享
    NONE = "none"  # 不予共享


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    `required`: the file must have the column. `nullable`: a null value is allowed (only `record_id`, `name` and
    the key columns of products are not). `lenient`: text that cannot be cast is nulled and flagged, the raw value
    kept, instead of quarantining the row (identifiers, `birth_date`, codes). `unit`: of a number, null where it has
    none.
    """

    name: str
    name_zh: str
    name_en: str
    type: ValueType
    required: bool = False
    nullable: bool = True
    lenient: bool = False
    identifier: Identifier | None = None
    codes: str | None = None  # name of a code table in schemas/codes
    references: str | None = None  # "tax.natural_person.record_id"
    personal: PersonalData = PersonalData.NONE
    description: str = ""
    description_zh: str = ""
    unit: str | None = None  # "yuan", "yuan_per_month", "square_metre"

    @property
    def keeps_raw(self) -> bool:
        """Whether the accepted table carries `<name>_raw` beside the column."""
        return self.identifier is not None or self.name == "birth_date"


@dataclass(frozen=True)
class Floors:
    """Dataset-level limits that hold a batch.

    `min_rows`: a snapshot with fewer accepted rows is held. `min_ratio`: accepted rows of a snapshot over the rows
    of the state before it. `max_quarantined`: share of received rows. `max_null_share`: by column.
    """

    min_rows: int = 1
    min_ratio: float = 0.8
    max_quarantined: float = 0.5
    max_null_share: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class QualityRule:
    """An expectation on the accepted table beyond what the columns say; rendered to Great Expectations."""

    name: str
    column: str | None
    expectation: str  # a Great Expectations type, e.g. expect_column_values_to_be_between
    arguments: Mapping[str, object] = field(hash=False)
    severity: Severity
    description: str = ""
    description_zh: str = ""


@dataclass(frozen=True)
class Contract:
    """A source dataset or a published product.

    `freshness_days`: the newest cursor value is at most that many days older than the as-of day. `update_cycle`:
    daily, monthly or yearly. `grain`: what one row is.
    """

    name: str  # "tax.wage", or a product's "person_crosswalk"
    version: str
    title_zh: str
    title_en: str
    owner: str  # the department, in Chinese
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    cursor: str | None = None
    mode: Mode = "snapshot"
    freshness_days: int | None = None
    floors: Floors = field(default_factory=Floors)
    rules: tuple[QualityRule, ...] = ()
    description: str = ""
    description_zh: str = ""
    owner_en: str = ""
    sharing: Sharing = Sharing.CONDITIONAL
    update_cycle: str = "daily"
    grain: str = ""
    grain_zh: str = ""

    @property
    def department(self) -> str:
        """The part before the dot: the folder and the crosswalk's `source`."""
        return self.name.partition(".")[0]

    @property
    def dataset(self) -> str:
        """The part after the dot: the crosswalk's `dataset`."""
        return self.name.partition(".")[2] or self.name

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the order of the contract."""
        return tuple(column.name for column in self.columns)


def source_contracts() -> Mapping[str, Contract]:
    """Contracts of all source datasets by name, in the order of sources: persons, enterprises, facts."""
    from schemas import odcs  # noqa: PLC0415 - the reader imports this model

    return odcs.read_contracts("sources")


def source_names() -> frozenset[str]:
    """Names of all source datasets; no contract is read for them."""
    from schemas import odcs  # noqa: PLC0415

    return odcs.contract_names("sources")


def product_contracts() -> Mapping[str, Contract]:
    """Contracts of the published products by name."""
    from schemas import odcs  # noqa: PLC0415

    return odcs.read_contracts("products")


def source_contract(name: str) -> Contract:
    """The contract of a source dataset; KeyError where no department sends it."""
    from schemas import odcs  # noqa: PLC0415

    return odcs.read_named("sources", name)


def product_contract(name: str) -> Contract:
    """The contract of a published product; KeyError where there is none."""
    from schemas import odcs  # noqa: PLC0415

    return odcs.read_named("products", name)
