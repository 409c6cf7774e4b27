"""One question to an index: who could this be?

A question is weighed against what the records say exactly as a match weighs two records: the same standardisers,
comparators, trained probabilities and frequencies. Each candidate master has the weight of its best row.
Nothing of a question is logged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from matching import frozen, weighing
from matching.blocking import Pairs
from matching.evidence import compare
from matching.explaining.finished import trained_model
from matching.frozen import Counts, Frozen, Holders
from matching.nodes import collapse
from matching.parallel import one_by_one
from matching.placeholders import without_known
from matching.records import Records, columns_read
from matching.standardise.sightings import hashes
from registry.search.index import Blocks, Rows, opened_rows, standardised, taken, text_columns
from registry.search.keys import kept_keys, spoken_fields
from storage.errors import BadSpecification

MOST_CANDIDATES = 1_000
"""Rows that are weighed for one question."""


@dataclass(frozen=True)
class Candidate:
    """A master that it could be.

    Attributes:
        master_id: in the base database.
        weight: bits, the prior's included.
        probability: of the match.
        levels: field → how well it agrees; fields that a side lacks are left out.
        values: column → what the best row says.
    """

    master_id: str
    weight: float
    probability: float
    levels: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """What a question found, best first; `cut`: more rows shared a key than were weighed, so say more."""

    candidates: tuple[Candidate, ...]
    weighed: int
    cut: bool


@dataclass(frozen=True)
class _Looked(Holders):
    """Holders by hash of their value: a question is answered without a look at all of them."""

    order: np.ndarray[tuple[int], np.dtype[np.uint64]]
    sorted_counts: Counts

    def of(self, texts: pa.StringArray) -> Counts:
        """Holders of some values, 0 for one that was not seen."""
        asked = hashes(texts)
        places = np.minimum(np.searchsorted(self.order, asked), len(self.order) - 1)
        return np.where(self.order[places] == asked, self.sorted_counts[places], 0.0)


class SearchIndex:
    """An index opened for questions; safe for several threads, as it is only read.

    Args:
        folder: what `registry.search.index.write_index` wrote.
    """

    def __init__(self, folder: Path) -> None:
        model, self._trained = trained_model(folder)
        self._model = model.model_copy(update={"collapse": (), "settled": ""})
        known = frozen.read(folder) or Frozen()
        self._known = Frozen({name: _looked(one) for name, one in known.holders.items()}, known.placeholders)
        self._rows = opened_rows(folder)
        self._columns = text_columns(model)
        self._blocks = Blocks(folder, model)

    @property
    def columns(self) -> tuple[str, ...]:
        """What may be asked for."""
        return self._columns

    def search(self, query: Mapping[str, str], limit: int = 10) -> Found:
        """Rank who it could be.

        Args:
            query: column → value, as a department would write it.
            limit: candidates at most.

        Raises:
            BadSpecification: a column that the model does not read, a value that cannot be read, or nothing to go by.
        """
        with one_by_one():
            return self._found(self._question(query), limit)

    def _found(self, asked: pa.Table, limit: int) -> Found:
        records, _ = without_known(standardised(asked, self._model), self._model, self._known.placeholders)
        self._refuse_unread(asked, records)
        rows, cut = self._blocks.candidates(records, kept_keys(self._model, records), MOST_CANDIDATES)
        if not len(rows):
            return Found((), 0, cut)
        return Found(self._ranked(rows, asked.select(self._weighed(records)), limit), len(rows), cut)

    def _weighed(self, question: Records) -> list[str]:
        """The columns that rows are weighed by: a field of which the question says nothing weighs nothing."""
        fields = spoken_fields(question)
        fields |= {other for name in fields if (other := self._model.fields[name].fallback)}
        return ["master_id", *sorted(columns_read(self._model, fields).intersection(self._columns))]

    def _question(self, query: Mapping[str, str]) -> pa.Table:
        given = {name: value.strip() for name, value in query.items() if value and value.strip()}
        unknown = sorted(set(given) - set(self._columns))
        if unknown or not given:
            what = f"{', '.join(unknown)} cannot be searched for" if unknown else "nothing is asked for"
            raise BadSpecification(what, "query", ", ".join(self._columns), "name one of these at least")
        columns = {name: pa.array([given.get(name)], pa.string()) for name in self._columns}
        return pa.table({"master_id": pa.array([""], pa.string()), **columns})

    def _refuse_unread(self, asked: pa.Table, records: Records) -> None:
        """Refuse a value that says nothing to the match: whoever gave it would take "nobody" for an answer."""
        given = {name for name in asked.column_names if asked.column(name)[0].is_valid}
        said: dict[str, bool] = {}
        for field, spec in self._model.fields.items():
            for name in given.intersection(spec.columns):
                said[name] = said.get(name, False) or bool(records.codes[field][0] >= 0)
        unread = [name for name, speaks in said.items() if not speaks]
        if unread:
            raise BadSpecification(
                f"{', '.join(sorted(unread))} cannot be read, or is a placeholder", "query",
                "a day as YYYY-MM-DD, everything else as a department writes it", "correct the value or leave it out",
            )  # fmt: skip

    def _ranked(self, rows: Rows, asked: pa.Table, limit: int) -> tuple[Candidate, ...]:
        theirs = taken(self._rows.select(asked.column_names), rows).cast(asked.schema).combine_chunks()
        records = standardised(pa.concat_tables([theirs, asked]).combine_chunks(), self._model)
        records, _ = without_known(records, self._model, self._known.placeholders)
        nodes = collapse(records, self._model)
        pairs = Pairs(np.arange(len(rows), dtype=np.int32), np.full(len(rows), len(rows), np.int32))
        evidence = compare(records, nodes, self._model, pairs)
        common = weighing.frequencies(nodes, records, self._model, self._known)
        weights = weighing.weigh(self._model, self._trained, common, evidence)
        bits = weighing.total(self._model, self._trained, weights, evidence, ())
        best = _best(theirs.column("master_id").to_pylist(), bits)[:limit]
        told = dict(zip(sorted(best), taken(self._rows, rows[sorted(best)]).to_pylist(), strict=True))
        return tuple(self._candidate(told[at], float(bits[at]), evidence.levels[at]) for at in best)

    def _candidate(self, row: Mapping[str, str | None], bits: float, levels: Sequence[int]) -> Candidate:
        told = {
            spec.field: spec.levels[level].level
            for spec, level in zip(self._model.comparisons, levels, strict=True)
            if level >= 0
        }
        values = {name: value for name, value in row.items() if value and name != "master_id"}
        probability = float(weighing.probability(np.array([bits]))[0])
        return Candidate(str(row["master_id"]), round(bits, 3), round(probability, 6), told, values)


def _looked(holders: Holders) -> _Looked:
    keys = hashes(holders.values)
    order = np.argsort(keys)
    return _Looked(holders.values, holders.counts, keys[order], holders.counts[order])


def _best(masters: Sequence[str], bits: weighing.Bits) -> list[int]:
    """The best row of each master, best first; ties by master id."""
    best: dict[str, int] = {}
    for at in np.argsort(-bits, kind="stable").tolist():
        best.setdefault(masters[at], at)
    return sorted(best.values(), key=lambda at: (-float(bits[at]), masters[at]))
