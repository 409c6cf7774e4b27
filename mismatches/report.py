"""The page for auditors: one file that opens offline, prints, and speaks Chinese and English without a script.

It holds no reference to anything outside: style, charts and the font are in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined

from mismatches.charts import Chart, report_charts
from mismatches.districts import hits_by_district
from mismatches.engine import OUTCOMES, RuleRun
from mismatches.freshness import InputFact
from mismatches.monitors.charts import monitor_charts
from mismatches.monitors.watching import LARGEST, Watched
from mismatches.report_view import RuleView, rule_view
from mismatches.request import CrossCheckRequest
from mismatches.wording import brief, money
from schemas.bilingual import Bilingual
from schemas.rendering.fonts import FAMILY, embedded_font_css

_FONT_MARK = "/* font */"
_SEVERITIES = {"high": Bilingual("高", "High"), "medium": Bilingual("中", "Medium"), "low": Bilingual("低", "Low")}


@dataclass(frozen=True)
class Shown:
    """What the page and the PDF show: rules that ran with their gravest hits, and charts."""

    views: Sequence[RuleView]
    charts: Sequence[Chart]


def shown(
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[RuleRun],
    request: CrossCheckRequest,
    watched: Watched | None = None,
) -> Shown:
    """Read the gravest hits and draw the charts."""
    return Shown(
        [rule_view(connection, run, request) for run in runs if run.ran],
        report_charts(runs, hits_by_district(connection), monitor_charts(watched) if watched else ()),
    )


def write(
    seen: Shown,
    runs: Sequence[RuleRun],
    inputs: Sequence[InputFact],
    request: CrossCheckRequest,
    watched: Watched | None = None,
) -> None:
    """Write report.html into the request's folder: monitors and the gravest hits of each rule."""
    ran = [run for run in runs if run.ran]
    estimates = [run.estimate for run in ran if run.estimate]
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            as_of=request.as_of.isoformat(),
            made_at=request.made_at.strftime("%Y-%m-%d %H:%M %Z"),
            totals={outcome: sum(run.counts[outcome] for run in ran) for outcome in OUTCOMES},
            low=money(sum((e.low for e in estimates), Decimal(0))) if estimates else None,
            high=money(sum((e.high for e in estimates), Decimal(0))) if estimates else None,
            runs=runs,
            views=seen.views,
            charts=seen.charts,
            **_watched(watched),
            inputs=inputs,
            top=request.settings.top,
            masked=request.settings.masked,
            severities=_SEVERITIES,
            family=FAMILY,
            font_mark=_FONT_MARK,
        )
    )
    page = page.replace(_FONT_MARK, embedded_font_css(page))
    (request.out / "report.html").write_text(page, "utf-8")


def _watched(watched: Watched | None) -> dict[str, object]:
    """What the part on the monitors reads."""
    share = watched.settings.get("key_share", 0) if watched else 0
    return {"watched": watched, "key_share": f"{share:.0%}", "largest": LARGEST}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mismatches", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["brief"] = brief
    environment.filters["money"] = money
    environment.filters["thousands"] = lambda count: f"{count:,}"
    return environment
