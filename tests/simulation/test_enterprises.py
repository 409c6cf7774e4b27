from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulation import numbers
from simulation.city import simulate

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]


@pytest.fixture(scope="session")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("enterprises")
    simulate(40_000, 5, out)
    return out


def uscc_valid(code: str) -> bool:
    total = sum(ALPHABET.index(one) * weight for one, weight in zip(code[:17], USCC_WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31] == code[17]


def organization_valid(code: str) -> bool:
    values = [int(one, 36) for one in code[:8]]
    check = 11 - sum(value * weight for value, weight in zip(values, [3, 7, 9, 10, 5, 8, 4, 2], strict=True)) % 11
    return code[8] == {10: "X", 11: "0"}.get(check, str(check))


def registration_valid(code: str) -> bool:
    product = 10
    for digit in code[:14]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(code[14])) % 10 == 1


def test_examples_of_the_standards() -> None:
    assert uscc_valid("91350100M000100Y43")
    assert organization_valid("D2143569X")
    assert registration_valid("110108000000016")
    made = numbers.citizen_ids(np.array([110105, 440524]), np.array([19491231, 18800101]), np.array([2, 1]))
    assert numbers.texts(made).to_pylist() == ["11010519491231002X", "440524188001010014"]
    made = numbers.registration_numbers(np.array([110108]), np.array([1]))
    assert numbers.texts(made).to_pylist() == ["110108000000016"]


def test_true_codes_are_valid_and_hold_the_organisation_code(drop: Path) -> None:
    for row in pq.read_table(drop / "truth" / "enterprises.parquet").to_pylist():
        assert uscc_valid(row["uscc"])
        assert organization_valid(row["organization_code"])
        assert registration_valid(row["registration_number"])
        assert row["uscc"][8:17] == row["organization_code"]


def test_taxpayer_ids_have_all_their_forms(drop: Path) -> None:
    lengths = {len(text) for text in pq.read_table(drop / "tax.taxpayer.20260331.parquet")["taxpayer_id"].to_pylist()}
    assert lengths == {15, 18, 20}


def test_branches_and_sisters(drop: Path) -> None:
    true = {row["enterprise"]: row for row in pq.read_table(drop / "truth" / "enterprises.parquet").to_pylist()}
    branches = [row for row in true.values() if row["kind"] == "branch"]
    assert branches
    assert all(row["name"].startswith(true[row["parent"]]["name"]) for row in branches)
    companies = [row["name"] for row in true.values() if row["kind"] == "company"]
    assert len(companies) == len(set(companies))


def test_kinds_of_error(drop: Path) -> None:
    rows = pq.read_table(drop / "truth" / "enterprise_truth.parquet").to_pylist()
    kinds = {kind for row in rows for kind in row["errors"]}
    assert {
        "uscc_missing", "uscc_typo", "organization_code_typo", "taxpayer_id_legacy", "taxpayer_id_of_owner",
        "name_form", "name_division", "name_former", "name_typo", "name_of_owner", "representative_stale",
        "address_differs", "phone_differs", "phone_missing",
    } <= kinds  # fmt: skip
    stale = [row for row in rows if row["source"] != "commerce"]
    assert 0.035 < sum("representative_stale" in row["errors"] for row in stale) / len(stale) < 0.065


def test_ended_enterprises_have_an_end(drop: Path) -> None:
    for row in pq.read_table(drop / "commerce.enterprise.20260331.parquet").to_pylist():
        assert (row["ended_on"] is not None) == (row["status"] in ("2", "3"))
        if row["ended_on"]:
            assert row["ended_on"] > row["established_on"]
