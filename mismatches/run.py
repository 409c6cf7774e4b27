"""The cross-check as a stage: accepted tables and published products in, findings and reports out.

Writes `findings.parquet`, `findings.xlsx`, `report.html`, `report.pdf`, `monitors.json` and `summary.json`. A rule that
lacks something does not run and the summary says so; that is no failure. A format of the report that cannot be written
is left out and the summary says so, too. Equal inputs and settings give equal findings.
"""

import json
import logging
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import duckdb

from mismatches import report, report_pdf, workbook
from mismatches.declarations import shipped_rules
from mismatches.districts import place_findings
from mismatches.engine import Engine, RuleRun
from mismatches.freshness import InputFact, input_facts
from mismatches.inputs import opened
from mismatches.monitors import keeping
from mismatches.monitors.watching import Watched, watch
from mismatches.request import CrossCheckRequest
from mismatches.rule import Rule
from mismatches.summary import summary_facts
from storage.commit import private_files
from storage.manifest import Json, Manifest
from storage.stopping import stop_if_asked

_LOG = logging.getLogger(__name__)

FINDINGS_COLUMNS = (
    "finding_id",
    "rule",
    "rule_version",
    "period",
    "outcome",
    "subject_kind",
    "master_id",
    "link_probability",
    "estimate_low",
    "estimate_likely",
    "estimate_high",
    "severity",
    "evidence",
)
_DOUBLES = frozenset({"estimate_low", "estimate_likely", "estimate_high", "link_probability"})

Record = Callable[[duckdb.DuckDBPyConnection, Sequence[RuleRun], CrossCheckRequest], object]
"""Keeps the findings somewhere else, while the tables of the run are there."""


def cross_check(
    request: CrossCheckRequest,
    rules: Sequence[Rule] | None = None,
    *,
    reports: bool = True,
    monitors: bool = True,
    record: Record | None = None,
) -> Manifest:
    """Judge all rules and write the report of a day into `request.out`.

    `findings.parquet` has one row per hit and per not comparable, ordered by rule and finding id; clears are only
    counted. Without `reports` the workbook and the page are left out, without `monitors` what they watch. `record` is
    given the findings before the workbook is written. Returns a manifest of kind `report` whose facts are
    `summary.json`, among them `reports_failed`: the formats that could not be written, where there are any.

    Raises:
        BadSpecification: a rule or a setting that cannot be used.
    """
    with private_files(), opened(request) as connection:
        request.out.mkdir(parents=True, exist_ok=True)
        engine = Engine(connection, request)
        runs = [engine.run(rule) for rule in (shipped_rules() if rules is None else rules)]
        watched = watch(connection, engine, request) if monitors else None
        inputs = input_facts(connection, request)
        rows = _write_findings(connection, runs, request)
        facts = summary_facts(request, runs, inputs, watched)
        if watched:
            keeping.keep(connection, watched, request.as_of, request.out)
        place_findings(connection, runs)
        if record:
            record(connection, runs, request)
        if reports and (failed := _write_reports(connection, runs, inputs, request, watched)):
            facts["reports_failed"] = failed
        (request.out / "summary.json").write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return Manifest(
        kind="report",
        name="findings",
        version=request.as_of.isoformat(),
        created_at=request.made_at,
        rows=rows,
        inputs={item.name: item.version for item in inputs if item.present},
        facts=facts,
    )


def _write_reports(
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[RuleRun],
    inputs: Sequence[InputFact],
    request: CrossCheckRequest,
    watched: Watched | None,
) -> list[Json]:
    """Write each format by itself, as findings are not lost for the sake of a page; the files that failed."""
    shown = cache(lambda: report.shown(connection, runs, request, watched))
    formats: dict[str, Callable[[], None]] = {
        "findings.xlsx": lambda: workbook.write(connection, runs, inputs, request, watched),
        "report.html": lambda: report.write(shown(), runs, inputs, request, watched),
        "report.pdf": lambda: report_pdf.write(runs, shown().views, inputs, shown().charts, request),
    }
    return [name for name, write in formats.items() if not _written(write, request.out / name)]


def _written(write: Callable[[], None], path: Path) -> bool:
    """Whether a format was written; what broke it is said without the words of the error, which may be personal."""
    try:
        write()
    except (OSError, MemoryError, duckdb.Error):
        raise  # of the machine: another attempt may do
    except Exception as error:  # noqa: BLE001 - any other is of this format alone
        stop_if_asked()
        last = traceback.extract_tb(error.__traceback__)[-1]
        _LOG.error("%s could not be written: %s at %s:%s", path.name, type(error).__name__, last.filename, last.lineno)
        path.unlink(missing_ok=True)
        return False
    return True


def _write_findings(connection: duckdb.DuckDBPyConnection, runs: Sequence[RuleRun], request: CrossCheckRequest) -> int:
    columns = ", ".join(f"{name}::double as {name}" if name in _DOUBLES else name for name in FINDINGS_COLUMNS)
    tables = [f"select {columns} from {run.table}" for run in runs if run.ran]
    union = " union all ".join([_NO_FINDINGS, *tables])
    path = request.out / "findings.parquet"
    connection.execute(
        f"copy (from ({union}) order by rule, finding_id) to $path (format parquet, compression zstd)",
        {"path": str(path)},
    )
    return sum(run.findings for run in runs)


_NO_FINDINGS = """
select
    ''::varchar as finding_id, ''::varchar as rule, ''::varchar as rule_version, ''::varchar as period,
    ''::varchar as outcome, ''::varchar as subject_kind, ''::varchar as master_id, 0::double as link_probability,
    0::double as estimate_low, 0::double as estimate_likely, 0::double as estimate_high, ''::varchar as severity,
    []::struct(source varchar, dataset varchar, record_id varchar, role varchar)[] as evidence
where false
"""
