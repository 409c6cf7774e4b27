"""Attachments: kept once by their content, told by the history, of declared types, and nobody else's to read."""

import hashlib

import pytest

from mismatches.cases.actions import Step
from mismatches.cases.attachments import Place, Upload, attach, attachment
from mismatches.cases.errors import ActionRefused, NotAllowed, UnknownFinding
from mismatches.cases.queries.pages import history
from storage.errors import ContractBroken
from storage.zones import Zones
from tests.mismatches.cases.conftest import LI, NOON, TODAY, WANG
from tests.mismatches.cases.test_access import STRANGER

PDF = Upload("回复函.pdf", b"%PDF-1.7 made for a test")


@pytest.fixture
def place(tmp_path):
    return Place(Zones(tmp_path / "home").create(), NOON, TODAY)


def test_a_file_lies_under_its_hash_and_the_history_names_it(office, place):
    finding = office.plant()
    after = office.ask(attach, LI, Step(finding, "attach", 0, text="答复"), PDF, place)
    assert (after.state, after.version) == ("new", 1)
    digest = hashlib.sha256(PDF.content).hexdigest()
    [event] = office.ask(history, LI, finding)
    assert event.details["file"]["sha256"] == digest
    found = office.ask(attachment, LI, finding, digest, place.zones)
    assert (found.name, found.media_type, found.path.read_bytes()) == ("回复函.pdf", "application/pdf", PDF.content)
    assert found.path.stat().st_mode & 0o777 == 0o600
    office.ask(attach, LI, Step(finding, "attach", 1), PDF, place)
    assert [path for path in found.path.parent.iterdir() if path.is_file()] == [found.path]


@pytest.mark.parametrize(
    "upload",
    [
        Upload("a.exe", b"MZ"),
        Upload("a.pdf", b"MZ is no PDF"),
        Upload("a.txt", b"\xff\xfe"),
        Upload("a.pdf", b""),
        Upload("a.pdf", b"%PDF-" + bytes(20 * 1024 * 1024)),
        Upload("..", b"%PDF-"),
    ],
    ids=["type", "content", "encoding", "empty", "large", "name"],
)
def test_what_is_not_declared_is_refused_and_not_kept(office, place, upload):
    finding = office.plant()
    with pytest.raises(ActionRefused):
        office.ask(attach, LI, Step(finding, "attach", 0), upload, place)
    assert not list((place.zones.home / "attachments").iterdir())


def test_a_path_in_a_name_goes_nowhere(office, place):
    finding = office.plant()
    office.ask(attach, LI, Step(finding, "attach", 0), Upload("..\\..\\etc/x.pdf", PDF.content), place)
    assert office.ask(history, LI, finding)[0].details["file"]["name"] == "x.pdf"


def test_another_district_neither_reads_nor_adds(office, place):
    finding = office.plant()
    office.ask(attach, LI, Step(finding, "attach", 0), PDF, place)
    digest = hashlib.sha256(PDF.content).hexdigest()
    with pytest.raises(UnknownFinding):
        office.ask(attachment, WANG, finding, digest, place.zones)
    with pytest.raises(UnknownFinding):
        office.ask(attach, WANG, Step(finding, "attach", 1), Upload("b.txt", b"b"), place)
    assert len(list((place.zones.home / "attachments").iterdir())) == 1  # nothing of it was kept
    with pytest.raises(NotAllowed):
        office.ask(attachment, STRANGER, finding, digest, place.zones)
    other = office.plant()
    with pytest.raises(UnknownFinding):
        office.ask(attachment, LI, other, digest, place.zones)


def test_a_changed_file_is_not_handed_out(office, place):
    finding = office.plant()
    office.ask(attach, LI, Step(finding, "attach", 0), PDF, place)
    digest = hashlib.sha256(PDF.content).hexdigest()
    place.zones.attachment(digest).write_bytes(b"%PDF- something else")
    with pytest.raises(ContractBroken):
        office.ask(attachment, LI, finding, digest, place.zones)
