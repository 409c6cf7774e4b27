"""Blocking keys that mean the same in every run: of the content of a value, not of its place in a table.

A match may number its values, for it sees all of them at once. An index is asked about values that came later, so what
`matching.standardise` numbers is hashed here, and what it makes of the content is taken as it is.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from matching.model import BlockingRule, MatchModel
from matching.records import Records
from matching.standardise.companies import parse
from matching.standardise.sightings import hashes
from matching.standardise.values import Keys, ValueTable, mixed

_OF_CONTENT: Mapping[str, tuple[str, ...]] = {
    "address": ("house", "building", "road"),
    "chinese_name": ("sound", "surname", "given", "less"),
    "citizen_id": ("tail", "head"),
    "date": ("year_month", "month_day", "near"),
    "organization_code": ("head", "tail"),
    "owner_id": ("tail", "head"),
}
"""Standardiser → keys that are made of the content."""


def rules(model: MatchModel) -> tuple[BlockingRule, ...]:
    """The model's blocking rules whose keys can be kept, and one for each telling field alone.

    Single fields are there for who knows nothing else: their blocks are large and come last.
    """
    known = tuple(rule for rule in model.blocking if all(_is_kept(model, key) for key in rule.keys))
    fields = [spec.field for spec in model.comparisons if len(spec.levels) > 2]
    alone = [[key] for field in fields for key in (field, f"{field}.sound", f"{field}.house") if _is_kept(model, key)]
    return known + tuple(BlockingRule(name=f"{keys[0]} alone", keys=tuple(keys)) for keys in alone)


def _is_kept(model: MatchModel, name: str) -> bool:
    field, _, key = name.partition(".")
    standardiser = model.fields[field].standardiser
    if standardiser == "company_name":
        return key in ("", "value", "core", "trade", "start", "end")
    return key in ("", "value", *_OF_CONTENT.get(standardiser, ()))


def kept_keys(model: MatchModel, records: Records) -> Mapping[str, Mapping[str, Keys]]:
    """Field → key → by value."""
    return {
        field: _company(table) if spec.standardiser == "company_name" else _plain(spec.standardiser, table)
        for field, spec in model.fields.items()
        if (table := records.values.get(field)) is not None
    }


def _plain(standardiser: str, table: ValueTable) -> Mapping[str, Keys]:
    present = {name: table.keys[name] for name in _OF_CONTENT.get(standardiser, ()) if name in table.keys}
    whole = table.keys["value"] != 0  # a value that is no key in the match is none here
    return {**present, "value": np.where(whole, hashes(table.texts), np.uint64(0))}


def _company(table: ValueTable) -> Mapping[str, Keys]:
    parsed = [parse(name) for name in table.texts.to_pylist()]
    cores = [part.trade + part.industry for part in parsed]

    def key(number: int, texts: Sequence[str]) -> Keys:
        return mixed(hashes(pa.array(texts, pa.string())) | np.uint64(1), number)

    branch = key(1, [part.branch for part in parsed])
    return {
        "value": hashes(table.texts),
        "core": mixed(key(2, cores), branch),
        "trade": mixed(key(3, [part.trade for part in parsed]), branch),
        "start": key(4, [core[:2] for core in cores]),
        "end": key(5, [core[1:] for core in cores]),
    }


def rule_keys(records: Records, keys: Mapping[str, Mapping[str, Keys]], rule: BlockingRule) -> Iterator[Keys]:
    """Keys of a rule by record, 0 where there is none: one array for each combination of what a record says."""
    parts = [list(_by_record(records, keys, name)) for name in rule.keys]
    for combination in itertools.product(*parts):
        yield mixed(*combination)


def _by_record(records: Records, keys: Mapping[str, Mapping[str, Keys]], name: str) -> Iterator[Keys]:
    field, _, key = name.partition(".")
    of_value = keys[field][key or "value"]
    for codes in (records.codes[field], *records.others[field]):
        for column in of_value.T if of_value.ndim == 2 else (of_value,):
            yield np.append(column, np.uint64(0))[codes]
