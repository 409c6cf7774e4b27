"""The loads on the portal as Markdown, for docs/benchmarks.md."""

from typing import Any, Final

from benchmarks.results import portal_kept

BAR_MS: Final = 200.0
_BUSY: Final = 3.0  # load average above which others were at work on the two cores, too
_HEAD: Final = ["page", "requests", "p50 ms", "p95 ms", "p99 ms", "errors", "CPU ms, portal", "CPU ms, database"]
_WHAT: Final = """Bar: p95 of every page at most 200 ms with 50 auditors at work on 100,000 findings.

`python -m benchmarks portal` fills an embedded PostgreSQL (findings of every rule, evidence, a fifth of the hits with
cases, ten looks a finding), starts `sitong serve` and lets auditors with accounts and districts of their own list,
filter, sort, turn pages, open findings and subjects, look at the board and take steps, with pauses between.
Milliseconds run from the request to the last byte; the load shares the machine. CPU is of one request by a reader of
the whole city with nobody else there, and holds on a busy machine, too. A file is no page and has no bar."""


def portal_parts() -> list[str]:
    """The section, a table for each load; nothing where none was measured."""
    rows = portal_kept()
    return ["## The portal", _WHAT, *(part for row in rows for part in _load(row))] if rows else []


def _load(row: dict[str, Any]) -> list[str]:
    workers = "one process" if row["workers"] == 1 else f"{row['workers']} processes"
    said = (
        f"{row['findings']:,} findings, {row['auditors']} auditors, {row['think']:g} s between what one does,"
        f" {workers}: {row['requests_a_second']} requests a second, {row['portal_cores']} cores of the portal and"
        f" {row['database_cores']} of the database; load average of the machine afterwards {row['load_after']}"
    )
    table = [_HEAD, ["---"] * len(_HEAD), *(_page(page) for page in row["pages"])]
    return [said, "\n".join(f"| {' | '.join(cells)} |" for cells in table), f"- {_verdict(row)}"]


def _page(page: dict[str, Any]) -> list[str]:
    times = [f"{page[name]:.0f}" for name in ("p50", "p95", "p99")]
    cpu = ["" if page[name] is None else f"{page[name]:.1f}" for name in ("cpu_portal", "cpu_database")]
    return [page["page"], f"{page['requests']:,}", *times, f"{page['errors']:,}", *cpu]


def _verdict(row: dict[str, Any]) -> str:
    late = [page["page"] for page in row["pages"] if page["p95"] > BAR_MS and page["page"] != "file"]
    said = f"**not met** by {', '.join(late)}" if late else "met"
    busy = f"; others kept the machine busy (load {row['load_after']})" if row["load_after"] > _BUSY else ""
    return f"p95 at most {BAR_MS:g} ms: {said}{busy}"
