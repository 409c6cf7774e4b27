"""Data quality of accepted states: Great Expectations once per state and day, and the page that lists them all."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from schemas.contract import Severity, source_contract
from schemas.quality import check, write_index
from schemas.quality_result import Outcome, QualityResult
from sitong.settings import now
from storage.commit import commit, staging
from storage.manifest import Manifest, is_whole, read_manifest, whole_folders
from storage.zones import Zones

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")


def check_state(zones: Zones, state: Manifest, as_of: date) -> dict[str, Any]:
    """Check an accepted state as of a day; how many expectations there are, and how many failed by severity."""
    contract = source_contract(state.name)
    target = zones.quality(contract.department, contract.dataset, f"{state.version}.{as_of:%Y%m%d}")
    if not is_whole(target):
        data = zones.accepted(contract.department, contract.dataset, state.version) / "data.parquet"
        with staging(zones) as folder:
            result = check(contract, data, folder, as_of=as_of)
            commit(folder, target, _manifest(state, target.name, result))
    return dict(read_manifest(target).facts)


def write_index_page(zones: Zones, states: Mapping[str, Manifest]) -> Path:
    """Write `quality/index.html`: the latest check of each accepted state."""
    results = {}
    for name, state in states.items():
        contract = source_contract(name)
        folders = whole_folders(zones.quality(contract.department, contract.dataset, "any").parent)
        latest = [folder for folder in folders if folder.name.rpartition(".")[0] == state.version]
        if latest:
            address = f"{contract.department}/{contract.dataset}/{latest[-1].name}/index.html"
            results[address] = _result(latest[-1] / "result.json")
    return write_index(results, zones.home / "quality")


def _manifest(state: Manifest, version: str, result: QualityResult) -> Manifest:
    return Manifest(
        kind="quality",
        name=state.name,
        version=version,
        created_at=now(),
        rows=result.rows,
        inputs={state.name: state.version},
        facts={
            "expectations": len(result.outcomes),
            "failed": {severity: len(result.failed(severity)) for severity in SEVERITIES},
        },
    )


def _result(path: Path) -> QualityResult:
    values = json.loads(path.read_text(encoding="utf-8"))
    fields = {name: values[name] for name in QualityResult.__dataclass_fields__}
    outcomes = tuple(
        Outcome(**{name: one[name] for name in Outcome.__dataclass_fields__}) for one in values["outcomes"]
    )
    return QualityResult(**(fields | {"outcomes": outcomes, "as_of": date.fromisoformat(values["as_of"])}))
