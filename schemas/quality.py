"""Runs a contract's expectations over an accepted Parquet file and writes what came of it.

Great Expectations does the checking, through DuckDB; the result keeps counts only, never a value of a row. It is
imported inside `check`, because that takes seconds. Failed expectations do not raise: who calls decides what they hold.
"""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from schemas.contract import Contract
from schemas.duckdb_dialect import VIEW, parquet_url
from schemas.quality_pages import dataset_page, index_page
from schemas.quality_result import Outcome, QualityResult, as_json
from schemas.rendering.expectations import FRESHEST_ALLOWED, suite

__all__ = ["Outcome", "QualityResult", "check", "write_index"]

RESULT_FILE: Final = "result.json"
PAGE_FILE: Final = "index.html"

_SHOWN_ARGUMENT: Final = 120
"""Characters of an argument's JSON that result and page repeat; code lists are longer and stand in the dictionary."""

_logger = logging.getLogger(__name__)


def check(contract: Contract, parquet: Path, out: Path, *, as_of: date) -> QualityResult:
    """Run the contract's suite over a Parquet file; write `result.json` and `index.html` into `out`.

    Args:
        contract: whose columns the file has (more are no fault).
        parquet: an accepted state or a published product.
        out: a folder; it is made where it is missing, mode 0700.
        as_of: the day from which freshness is counted.
    """
    _make_folder(out)
    stated = suite(contract)
    rows = pq.read_metadata(parquet).num_rows
    with tempfile.TemporaryDirectory(prefix=".spill-", dir=out) as scratch, _quiet():
        found = _validate(stated, parquet_url(parquet, scratch=Path(scratch)), _parameters(contract, as_of))
    result = _result(contract, as_of, rows, _outcomes(stated, found))
    _write(out / RESULT_FILE, json.dumps(as_json(result), ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    _write(out / PAGE_FILE, dataset_page(result))
    _log(result)
    return result


def write_index(results: Mapping[str, QualityResult], out: Path) -> Path:
    """Write `out/index.html`, which lists the datasets of a run.

    Args:
        results: by the address of each dataset's page relative to `out`.
        out: a folder; it is made where it is missing, mode 0700.
    """
    _make_folder(out)
    page = out / PAGE_FILE
    _write(page, index_page(results))
    return page


def _parameters(contract: Contract, as_of: date) -> dict[str, object]:
    if contract.freshness_days is None:
        return {}
    return {FRESHEST_ALLOWED: (as_of - timedelta(days=contract.freshness_days)).isoformat()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations from phoning, drawing bars, and warning about code that is its own."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        for module in (r"great_expectations\.", r"marshmallow\.", r"pydantic\.", r"altair\."):
            warnings.filterwarnings("ignore", module=module)
        yield


def _validate(stated: Mapping[str, Any], url: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
    """Results of Great Expectations as JSON values, one per expectation, in an order of its own."""
    import great_expectations as gx  # noqa: PLC0415 - 3.5 seconds that only this function needs
    from great_expectations.core import ExpectationSuite  # noqa: PLC0415
    from great_expectations.core.result_format import ResultFormat  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # importing it has set INFO
    # This module asks for INFO of its own accord, whatever its parents say.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_sql(name="parquet", connection_string=url)
    try:
        batch = source.add_table_asset(name=VIEW, table_name=VIEW).add_batch_definition_whole_table("all").get_batch()
        found = batch.validate(
            ExpectationSuite(**stated), result_format=ResultFormat.SUMMARY, expectation_parameters=parameters
        )
        return list(found.to_json_dict()["results"])  # type: ignore[no-untyped-call]
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()


def _result(contract: Contract, as_of: date, rows: int, outcomes: tuple[Outcome, ...]) -> QualityResult:
    return QualityResult(
        dataset=contract.name,
        title_zh=contract.title_zh,
        title_en=contract.title_en,
        owner_zh=contract.owner,
        owner_en=contract.owner_en,
        contract_version=contract.version,
        as_of=as_of,
        rows=rows,
        outcomes=outcomes,
    )


def _outcomes(stated: Mapping[str, Any], found: list[dict[str, Any]]) -> tuple[Outcome, ...]:
    """In the order of the suite; Great Expectations returns them in another."""
    by_rule = {_identity(item["expectation_config"]["meta"]): item for item in found}
    return tuple(_outcome(item, by_rule[_identity(item["meta"])]) for item in stated["expectations"])


def _identity(meta: Mapping[str, Any]) -> tuple[str, str | None]:
    return meta["rule"], meta["column"]


def _outcome(expectation: Mapping[str, Any], found: Mapping[str, Any]) -> Outcome:
    """Counts only: the values that Great Expectations collects stay behind."""
    meta, counts = expectation["meta"], found["result"]
    missing, elements = counts.get("missing_count"), counts.get("element_count")
    observed = counts.get("observed_value")
    return Outcome(
        rule=meta["rule"],
        column=meta["column"],
        severity=meta["severity"],
        title_zh=meta["title_zh"],
        title_en=meta["title_en"],
        expectation=expectation["type"],
        arguments=_shown(found["expectation_config"]["kwargs"]),
        passed=bool(found["success"]),
        computed=bool(counts),
        checked=None if elements is None else elements - (missing or 0),
        missing=missing,
        unexpected=None if elements is None else counts.get("unexpected_count") or 0,
        observed=None if observed is None else _text(observed),
    )


def _shown(arguments: Mapping[str, Any]) -> dict[str, object]:
    own = {name: value for name, value in arguments.items() if name not in {"batch_id", "column"} and value is not None}
    return {name: value if len(_text(value)) <= _SHOWN_ARGUMENT else "…" for name, value in own.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _log(result: QualityResult) -> None:
    failed = sum(not outcome.passed for outcome in result.outcomes)
    _logger.info("quality checked", extra={"dataset": result.dataset, "rows": result.rows, "failed": failed})
    broken = [outcome.rule for outcome in result.outcomes if not outcome.computed]
    if broken:
        _logger.error("quality rules not computed", extra={"dataset": result.dataset, "rules": broken})


def _make_folder(folder: Path) -> None:
    """The folder and its missing parents, none of them open to others."""
    for path in reversed((folder, *folder.parents)):
        path.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, content: str) -> None:
    """Write a file with mode 0600 in one rename."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    Path(name).replace(path)
