"""A few hundred findings of a made-up city, and the people who read them in the portal."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mismatches.cases.access import Actor
from portal import findings, views
from portal.app import create_app
from portal.config import PortalConfig
from portal.desk import Caller, Workplace, signed_in
from storage.zones import Zones
from tests.mismatches.cases.conftest import Office
from tests.portal.asking import Reader

MORNING = datetime(2026, 4, 1, 1, tzinfo=UTC)  # nine in the city
DISTRICTS = ("370202", "370203", "370211")
LI = Actor("li", "auditor", frozenset({"370202"}))
SUN = Actor("sun", "auditor", frozenset({"370202"}))
WANG = Actor("wang", "auditor", frozenset({"370203"}))
CHIEF = Actor("chief", "supervisor", None)
ROUTERS = (findings.router, views.router)
MARK = "mark-of-the-session"

_RULES = (
    ("underdeclared_contribution_base", "underdeclared", "person"),
    ("deceased_legal_representative", "deceased", "enterprise"),
    ("ended_enterprise_declaring", "declaring", "enterprise"),
    ("unregistered_taxpayer", "unregistered", "enterprise"),
)
_LEVELS = ("high", "medium", "low", "low", "medium")
_MONTHS = ("2026-01", "2026-02", "2026-03")


class CityHall:
    """A database of findings and a portal over it for whoever is given."""

    def __init__(self, engine, home: Path):
        self.office = Office(engine)
        self.workplace = Workplace(engine, Zones(home).create(), now=lambda: MORNING)
        self.planted = []

    def fill(self, count=240):
        """Findings of all rules, districts, months and severities in turn; every seventh of an unknown district."""
        for n in range(count):
            rule, reason, kind = _RULES[n % len(_RULES)]
            self.planted.append(
                self.office.plant(
                    rule=rule,
                    reason=reason,
                    kind=kind,
                    master=f"{kind[0].upper()}{n // 2:09d}",
                    severity=_LEVELS[n % len(_LEVELS)],
                    likely=100 * n,
                    low=80 * n,
                    high=130 * n,
                    division=DISTRICTS[n % len(DISTRICTS)] if n % 7 else None,
                    month=_MONTHS[n // 5 % len(_MONTHS)],
                    figures=json.dumps({"months": 12}),
                )
            )

    def app(self, actor):
        """A portal in which an actor is signed in."""
        app = create_app(PortalConfig())
        app.state.workplace = self.workplace
        for router in ROUTERS:
            app.include_router(router)
        app.dependency_overrides[signed_in] = lambda: Caller(actor, MARK)
        return app

    def reader(self, actor):
        """Somebody who is signed in, in the test's process."""
        return Reader(self.app(actor))
