"""An auditor of one district learns nothing of another's finding by any route; all routes with data are asked."""

import pytest

from portal.app import create_app
from portal.config import PortalConfig
from tests.portal.asking import Reader
from tests.portal.city_hall import HIDDEN, LI, MARK, PDF, SUBJECT, WANG
from tests.portal.monitor_report import reported
from tests.portal.test_fuzz import OPERATIONS

ASKED = {
    "/findings": {"id": SUBJECT, "gone": "1"},
    "/findings.csv": {"id": SUBJECT},
    "/findings.xlsx": {"id": SUBJECT},
    "/board": {"id": SUBJECT},
    "/subjects/{master_id}": {},
    "/findings/{finding_id}": {"records": "all"},
    "/findings/{finding_id}/files/{sha256}": {},
    "/findings/{finding_id}/origin": {},
    "/findings/{finding_id}/identity": {},
    "/findings/{finding_id}/steps": {"action": "note", "seen": "2", "text": "x"},
    "/findings/{finding_id}/files": {"action": "attach", "seen": "2"},
    "/findings/{finding_id}/reveal": {},
    "/findings/steps": {"action": "note", "text": "x", "pick": []},
    "/findings/views": {"view": "x", "id": SUBJECT},
    "/findings/views/remove": {"view": "x"},
    "/key-taxpayers": {},
    "/projects": {},
}
MONITORS = ("/key-taxpayers", "/projects")


@pytest.fixture(scope="module", autouse=True)
def report(hall):
    """A report that names an enterprise of the hidden finding's district."""
    with reported(hall, HIDDEN):
        yield


def ask(hall, actor, path, method, secret):
    finding, sha256 = secret
    address = path.format(master_id=SUBJECT, finding_id=finding, sha256=sha256)
    reader = hall.reader(actor)
    if method == "get":
        return reader.get(address, params=ASKED[path])
    file = {"file": ("b.pdf", PDF)} if path.endswith("/files") else None
    return reader.post(address, data={"csrf": MARK} | ASKED[path], files=file)


def test_every_route_with_data_is_asked_here():
    assert set(ASKED) == {path for path, _ in OPERATIONS}
    assert len(OPERATIONS) == len(ASKED)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nothing_of_another_district_is_told_or_changed(hall, secret, path, method):
    finding, _ = secret
    before = hall.office.row(finding)
    answer = ask(hall, WANG, path, method, secret)
    assert answer.status_code in (200, 303, 404)
    assert HIDDEN not in answer.text
    assert finding not in answer.text
    assert hall.office.row(finding) == before
    if "{finding_id}" in path:
        assert answer.status_code == 404


@pytest.mark.parametrize(("path", "method"), [one for one in OPERATIONS if one[1] == "get"])
def test_the_same_question_tells_those_whose_district_it_is(hall, secret, path, method):
    finding, _ = secret
    answer = ask(hall, LI, path, method, secret)
    assert answer.status_code == 200
    told = {"/findings.xlsx": b"PK", "/findings/{finding_id}/files/{sha256}": PDF, "/board": b"<b>1</b>"}
    told |= dict.fromkeys(MONITORS, HIDDEN.encode())
    assert told.get(path, finding.encode()) in answer.content


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nobody_who_is_not_signed_in_is_answered(hall, secret, path, method):
    app = create_app(PortalConfig(), hall.workplace)
    finding, sha256 = secret
    address = path.format(master_id=SUBJECT, finding_id=finding, sha256=sha256)
    reader = Reader(app)
    answer = reader.get(address) if method == "get" else reader.post(address, data={"csrf": MARK} | ASKED[path])
    assert answer.status_code == (303 if method == "get" else 401)
    assert finding not in answer.text.replace(address, "")
