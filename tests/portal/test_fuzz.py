"""Whatever is asked of the pages with data, none of them fails: requests made up from the routes' own declarations."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from mismatches.cases.declaration import case_rules
from portal.app import create_app
from portal.config import PortalConfig
from tests.portal.city_hall import CHIEF, MARK
from tests.portal.conftest import serving

OPEN = {"/", "/health", "/metrics"}  # they take nothing
OTHERS = ("/sign-", "/looks", "/accounts", "/deliveries", "/links")  # of other roles, with tests of their own
OPERATIONS = [
    (path, method)
    for path, asked in create_app(PortalConfig()).openapi()["paths"].items()
    for method in asked
    if path not in OPEN and not path.startswith(OTHERS)
]  # fmt: skip
TEXT = {"type": "string", "maxLength": 300}
STEP = {
    "csrf": {"const": MARK},
    "action": {"enum": [*case_rules().actions, "nonsense", ""]},
    "seen": {"anyOf": [{"type": "integer"}, TEXT]},
    "amount": {"anyOf": [{"type": "number"}, {"enum": ["1e999999", "NaN", "-0", "٣", "0.001"]}, TEXT]},
    "due_on": {"anyOf": [{"type": "string", "format": "date"}, TEXT]},
    "until": {"anyOf": [{"type": "string", "format": "date"}, TEXT]},
    "reason_code": {"anyOf": [{"enum": ["other", "lawful"]}, TEXT]},
    "voucher": TEXT, "owner": TEXT, "text": TEXT,
}  # fmt: skip
PICK = {"type": "array", "maxItems": 5, "items": {"anyOf": [{"enum": ["F1:0", "F000000000000000000000001:0"]}, TEXT]}}
VIEW = {
    "csrf": {"const": MARK},
    "view": {"anyOf": [{"enum": ["逾期"]}, TEXT]},
    "sort": {"enum": ["due", "link", "nonsense"]},
    "rule": {"enum": ["unregistered_taxpayer", "A'"]},
    "page": {"type": "integer", "minimum": 1, "maximum": 300},
}  # fmt: skip
FORMS = {
    "/findings/{finding_id}/steps": ("application/x-www-form-urlencoded", STEP),
    "/findings/{finding_id}/files": ("multipart/form-data", STEP | {"file": {"type": "string", "format": "binary"}}),
    "/findings/{finding_id}/reveal": ("application/x-www-form-urlencoded", {"csrf": {"const": MARK}}),
    "/findings/steps": (
        "application/x-www-form-urlencoded",
        STEP | {"action": {"enum": ["take", "note"]}, "pick": PICK},
    ),
    "/findings/views": ("application/x-www-form-urlencoded", VIEW),
    "/findings/views/remove": ("application/x-www-form-urlencoded", VIEW),
}


@pytest.fixture(scope="module")
def asked(hall):
    """The address of a portal, and its routes with what forms take and findings that are there."""
    ids = [hall.plant(master="P000000911") for _ in range(3)]
    app = hall.app(CHIEF)
    declared = app.openapi()
    for path, operations in declared["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "finding_id":
                    parameter["schema"] = {"anyOf": [{"enum": ids}, parameter["schema"]]}
            if path in FORMS:
                kind, fields = FORMS[path]
                needed = ["csrf", *({"view"} & set(fields))]
                form = {"type": "object", "properties": fields, "required": needed, "additionalProperties": False}
                operation["requestBody"] = {"content": {kind: {"schema": form}}, "required": True}
    with serving(app) as address:
        yield address, schemathesis.openapi.from_dict(declared)


def test_every_form_that_is_posted_is_declared_here():
    assert set(FORMS) == {path for path, method in OPERATIONS if method == "post"}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_makes_a_page_fail(asked, path, method, mode):
    address, schema = asked
    answers, examples = [], 40 if path in FORMS else 12

    @settings(max_examples=examples, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(schema[path][method].as_strategy(generation_mode=mode))
    def ask(case):
        answer = case.call(base_url=address, allow_redirects=False)
        answers.append(answer.status_code)
        assert answer.status_code < 500, (case.method, case.path, answer.status_code)

    ask()
    if mode is GenerationMode.POSITIVE:  # more than the door was reached
        assert set(answers) - {400, 403, 411, 413}
