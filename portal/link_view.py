"""One pair of the queue as its page shows it: two records side by side, and the bits that they weigh."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from matching.explaining.wording import chance
from matching.model import MatchModel
from matching.parameters import Parameters
from mismatches.cases.queries.pages import evidence_records
from portal.desk import Desk
from portal.pair_picture import PairWeights, pair_picture
from portal.queue import Waiting, model_of
from portal.records import RecordGroup, record_groups
from portal.texts_links import REASONS
from portal.waterfall import Waterfall
from registry.judgements.judgement import RecordKey
from schemas.bilingual import Language
from schemas.contract import source_contract
from storage.manifest import is_whole, read_manifest
from storage.zones import Zones

_TOGETHER: Final = "the two"
"""Stands for the master of both records, so that they are shown as one group and compared with each other."""

_CERTAIN: Final = 1e-12
"""Distance of a match probability from 0 or 1 below which its digits no longer give the total weight back."""


@dataclass(frozen=True)
class LinkView:
    """A page of the queue. `gone`: a record is no longer in the accepted data of the match."""

    waiting: Waiting
    group: RecordGroup
    gone: bool
    picture: Waterfall
    probability: str
    threshold: str
    why: str
    revealed: bool


def link_view(waiting: Waiting, desk: Desk, *, reveal: bool = False) -> LinkView:
    """The view of a pair; identifiers of persons are masked unless revealed."""
    zones = desk.workplace.zones
    cited = [_cited(zones, waiting, key) for key in (waiting.left, waiting.right)]
    inputs = {key.table: _came(zones, waiting, key) for key in (waiting.left, waiting.right)}
    [group] = record_groups(evidence_records(cited, inputs, hide=not reveal), desk.language)
    model, trained = model_of(zones, waiting.run)
    return LinkView(
        waiting=waiting,
        group=group,
        gone=any(not one["values"] for one in cited),
        picture=picture(waiting, model, trained, desk.language),
        probability=chance(waiting.match_probability),
        threshold=chance(model.link),
        why=REASONS[waiting.reason].say(desk.language),
        revealed=reveal,
    )


def picture(waiting: Waiting, model: MatchModel, trained: Parameters, language: Language) -> Waterfall:
    """The waterfall of a pair, as the match weighed it."""
    fields = [
        (spec.field, waiting.levels.get(spec.field), waiting.weights.get(spec.field, 0.0)) for spec in model.comparisons
    ]
    weights = PairWeights(
        prior_bits=trained.prior_bits(),
        fields=fields,
        total_bits=_total(waiting.match_probability),
        match_probability=waiting.match_probability,
        link_bits=float(np.log2(model.link / (1 - model.link))),
        twice=waiting.left.table == waiting.right.table,
    )
    return pair_picture(weights, language)


def _total(probability: float) -> float | None:
    """The total weight behind a probability; null near certainty, where it can no longer be told."""
    if not _CERTAIN < probability < 1 - _CERTAIN:
        return None
    return float(np.log2(probability / (1 - probability)))


def _cited(zones: Zones, waiting: Waiting, key: RecordKey) -> Mapping[str, Any]:
    return {
        "source": key.source,
        "dataset": key.dataset,
        "record_id": key.record_id,
        "role": "",
        "master_id": _TOGETHER,
        "match_probability": None,
        "values": _values(_folder(zones, waiting, key), key),
    }


def _folder(zones: Zones, waiting: Waiting, key: RecordKey) -> Path:
    return zones.accepted(key.source, key.dataset, waiting.run.inputs.get(key.table) or "none")


def _values(folder: Path, key: RecordKey) -> Mapping[str, str]:
    """Column → text of a record as it was accepted; empty where that state has been cleared away."""
    path = folder / "data.parquet"
    if not path.is_file():
        return {}
    with duckdb.connect(config={"threads": 1, "memory_limit": "512MB"}) as connection:
        found: pa.Table = connection.sql(
            "select * from read_parquet(?) where record_id = ?", params=[str(path), key.record_id]
        ).to_arrow_table()
    rows = found.to_pylist()
    known = {column.name for column in source_contract(key.table).columns} - {"record_id"}  # it stands above them
    return {
        name: str(value)
        for name, value in (rows[0] if rows else {}).items()
        if value is not None and name.removesuffix("_raw") in known
    }


def _came(zones: Zones, waiting: Waiting, key: RecordKey) -> Mapping[str, str]:
    folder = _folder(zones, waiting, key)
    if not is_whole(folder):
        return {}
    manifest = read_manifest(folder)
    return {"version": manifest.version, "received_at": str(manifest.facts["received_at"])}
