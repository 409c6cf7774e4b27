"""Charts of the monitors, for the report's page."""

from collections.abc import Sequence

import altair as alt

from mismatches.charts import INK, YUAN, Wanted, data, finished, names, no_axis
from mismatches.monitors.watching import LARGEST, Project, Quarter, Watched
from mismatches.wording import brief
from schemas.bilingual import Bilingual, Language

_PROJECTS = 12  # the projects with most work done
_NAME = 16  # characters of a project's name in a chart
_ROOM = 1.4  # of the longest bar: its label stands beside it
_TEN_THOUSAND = 10_000.0
_CARRY = Bilingual("承担者占纳税企业", "carriers among payers")
_TEN = Bilingual(f"最大 {LARGEST} 户占税收", f"tax of the {LARGEST} largest")
_ENTERPRISES = Bilingual("户", "enterprises")


def monitor_charts(watched: Watched) -> list[Wanted]:
    """The charts that have something to show: carriers by quarter, concentration, projects against tax."""
    share = f"{watched.settings.get('key_share', 0):.0%}"
    known = [project for project in watched.projects if project.low_tax][:_PROJECTS]
    return [
        (
            Bilingual(f"承担 {share} 税收的企业户数", f"Enterprises that carry {share} of tax"),
            _carriers,
            watched.quarters,
        ),
        (Bilingual("税收集中度", "Concentration of tax"), _concentration, watched.quarters),
        (
            Bilingual(
                "重大项目：应有（横条）与已缴（圆点）税款", "Large projects: expected (bar) and paid (point) tax"
            ),
            _projects,
            known,
        ),
    ]


def _carriers(quarters: Sequence[Quarter], language: Language) -> alt.LayerChart:
    rows = [
        {"quarter": one.quarter, "carriers": one.carriers, "label": f"{one.carriers:,}{_moved(one)}"}
        for one in quarters
    ]
    order = [one.quarter for one in quarters]
    scale = alt.Scale(domain=[0, max(one.carriers for one in quarters) * _ROOM])
    across = alt.X("carriers:Q", title=_ENTERPRISES.say(language), axis=no_axis(), scale=scale)
    bars = data(rows).mark_bar(height={"band": 0.62}, color="#1f3a5f").encode(x=across, y=names("quarter", order))
    labels = (
        data(rows)
        .mark_text(align="left", dx=5, fontSize=12, color=INK)
        .encode(x="carriers:Q", y=names("quarter", order), text="label:N")
    )
    return finished(bars + labels, len(rows))


def _moved(quarter: Quarter) -> str:
    return "" if quarter.entries is None else f"  (+{quarter.entries:,} −{quarter.exits:,})"


def _concentration(quarters: Sequence[Quarter], language: Language) -> alt.LayerChart:
    rows = [
        {"quarter": one.quarter, "kind": kind.say(language), "share": share}
        for one in quarters
        for kind, share in ((_CARRY, one.carriers / one.payers), (_TEN, one.largest_share))
    ]
    colours = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=[_CARRY.say(language), _TEN.say(language)], range=["#2f6f73", "#b3261e"]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", labelLimit=0),
    )
    base = data(rows).encode(
        x=alt.X("quarter:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(zero=True)),
        color=colours,
    )
    return finished(base.mark_line(strokeWidth=2.5) + base.mark_point(filled=True, size=60, opacity=1), 6)


def _projects(projects: Sequence[Project], language: Language) -> alt.LayerChart:
    rows = [
        {
            "project": f"{position}. {brief(one.name, _NAME)}",
            "low": float(one.low_tax or 0) / _TEN_THOUSAND,
            "high": float(one.high_tax or 0) / _TEN_THOUSAND,
            "paid": float(one.paid) / _TEN_THOUSAND,
        }
        for position, one in enumerate(projects, 1)
    ]
    axis = alt.Axis(title=YUAN.say(language), grid=True, tickCount=4, format=",.4~r")
    base = data(rows).encode(y=names("project", [str(row["project"]) for row in rows]))
    span = base.mark_rule(strokeWidth=8, color="#2f6f73", opacity=0.45, strokeCap="round").encode(
        x=alt.X("low:Q", axis=axis, scale=alt.Scale(zero=True)), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=90, color="#b3261e", opacity=1).encode(x="paid:Q")
    return finished(span + point, len(rows))
