"""The criteria of survivorship, computed for a batch of source records: one rank a row, low is better.

Owns what the words of a policy mean (`validity`, `completeness`, `source`, `recency`, `majority`, `longest`,
`preference`, `same_record`). Works on distinct values, so that a pattern is tried once a value and not once a row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.choice import NONE, Choice, Decision, Groups, Integers, Mask, Ranked, votes
from registry.members import PREFER_SUFFIX, ordered_datasets
from registry.policy import Attribute, Criterion, Policy
from schemas.contract import ValueType
from schemas.text import whole

WILDCARDS = r"[?？□■*＊\x{FFFD}\x{E000}-\x{F8FF}]"
"""Characters that stand for one that a system could not write; the private-use ones have no shape elsewhere."""

Ranks: TypeAlias = Callable[[Integers], Integers]
"""Ranks of some rows of a batch."""

_DOUBTFUL = 4  # worse than any flag but an impossible day
_IMPOSSIBLE = 8
_AFTER_AS_OF = 2**61  # added to the rank of a time after the as-of day: a clock that runs ahead must not win by it
_UNTIMED = 2**62


@dataclass(frozen=True)
class Values:
    """One attribute over a batch: `distinct` values, and for each row the position of its value, NONE for null.

    `codes` may be coarser than `positions`: rows whose values differ by writing only share a code.
    """

    distinct: pa.Array
    positions: Integers
    codes: Integers

    @classmethod
    def of(cls, column: pa.ChunkedArray, *, fold: bool) -> "Values":
        """Encode a column; `fold` disregards width and blanks."""
        encoded = _encoded(column)
        positions = _indices(encoded)
        if not fold or not len(encoded.dictionary):
            return cls(encoded.dictionary, positions, positions)
        plain = pc.replace_substring_regex(pc.utf8_normalize(encoded.dictionary, "NFKC"), r"[\s\x{3000}]+", "")
        folded = _indices(plain.dictionary_encode())
        return cls(encoded.dictionary, positions, _spread(folded, positions, NONE))


@dataclass(frozen=True)
class Batch:
    """Source records of whole masters, with what the criteria of every attribute share.

    `flags`: the distinct texts of `_flags`, and for each row the position of its own. `raised`: each flag → the
    positions of the texts that hold it.
    """

    policy: Policy
    table: pa.Table
    groups: Groups
    datasets: Integers
    recency: Integers
    flags: Values
    raised: Mapping[str, Integers]
    as_of: date

    @classmethod
    def of(cls, policy: Policy, table: pa.Table, as_of: date) -> "Batch":
        """Take a table of `member_batches`."""
        masters = _indices(_encoded(table.column("master_id")))
        groups = Groups.at(np.diff(masters, prepend=NONE) != 0)
        datasets = table.column("_dataset").to_numpy().astype(np.int64)
        flags = Values.of(table.column("_flags"), fold=False)
        recency = _recency(table.column("updated_at"), as_of)
        return cls(policy, table, groups, datasets, recency, flags, _raised(flags.distinct), as_of)

    def values(self, attribute: Attribute) -> Values:
        """The attribute's values."""
        return Values.of(self.table.column(attribute.name), fold=attribute.fold)


def _raised(texts: pa.Array) -> Mapping[str, Integers]:
    """Each flag of `column:rule;column:rule` → the positions of the texts that hold it."""
    found: dict[str, list[int]] = {}
    for position, text in enumerate(texts.to_pylist()):
        for flag in text.split(";"):
            found.setdefault(flag, []).append(position)
    return {flag: np.array(positions, np.int64) for flag, positions in found.items()}


def ranked(batch: Batch, attribute: Attribute, values: Values, leader: Choice | None) -> list[Ranked]:
    """The criteria of an attribute over a batch, in the order of its policy."""
    return [Ranked(Decision[name.upper()], _ranks(name, batch, attribute, values, leader)) for name in attribute.rank]


def _ranks(name: Criterion, batch: Batch, attribute: Attribute, values: Values, leader: Choice | None) -> Ranks:  # noqa: PLR0911 - one line a word
    match name:
        case "validity":
            return _validity(batch, attribute, values)
        case "completeness":
            return _ByValue(lambda distinct: _missing(attribute, distinct), values)
        case "source":
            trust = _trust(batch.policy, attribute)
            return lambda rows: trust[batch.datasets[rows]]
        case "recency":
            return lambda rows: batch.recency[rows]
        case "majority":
            majority = cache(lambda: votes(values.codes, batch.datasets, batch.groups))
            return lambda rows: majority()[rows]
        case "longest":
            return _ByValue(lambda distinct: -_integers(pc.utf8_length(distinct)), values)
        case "preference":
            return _preference(batch, attribute, values)
        case "same_record":
            return _same_record(batch.groups, leader)


