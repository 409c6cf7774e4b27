"""The criteria of survivorship, computed for a batch of source records: one rank a row, low is better.

Owns what the words of a policy mean (`validity`, `completeness`, `source`, `recency`, `majority`, `longest`,
`preference`, `same_record`). Works on distinct values, so that a pattern is tried once a value and not once a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registry.choice import NONE, Choice, Decision, Groups, Integers, Mask, Ranked, votes
from registry.members import PREFER_SUFFIX, ordered_datasets
from registry.policy import Attribute, Criterion, Policy
from schemas.contract import ValueType

WILDCARDS = r"[?？□■*＊\x{FFFD}\x{E000}-\x{F8FF}]"
"""Characters that stand for one that a system could not write; the private-use ones have no shape elsewhere."""

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
    """Source records of whole masters, with what the criteria of every attribute share."""

    policy: Policy
    table: pa.Table
    groups: Groups
    datasets: Integers
    recency: Integers
    as_of: date

    @classmethod
    def of(cls, policy: Policy, table: pa.Table, as_of: date) -> "Batch":
        """Take a table of `member_batches`."""
        masters = _indices(_encoded(table.column("master_id")))
        groups = Groups.at(np.diff(masters, prepend=NONE) != 0)
        datasets = table.column("_dataset").to_numpy().astype(np.int64)
        return cls(policy, table, groups, datasets, _recency(table.column("updated_at"), as_of), as_of)

    def values(self, attribute: Attribute) -> Values:
        """The attribute's values."""
        return Values.of(self.table.column(attribute.name), fold=attribute.fold)


def ranked(batch: Batch, attribute: Attribute, values: Values, leader: Choice | None) -> list[Ranked]:
    """The criteria of an attribute over a batch, in the order of its policy."""
    return [Ranked(Decision[name.upper()], _ranks(name, batch, attribute, values, leader)) for name in attribute.rank]


def _ranks(name: Criterion, batch: Batch, attribute: Attribute, values: Values, leader: Choice | None) -> Integers:  # noqa: PLR0911 - one line a word
    match name:
        case "validity":
            return _validity(batch, attribute, values)
        case "completeness":
            return _spread(_missing(attribute, values.distinct), values.positions)
        case "source":
            return _trust(batch.policy, attribute)[batch.datasets]
        case "recency":
            return batch.recency
        case "majority":
            return votes(values.codes, batch.datasets, batch.groups)
        case "longest":
            return _spread(-_integers(pc.utf8_length(values.distinct)), values.positions)
        case "preference":
            return _preference(batch, attribute, values)
        case "same_record":
            return _same_record(batch.groups, leader)


def _validity(batch: Batch, attribute: Attribute, values: Values) -> Integers:
    ranks = _flag_ranks(batch, attribute)
    kind = attribute.column.type
    if kind is ValueType.DATE:
        ranks = ranks + _spread(
            _IMPOSSIBLE * _integers(pc.greater(values.distinct, pa.scalar(batch.as_of))), values.positions
        )
    if kind is ValueType.STRING and attribute.doubtful:
        doubtful = pc.match_substring_regex(values.distinct, attribute.doubtful)
        ranks = ranks + _spread(_DOUBTFUL * _integers(doubtful), values.positions)
    return ranks


def _flag_ranks(batch: Batch, attribute: Attribute) -> Integers:
    """How far the flags of each row lower the attribute: the worst flag on a column that speaks for it."""
    encoded = _encoded(batch.table.column("_flags"))
    texts = [text.split(";") for text in encoded.dictionary.to_pylist()]
    table = np.zeros((len(batch.policy.datasets), len(texts) + 1), np.int64)
    for position, dataset in enumerate(ordered_datasets(batch.policy)):
        columns = {speaker.column for speaker in attribute.speakers if speaker.dataset == dataset}
        table[position, :-1] = [_worst(flags, columns, attribute.doubted_by, batch.policy.flags) for flags in texts]
    return table[batch.datasets, _indices(encoded)]  # NONE is the last column: no flags


def _worst(flags: list[str], columns: set[str], others: tuple[str, ...], ranks: Mapping[str, int]) -> int:
    meant = (flag for flag in flags if flag in others or flag.partition(":")[0] in columns)
    return max((ranks.get(flag.partition(":")[2], ranks["default"]) for flag in meant), default=0)


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


def _preference(batch: Batch, attribute: Attribute, values: Values) -> Integers:
    if attribute.prefer_by:
        values = Values.of(batch.table.column(attribute.name + PREFER_SUFFIX), fold=False)
    last = len(attribute.prefer)
    place = pc.fill_null(pc.index_in(values.distinct, pa.array(attribute.prefer, pa.string())), last)
    return _spread(_integers(place), values.positions, last)


def _same_record(groups: Groups, leader: Choice | None) -> Integers:
    if leader is None:
        raise ValueError("same_record needs the choice of another attribute")
    rows = np.arange(len(groups.of), dtype=np.int64)
    return np.asarray(rows != leader.record[groups.of], np.int64)


def allowed(groups: Groups, leader: Choice | None, stated: Values | None) -> Mask:
    """Rows that may speak: all, or those that state the chosen value of the attribute that this one belongs to."""
    if leader is None or stated is None:
        return np.ones(len(groups.of), bool)
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
    whole = column.combine_chunks()
    plain = whole if isinstance(whole, pa.Array) else pa.concat_arrays(column.chunks)
    return plain if isinstance(plain, pa.DictionaryArray) else plain.dictionary_encode()


def _indices(encoded: pa.DictionaryArray) -> Integers:
    return np.asarray(encoded.indices.fill_null(NONE).to_numpy(zero_copy_only=False), np.int64)


def _integers(values: pa.Array | pa.ChunkedArray) -> Integers:
    return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
