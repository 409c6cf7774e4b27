"""A home with a published population and enterprise base of a few synthetic rows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.contract import product_contract
from schemas.rendering.arrow import product_schema
from storage.commit import commit, staging
from storage.manifest import Manifest
from storage.zones import Zones

NOW = datetime(2026, 3, 31, tzinfo=UTC)

PERSONS = [
    {
        "master_id": "P1",
        "name": "欧阳测试",
        "sex": "1",
        "birth_date": date(1980, 1, 2),
        "id_number": "440524188001010014",
        "division_code": "370202001",
        "status": "1",
        "record_count": 3,
    },
    {
        "master_id": "P2",
        "name": "𠮷样",
        "sex": "2",
        "birth_date": None,
        "id_number": None,
        "division_code": "370203",
        "status": "2",
        "death_date": date(2020, 5, 6),
        "record_count": 1,
    },
    {"master_id": "P3", "name": '逗,号"引号\n換行', "id_number": "007", "status": None, "record_count": 1},
]
ENTERPRISES = [
    {
        "master_id": "E1",
        "uscc": "91350100M000100Y43",
        "organization_code": "00010",
        "name": "=1+1 样例有限公司",
        "registered_capital": Decimal("1234567.80"),
        "established_on": date(1899, 12, 31),
        "status": "1",
    },
    {"master_id": "E2", "name": "http://样例", "registered_capital": Decimal("9999999999999999.99"), "status": "3"},
]
FINDINGS = [
    {
        "finding_id": "F1",
        "rule": "unregistered_taxpayer",
        "outcome": "hit",
        "evidence": [{"source": "tax", "dataset": "wage", "record_id": "1", "role": "subject"}],
    },
    {"finding_id": "F2", "rule": "unregistered_taxpayer", "outcome": "not_comparable", "evidence": None},
]


@pytest.fixture
def zones(tmp_path):
    return Zones(tmp_path / "home").create()


def publish(zones, product, rows, version="v1"):
    schema = product_schema(product_contract(product))
    with staging(zones) as folder:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "data.parquet")
        target = zones.published(product, version)
        commit(folder, target, Manifest("product", product, version, NOW, len(rows)))
    return target


@pytest.fixture
def products(zones):
    return {
        "person": publish(zones, "person", PERSONS),
        "enterprise": publish(zones, "enterprise", ENTERPRISES),
        "findings": publish(zones, "findings", FINDINGS),
    }


@pytest.fixture
def republish(zones):
    return lambda product, rows, version: publish(zones, product, rows, version)
