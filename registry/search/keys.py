"""Blocking keys that mean the same in every run: of the content of a value, not of its place in a table.

A match may number its values, for it sees all of them at once. An index is asked about values that come later, so whole
values are hashed here; all other keys of `matching.standardise` rest on the value alone and are taken as they are.
"""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from matching.model import BlockingRule, MatchModel
from matching.records import Records
from matching.standardise.registry import keys_of
from matching.standardise.sightings import hashes
from matching.standardise.values import Keys, ValueTable, mixed

_PARTS = ("value", "sound", "core", "house", "tail", "head")
"""Keys that are worth a block of their own, where somebody knows nothing else."""


def rules(model: MatchModel) -> tuple[BlockingRule, ...]:
    """The model's blocking rules, and one for each telling field alone: its blocks are large and come last."""
    fields = [spec.field for spec in model.comparisons if len(spec.levels) > 2]
    alone = [
        f"{field}.{part}" for field in fields for part in _PARTS if part in keys_of(model.fields[field].standardiser)
    ]
    return model.blocking + tuple(BlockingRule(name=f"{key} alone", keys=(key,)) for key in alone)


def kept_keys(model: MatchModel, records: Records) -> Mapping[str, Mapping[str, Keys]]:
    """Field → key → by value."""
    return {field: _of_content(records.values[field]) for field in model.fields}


def _of_content(table: ValueTable) -> Mapping[str, Keys]:
    whole = table.keys["value"] != 0  # a value that is no key in the match is none here
    return {**table.keys, "value": np.where(whole, hashes(table.texts), np.uint64(0))}


def spoken_fields(records: Records) -> frozenset[str]:
    """The fields of which any of the records says something."""
    return frozenset(
        field
        for field, codes in records.codes.items()
        if any((one >= 0).any() for one in (codes, *records.others[field]))
    )


def fields_of(rule: BlockingRule) -> frozenset[str]:
    """The fields whose keys make up those of a rule."""
    return frozenset(key.partition(".")[0] for key in rule.keys)


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
