"""A few hundred findings of a made-up city, and the people who read them in the portal."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mismatches.cases.access import Actor
from portal import accounts
from portal.accounts import Account
from portal.app import create_app
from portal.config import PortalConfig
from portal.desk import Caller, Workplace, signed_in
from storage.zones import Zones
from tests.mismatches.cases.conftest import NUMBER, Office
from tests.portal.asking import Reader

MORNING = datetime(2026, 4, 1, 1, tzinfo=UTC)  # nine in the city
DISTRICTS = ("370202", "370203", "370211")
LI = Actor("li", "auditor", frozenset({"370202"}))
SUN = Actor("sun", "auditor", frozenset({"370202"}))
WANG = Actor("wang", "auditor", frozenset({"370203"}))
CHIEF = Actor("chief", "supervisor", None)
OTHER_NUMBER = "110105194912310047"  # differs from the standard's example in its hidden middle
FIGURES = {"wages": 120000.0, "months": 12, "monthly_wage": 10000.0, "floor_base": 4800.0, "ceiling_base": 24000.0,
           "fair_base": 10000.0, "declared_base": 5000.0, "tolerated_base": 9000.0}  # fmt: skip
PARAMETERS = {"floor_share": "0.60", "ceiling_share": "3.00", "city_mean_wage": "8000", "tolerated_share": "0.90",
              "likely_share": "0.95", "full_share": "1.00", "contribution_rate": "0.26"}  # fmt: skip
MARK = "mark-of-the-session"
HIDDEN = "owner-of-another-district"
SUBJECT = "P000000915"  # of the finding that `secret` plants
PDF = b"%PDF-1.7 made up"

_RULES = (
    ("underdeclared_contribution_base", "underdeclared", "person"),
    ("deceased_legal_representative", "deceased", "enterprise"),
    ("ended_enterprise_declaring", "declaring", "enterprise"),
    ("unregistered_taxpayer", "unregistered", "enterprise"),
)
EVIDENCE = (
    {"source": "social_security", "dataset": "insured", "record_id": "I1", "role": "subject", "master_id": "P1",
     "match_probability": 0.99,
     "values": {"name": "张三", "id_number": NUMBER, "id_number_raw": NUMBER, "contribution_base": "5000.00",
                "status": "1", "employer_no": None}},
    {"source": "tax", "dataset": "natural_person", "record_id": "N1", "role": "support", "master_id": "P1",
     "match_probability": 0.912,
     "values": {"name": "張三", "id_number": OTHER_NUMBER, "id_number_raw": "110105194912310047 "}},
    {"source": "tax", "dataset": "wage", "record_id": "W1", "role": "support", "master_id": None,
     "match_probability": None, "values": {"tax_year": "2025", "months": "12", "wages": "120000.00"}},
)  # fmt: skip
_LEVELS = ("high", "medium", "low", "low", "medium")
_MONTHS = ("2026-01", "2026-02", "2026-03")


class CityHall:
    """A database of findings and a portal over it for whoever is given."""

    def __init__(self, engine, home: Path):
        self.office = Office(engine, PARAMETERS)
        self.workplace = Workplace(engine, Zones(home).create(), now=lambda: MORNING)
        self.planted = []

    def fill(self, count=240):
        """Accounts, and findings of all rules, districts, months and severities; every seventh of unknown district."""
        with self.workplace.engine.begin() as connection:
            for actor in (LI, SUN, WANG, CHIEF):
                area = None if actor.districts is None else tuple(actor.districts)
                account = Account(actor.name, actor.role, area, disabled=False, has_password=False, identity=None)
                accounts.add(connection, account, None, at=MORNING)
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

    def plant(self, **given):
        """One finding of an under-declared base with its evidence; its id."""
        told = {"figures": json.dumps(FIGURES), "evidence": json.dumps(EVIDENCE), "likely": 12000, "low": 9000}
        return self.office.plant(**(told | {"high": 15600} | given))

    def app(self, actor):
        """A portal in which an actor is signed in."""
        app = create_app(PortalConfig(), self.workplace)
        app.dependency_overrides[signed_in] = lambda: Caller(actor, MARK)
        return app

    def reader(self, actor):
        """Somebody who is signed in, in the test's process."""
        return Reader(self.app(actor))