class _ByValue:
    """Ranks of rows by their values; a value is ranked once, when a row that states it is first asked about."""

    def __init__(self, rank: Callable[[pa.Array], Integers], values: Values, null: int = 0) -> None:
        self._rank, self._values = rank, values
        self._ranks = np.full(len(values.distinct) + 1, null, np.int64)  # NONE is the last
        self._known = np.zeros(len(self._ranks), bool)
        self._known[NONE] = True

    def __call__(self, rows: Integers) -> Integers:
        positions = self._values.positions[rows]
        asked = np.zeros(len(self._known), bool)
        asked[positions] = True
        new = np.flatnonzero(asked & ~self._known)
        if len(new):
            self._ranks[new] = self._rank(self._values.distinct.take(pa.array(new)))
            self._known[new] = True
        return self._ranks[positions]


def _validity(batch: Batch, attribute: Attribute, values: Values) -> Ranks:
    parts = [_flag_ranks(batch, attribute)]
    kind = attribute.column.type
    if kind is ValueType.DATE:
        last = pa.scalar(batch.as_of)
        parts.append(_ByValue(lambda distinct: _IMPOSSIBLE * _integers(pc.greater(distinct, last)), values))
    if kind is ValueType.STRING and (doubtful := attribute.doubtful):
        parts.append(
            _ByValue(lambda distinct: _DOUBTFUL * _integers(pc.match_substring_regex(distinct, doubtful)), values)
        )
    return lambda rows: sum((part(rows) for part in parts), np.zeros(len(rows), np.int64))


def _flag_ranks(batch: Batch, attribute: Attribute) -> Ranks:
    """How far the flags of each row lower the attribute: the worst flag on a column that speaks for it."""
    table = np.zeros((len(batch.policy.datasets), len(batch.flags.distinct) + 1), np.int64)
    for position, dataset in enumerate(ordered_datasets(batch.policy)):
        columns = {speaker.column for speaker in attribute.speakers if speaker.dataset == dataset}
        for flag, texts in batch.raised.items():
            column, _, rule = flag.partition(":")
            if flag in attribute.doubted_by or column in columns:
                rank = batch.policy.flags.get(rule, batch.policy.flags["default"])
                table[position, texts] = np.maximum(table[position, texts], rank)
    return lambda rows: table[batch.datasets[rows], batch.flags.positions[rows]]  # NONE is the last column: no flags


def _missing(attribute: Attribute, distinct: pa.Array) -> Integers:
    """How many characters of each value stand for lost ones; one more where the value says that nothing is known."""
    if attribute.column.type is not ValueType.STRING:
        return np.zeros(len(distinct), np.int64)
    lost = _integers(pc.count_substring_regex(distinct, WILDCARDS))
    return lost + _integers(pc.is_in(distinct, pa.array(attribute.unknown, pa.string())))


def _trust(policy: Policy, attribute: Attribute) -> Integers:
    """Rank by dataset: the place of its first speaker in the policy."""
    order = [speaker.dataset for speaker in attribute.speakers]
    return np.array([order.index(name) if name in order else len(order) for name in ordered_datasets(policy)], np.int64)


def _preference(batch: Batch, attribute: Attribute, values: Values) -> Ranks:
    if attribute.prefer_by:
        values = Values.of(batch.table.column(attribute.name + PREFER_SUFFIX), fold=False)
    last, preferred = len(attribute.prefer), pa.array(attribute.prefer, pa.string())
    return _ByValue(lambda distinct: _integers(pc.fill_null(pc.index_in(distinct, preferred), last)), values, last)


def _same_record(groups: Groups, leader: Choice | None) -> Ranks:
    if leader is None:
        raise ValueError("same_record needs the choice of another attribute")
    return lambda rows: np.asarray(rows != leader.record[groups.of[rows]], np.int64)


def allowed(groups: Groups, leader: Choice, stated: Values) -> Mask:
    """Rows that may speak: those that state the chosen value of the attribute that this one belongs to."""
    chosen = np.where(leader.record == NONE, NONE, stated.codes[leader.record])
    return np.asarray(stated.codes == chosen[groups.of])


def _recency(updated_at: pa.ChunkedArray, as_of: date) -> Integers:
    times = _integers(pc.fill_null(updated_at.cast(pa.timestamp("us")).cast(pa.int64()), np.iinfo(np.int64).min))
    end = np.datetime64(datetime.combine(as_of, time.max), "us").astype(np.int64)
    ranks = np.where(times <= end, -times, _AFTER_AS_OF - times)
    return np.where(times == np.iinfo(np.int64).min, _UNTIMED, ranks)


def _spread(by_value: Integers, positions: Integers, null: int = 0) -> Integers:
    """Give each row what belongs to its value."""
    spread: Integers = np.append(by_value, null)[positions]  # NONE takes the last
    return spread


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    plain = whole(column)
    return plain if isinstance(plain, pa.DictionaryArray) else plain.dictionary_encode()


def _indices(encoded: pa.DictionaryArray) -> Integers:
    return np.asarray(encoded.indices.fill_null(NONE).to_numpy(zero_copy_only=False), np.int64)


def _integers(values: pa.Array | pa.ChunkedArray) -> Integers:
    return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
