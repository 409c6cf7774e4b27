"""The board: how many findings and how much yuan by rule, department, district, month and state."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mismatches.cases.declaration import case_rules
from mismatches.cases.queries.board import SUPPRESSED, Tally, tallies
from mismatches.cases.queries.yields import RuleYield, rule_yields
from mismatches.wording import UNKNOWN, money
from portal import words
from portal.bars import Chart, Counted, chart, counted, together, total
from portal.choices import groups
from portal.desk import AtDesk, Desk
from portal.filters import Asked, ListQuery
from portal.pages import page
from portal.texts_board import BOARD
from portal.tiles import Look, Measure, TileMap, tile_map

PATH: Final = "/board"
_LIST: Final = "/findings"

router = APIRouter()


@router.get(PATH)
def board(request: Request, desk: AtDesk, query: Asked) -> HTMLResponse:
    """The board of what a filter lets through; every number leads to the list that it counts."""
    with desk.open() as connection:
        found = tallies(connection, desk.actor, query.wanted(), today=desk.today)
        filters = groups(connection, desk, query)
        yields = rule_yields(connection, desk.actor)
    every = [one for one in found if one.key == "rule"]
    measure: Measure = "yuan" if request.query_params.get("map") == "yuan" else "findings"
    return page(
        request,
        "board.html.j2",
        BOARD,
        desk=desk,
        query=query,
        groups=filters,
        findings=sum(one.findings for one in every),
        sums={
            name: money(total(getattr(one, name) for one in every))
            for name in ("estimate_low", "estimate_likely", "estimate_high")
        },
        charts=_charts(found, query, desk),
        map=_map(found, query, desk, measure),
        measures=_measures(query, measure),
        yields=_yields(yields, desk),
        levels=[(level, title.say(desk.language)) for level, title in words.SEVERITIES.items()],
    )


def _charts(found: tuple[Tally, ...], query: ListQuery, desk: Desk) -> tuple[Chart, ...]:
    language = desk.language
    rules = counted(found, "rule")
    districts, months, states = counted(found, "division"), counted(found, "month"), counted(found, "state")

    def address(**changes: object) -> str:
        if changes.get("state") == [SUPPRESSED]:  # no state of its own: a filter beside the states
            changes |= {"state": [], "suppressed": "yes"}
        return query.address(_LIST, **changes)

    return (
        chart(
            "rule",
            _ranked({(str(key), words.rule_title(str(key), language)): row for key, row in rules.items()}),
            address,
        ),
        chart("department", _ranked(_by_department(rules, query, desk)), address),
        chart(
            "district",
            _ranked({(key or "unknown", words.district_title(key, language)): row for key, row in districts.items()}),
            address,
        ),
        chart("month", [(str(key), str(key), row) for key, row in sorted(months.items(), key=str)], address),
        chart("state", _by_state(states, desk), address),
    )


def _map(found: tuple[Tally, ...], query: ListQuery, desk: Desk, measure: Measure) -> TileMap | None:
    own = ("",) if desk.actor.districts is None else tuple(desk.actor.districts)
    asked = tuple(query.district) or ("",)

    def shown(code: str) -> bool:
        return code.startswith(own) and code.startswith(asked)

    look = Look(measure, desk.language, lambda **changes: query.address(_LIST, **changes))
    return tile_map(counted(found, "division"), shown, look)


def _measures(query: ListQuery, chosen: Measure) -> list[tuple[Measure, str, bool]]:
    """What the map can show: its name, the address of the board that does, and whether it is shown."""
    plain = query.address(PATH)
    yuan = f"{plain}{'&' if '?' in plain else '?'}map=yuan"
    return [("findings", plain, chosen == "findings"), ("yuan", yuan, chosen == "yuan")]


def _ranked(rows: dict[tuple[str, str], Counted]) -> list[tuple[str, str, Counted]]:
    """Most findings first."""
    told = [(value, title, row) for (value, title), row in rows.items()]
    return sorted(told, key=lambda row: (-row[2].findings, row[1]))


def _by_department(
    rules: dict[str | None, Counted], query: ListQuery, desk: Desk
) -> dict[tuple[str, str], Counted]:  # fmt: skip
    """A finding counts for every department whose records its rule cites."""
    known = words.rules_by_department()
    rows = {}
    for name, title in words.departments().items():
        parts = [row for rule, row in rules.items() if rule in known[name]]
        if parts and (not query.department or name in query.department):
            rows[name, title.say(desk.language)] = together(parts)
    return rows


def _by_state(states: dict[str | None, Counted], desk: Desk) -> list[tuple[str, str, Counted]]:
    rows = [
        (name, words.state_title(name, desk.language), states[name]) for name in case_rules().states if name in states
    ]
    if SUPPRESSED in states:
        rows.append((SUPPRESSED, words.SUPPRESSED.say(desk.language), states[SUPPRESSED]))
    return rows


def _yields(yields: tuple[RuleYield, ...], desk: Desk) -> list[tuple[str, int, int, str, str, str]]:
    """Rule, confirmed, excluded, precision, yuan recovered, median days."""
    return [
        (
            words.rule_title(one.rule, desk.language),
            one.confirmed,
            one.excluded,
            UNKNOWN if one.precision is None else f"{one.precision:.0%}",
            money(one.recovered),
            UNKNOWN if one.median_days is None else f"{one.median_days:.1f}",
        )
        for one in yields
    ]
