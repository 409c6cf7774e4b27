"""Whatever is asked of the way in and of the pages of officers, none of them fails."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from mismatches.cases.access import Actor
from portal.app import create_app
from portal.config import PortalConfig
from tests.portal.city_hall import MARK
from tests.portal.conftest import serving
from tests.portal.test_fuzz import TEXT

FORM = dict.fromkeys(("account", "password", "mark", "next"), TEXT)
LINK = {
    "csrf": {"const": MARK},
    "entity": {"enum": ["person", "enterprise", "x"]},
    "run": TEXT,
    "place": {"anyOf": [{"type": "integer"}, TEXT]},
    "decision": {"enum": ["link", "not_link", "x"]},
    "because": {"anyOf": [{"enum": ["shown", "other"]}, TEXT]},
    "text": TEXT,
}
FORMS = {"/sign-in": FORM, "/sign-out": FORM, "/links": LINK, "/links/reveal": LINK}
ASKED = (
    ("/looks", "get"), ("/sign-in", "get"), ("/sign-in", "post"), ("/sign-out", "post"), ("/links", "get"),
    ("/links", "post"), ("/links/reveal", "post"), ("/links/{entity}/{run}/{place}", "get"),
)  # fmt: skip
OF_ROLE = {"/looks": "security_officer", "/links": "steward"}


@pytest.fixture(scope="module", params=["security_officer", "steward", None], ids=str)
def asked(hall, request):
    """The address of a portal for an officer or for nobody, and its routes."""
    role = request.param
    app = hall.app(Actor("qian", role, None)) if role else create_app(PortalConfig(), hall.workplace)
    declared = app.openapi()
    for path, fields in FORMS.items():
        form = {"schema": {"type": "object", "properties": fields}}
        declared["paths"][path]["post"]["requestBody"] = {"content": {"application/x-www-form-urlencoded": form}}
    with serving(app) as address:
        yield role, address, schemathesis.openapi.from_dict(declared)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), ASKED)
def test_no_request_makes_a_page_fail(asked, path, method, mode):
    role, address, schema = asked
    answers = []

    @settings(max_examples=12, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(schema[path][method].as_strategy(generation_mode=mode))
    def ask(case):
        answer = case.call(base_url=address, allow_redirects=False)
        answers.append(answer.status_code)
        assert answer.status_code < 500, (case.method, case.path, answer.status_code)

    ask()
    if method == "get" and path in OF_ROLE and mode is GenerationMode.POSITIVE:
        assert (200 in answers) == (role == OF_ROLE[path])
