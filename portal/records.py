"""The records that a finding cites, side by side: those of one master beside each other, facts by dataset."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mismatches.cases.queries.pages import EvidenceRecord
from mismatches.wording import UNKNOWN, money, share
from portal import words
from schemas.bilingual import Bilingual, Language
from schemas.code_tables import code_table
from schemas.contract import Column, Contract, ValueType, source_contract

BESIDE: Final = 6
"""Records of a group that stand side by side at first."""
MOST: Final = 200
"""Records of a group that a page shows at all."""

_ROLES: Final[Mapping[str, Bilingual]] = {
    "subject": Bilingual("主体", "subject"),
    "support": Bilingual("佐证", "support"),
}
_RAW: Final = "_raw"
_AS_SENT: Final = Bilingual("原值", "as sent")


@dataclass(frozen=True)
class Cell:
    """One value; `differs`: another record of the same master says something else."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Attribute:
    """One attribute over the records of a group."""

    title: str
    cells: tuple[Cell, ...]
    differs: bool


@dataclass(frozen=True)
class Cited:
    """One record: where it comes from and how sure it is that it belongs to its master."""

    dataset: str
    name: str
    department: str
    record_id: str
    role: str
    link: str
    received: str
    version: str


@dataclass(frozen=True)
class RecordGroup:
    """Records of one master, or facts of one dataset (`master_id` null). `more`: records that are not shown."""

    master_id: str | None
    cited: tuple[Cited, ...]
    attributes: tuple[Attribute, ...]
    more: int


def record_groups(
    evidence: Sequence[EvidenceRecord], language: Language, *, every: bool = False
) -> tuple[RecordGroup, ...]:
    """The groups in the order of the evidence, the subject's first."""
    grouped: dict[str, list[EvidenceRecord]] = {}
    for record in evidence:
        grouped.setdefault(record.master_id or f"{record.source}.{record.dataset}", []).append(record)
    most = MOST if every else BESIDE
    return tuple(_group(records[:most], len(records) - most, language) for records in grouped.values())


def _group(records: Sequence[EvidenceRecord], more: int, language: Language) -> RecordGroup:
    contracts = [source_contract(f"{record.source}.{record.dataset}") for record in records]
    names = dict.fromkeys(name for record in records for name in record.values)
    attributes = (_attribute(name, records, contracts, language) for name in names if not _repeats(name, records))
    cited = tuple(_cited(record, contract, language) for record, contract in zip(records, contracts, strict=True))
    return RecordGroup(records[0].master_id, cited, tuple(one for one in attributes if one), max(more, 0))


def _repeats(name: str, records: Iterable[EvidenceRecord]) -> bool:
    """Whether a value as it was sent says no more than the value beside it."""
    plain = name.removesuffix(_RAW)
    return name.endswith(_RAW) and all(
        record.values.get(name) in (None, record.values.get(plain)) for record in records
    )


def _attribute(
    name: str, records: Sequence[EvidenceRecord], contracts: Sequence[Contract], language: Language
) -> Attribute | None:
    if all(not record.values.get(name) for record in records):
        return None
    owner = next(one for one, record in zip(contracts, records, strict=True) if name in record.values)
    column = owner.column(name.removesuffix(_RAW))
    title = Bilingual(column.name_zh, column.name_en).say(language)
    cells = tuple(
        Cell(_told(record.values.get(name), column, language), name in record.differs and bool(record.values.get(name)))
        for record in records
    )
    shown = f"{title} ({_AS_SENT.say(language)})" if name.endswith(_RAW) else title
    return Attribute(shown, cells, any(cell.differs for cell in cells))


def _told(text: str | None, column: Column, language: Language) -> str:
    if not text:
        return UNKNOWN
    if column.type is ValueType.MONEY:
        return money(text)
    if column.codes and column.codes != "industry":
        table = code_table(column.codes)
        named = (table.names if language == "zh" else table.names_en or table.names).get(text)
        return f"{named} ({text})" if named else text
    return text


def _cited(record: EvidenceRecord, contract: Contract, language: Language) -> Cited:
    return Cited(
        dataset=Bilingual(contract.title_zh, contract.title_en).say(language),
        name=contract.name,
        department=Bilingual(contract.owner, contract.owner_en).say(language),
        record_id=record.record_id,
        role=_ROLES[record.role].say(language) if record.role in _ROLES else record.role,
        link=share(record.match_probability),
        received=words.moment(record.received_at),
        version=record.version or UNKNOWN,
    )
