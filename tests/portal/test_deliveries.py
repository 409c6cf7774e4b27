"""A department's reader sees and takes what was handed over to the own department, and nothing else."""

from datetime import timedelta

import pytest

from mismatches.cases.access import Actor
from portal.desk import Caller, signed_in
from storage.manifest import Manifest
from tests.portal.asking import Reader
from tests.portal.city_hall import MARK, MORNING

CONTENT = b"master_id,name\nP000000001,\xe5\xbc\xa0**\n"


def deliver(hall, to, version, *, days=0, whole=True):
    folder = hall.workplace.zones.deliveries(to, version)
    folder.mkdir(parents=True)
    (folder / "person.csv").write_bytes(CONTENT)
    (folder / "notes.txt").write_bytes(b"not part of it")
    fields = [{"name": "master_id", "name_zh": "主标识", "mask": "none"}, {"name": "name", "mask": "surname"}]
    table = {"file": "person.csv", "rows": 1234, "product_version": "000007", "fields": fields}
    facts = {"as_of": "2026-04-01", "purpose": "社会救助<核对>", "legal_basis": "待核定", "valid_from": "2025-01-01",
             "valid_to": "2030-12-31", "tables": {"person": table}}  # fmt: skip
    made = Manifest(
        kind="delivery", name=to, version=version, created_at=MORNING + timedelta(days=days), rows=1234,
        files={"person.csv": {"bytes": len(CONTENT), "sha256": "ab" * 32}}, facts=facts,
    )  # fmt: skip
    if whole:
        (folder / "manifest.json").write_text(made.to_json(), "utf-8")


@pytest.fixture(scope="module")
def office(hall):
    deliver(hall, "civil_affairs", "20260401-a")
    deliver(hall, "civil_affairs", "20260402-b", days=1)
    deliver(hall, "civil_affairs", "20260403-c", days=2, whole=False)
    deliver(hall, "statistics", "20260401-d")
    return hall


def reader(office, recipient="civil_affairs"):
    app = office.app(None)
    who = Actor("hu", "department_reader", None)
    app.dependency_overrides[signed_in] = lambda: Caller(who, MARK, recipient)
    return Reader(app)


def test_whole_versions_are_listed_newest_first_with_columns_masks_and_hashes(office):
    page = reader(office).get("/deliveries").text
    assert page.index("20260402-b") < page.index("20260401-a")
    assert "20260403-c" not in page
    assert "20260401-d" not in page
    for told in ("社会救助&lt;核对&gt;", "1,234", "000007", "ab" * 32, "仅姓氏", "主标识"):
        assert told in page
    assert "surname only" in reader(office).get("/deliveries?lang=en").text


def test_a_file_is_taken_as_it_is_and_that_is_written_down(office):
    answer = reader(office).get("/deliveries/20260401-a/person.csv")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-disposition"].startswith("attachment")
    with office.office.engine.connect() as connection:
        noted = connection.exec_driver_sql("SELECT what FROM portal.event WHERE account = 'hu'").scalars().all()
    assert noted == ["delivery taken civil_affairs/20260401-a/person.csv"]


@pytest.mark.parametrize(
    "address",
    ["20260401-d/person.csv", "20260403-c/person.csv", "20260401-a/notes.txt", "20260401-a/manifest.json",
     "20260401-a/..%2f..%2fstatistics", "../statistics/20260401-d/person.csv", "..%2Fstatistics/person.csv",
     "../person.csv"],
)  # fmt: skip
def test_nothing_else_can_be_taken(office, address):
    assert reader(office).get(f"/deliveries/{address}").status_code in (400, 404)


def test_an_account_without_a_recipient_sees_none(office):
    assert reader(office, None).get("/deliveries").status_code == 403
    assert "尚无交付" in reader(office, "nobody").get("/deliveries").text
