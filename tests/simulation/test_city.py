import csv
import hashlib
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from simulation.city import simulate
from simulation.layout import ENTERPRISE_DATASETS, FACT_DATASETS, LAYOUT, PERSON_DATASETS
from simulation.settings import CitySettings
from simulation.writing import DEMO


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    simulate(20_000, 7, out)
    return out


def table(out: Path, name: str):
    return pq.read_table(out / f"{name}.20260331.parquet")


def truth(out: Path, name: str):
    return pq.read_table(out / "truth" / f"{name}.parquet")


def digests(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    simulate(400, 3, tmp_path / "one")
    code = "from pathlib import Path; from simulation.city import simulate; simulate(400, 3, Path('two'))"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    simulate(400, 4, tmp_path / "three")
    one, three = digests(tmp_path / "one"), digests(tmp_path / "three")
    assert one.keys() == three.keys()
    assert all(one[name] != three[name] for name in one if name.endswith(".20260331.parquet"))


@pytest.mark.parametrize("persons", [50, 500, 2_000])
def test_small_cities_have_every_dataset_and_finding(tmp_path: Path, persons: int) -> None:
    summary = simulate(persons, 11, tmp_path)
    assert set(summary.rows) == set(LAYOUT)
    assert all(summary.rows.values())
    assert {
        "unregistered_taxpayer",
        "ended_enterprise_declaring",
        "deceased_legal_representative",
        "underdeclared_contribution_base",
        "underpriced_equity_transfer",
    } <= set(summary.findings)


def test_a_village_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 30"):
        simulate(5, 1, tmp_path)


def test_volumes_are_those_of_the_city(city: Path) -> None:
    rows = {name: table(city, name).num_rows for name in LAYOUT}
    persons = sum(rows[name] for name in PERSON_DATASETS)
    assert 2.6 < persons / 20_000 < 2.8
    facts = sum(rows[name] for name in FACT_DATASETS if name != "commerce.officer")
    assert 0.40 < facts / 20_000 < 0.55  # 3.17 million of 6.71 million persons
    assert 0.020 < rows["commerce.enterprise"] / 20_000 < 0.027


def test_columns_are_the_layout(city: Path) -> None:
    for name, columns in LAYOUT.items():
        assert table(city, name).column_names == list(columns)


def test_record_ids_are_unique_and_names_never_null(city: Path) -> None:
    for name, columns in LAYOUT.items():
        found = table(city, name)
        assert len(found["record_id"].unique()) == found.num_rows
        assert found["record_id"].null_count == 0
        if "name" in columns:
            assert found["name"].null_count == 0
            assert min(len(text.strip()) for text in found["name"].to_pylist()) > 0


@pytest.mark.parametrize(
    ("file", "names"), [("person_truth", PERSON_DATASETS), ("enterprise_truth", ENTERPRISE_DATASETS)]
)
def test_truth_covers_every_record_once(city: Path, file: str, names: tuple[str, ...]) -> None:
    known = truth(city, file)
    told = list(zip(*(known[column].to_pylist() for column in ("source", "dataset", "record_id")), strict=True))
    there = {
        (*name.split("."), record_id) for name in names for record_id in table(city, name)["record_id"].to_pylist()
    }
    assert len(told) == len(set(told))
    assert set(told) == there


def test_facts_point_at_records_that_exist(city: Path) -> None:
    wage, person = table(city, "tax.wage"), table(city, "tax.natural_person")
    assert set(wage["person_record_id"].to_pylist()) <= set(person["record_id"].to_pylist())
    payers = set(table(city, "tax.taxpayer")["taxpayer_id"].to_pylist())
    payers |= set(truth(city, "enterprises")["uscc"].to_pylist())
    assert set(wage["taxpayer_id"].to_pylist()) <= payers
    assert set(table(city, "tax.declaration")["taxpayer_id"].to_pylist()) <= payers
    employers = set(table(city, "social_security.employer")["record_id"].to_pylist())
    assert set(table(city, "social_security.insured")["employer_no"].drop_null().to_pylist()) <= employers
    register = set(table(city, "commerce.enterprise")["record_id"].to_pylist())
    assert set(table(city, "commerce.officer")["enterprise_record_id"].to_pylist()) <= register


def test_findings_cite_records_that_exist(city: Path) -> None:
    found = truth(city, "findings_truth")
    records = {
        (*name.split("."), record_id) for name in LAYOUT for record_id in table(city, name)["record_id"].to_pylist()
    }
    assert found.num_rows > 100
    for row in found.to_pylist():
        assert row["records"]
        assert {(one["source"], one["dataset"], one["record_id"]) for one in row["records"]} <= records
        assert row["planted"] in {"hit", "not_comparable"}


def test_unregistered_taxpayers_are_all_told(city: Path) -> None:
    told = {
        row["subject"] for row in truth(city, "findings_truth").to_pylist() if row["rule"] == "unregistered_taxpayer"
    }
    known = duckdb.from_arrow(truth(city, "enterprise_truth")).aggregate(
        "enterprise, count(*) filter (dataset = 'taxpayer') as tax, count(*) filter (source = 'commerce') as commerce"
    )
    without = {row[0] for row in known.filter("tax = 0 and commerce > 0").fetchall()}
    assert told
    assert told <= without
    active = {row["enterprise"] for row in truth(city, "enterprises").to_pylist() if row["status"] == "1"}
    assert len(told) > 0.9 * len(without & active)


def test_formats_of_the_demo_hold_the_same_rows(tmp_path: Path) -> None:
    settings = replace(CitySettings(), rare_character_names=0.05, name_lost_character=0.0)
    simulate(600, 5, tmp_path / "plain", settings=settings)
    simulate(600, 5, tmp_path / "mixed", settings=settings, formats=DEMO)
    names = {path.name.split(".20260331.")[1] for path in (tmp_path / "mixed").glob("*.*.*")}
    assert names == {"parquet", "csv", "csv.gz", "xlsx"}
    text = (tmp_path / "mixed" / "social_security.insured.20260331.csv").read_bytes().decode("gb18030")
    header, *lines = csv.reader(io.StringIO(text))
    expected = pq.read_table(tmp_path / "plain" / "social_security.insured.20260331.parquet")
    assert header == expected.column_names
    column = expected.column_names.index("name")
    assert [line[column] for line in lines] == expected["name"].to_pylist()
    assert any(ord(one) > 0xFFFF for name in expected["name"].to_pylist() for one in name)


def test_files_are_for_their_owner_only(city: Path) -> None:
    for path in city.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
