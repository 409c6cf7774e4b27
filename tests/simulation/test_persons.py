from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulation.city import simulate
from simulation.departments import DEPARTMENTS
from simulation.people import people
from simulation.places import FIRST_YEAR, parts
from simulation.settings import CitySettings

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
PERSONS = 60_000


@pytest.fixture(scope="session")
def population():
    return people(CitySettings(), PERSONS, 21)


@pytest.fixture(scope="session")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("persons")
    simulate(PERSONS, 21, out)
    return out


def valid(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True))
    return len(number) == 18 and "10X98765432"[total % 11] == number[17]


def test_numbers_are_valid_and_agree_with_their_person(population) -> None:
    numbers = population.identity.id_number.to_pylist()
    assert all(valid(number) for number in numbers)
    own = ~population.identity.shared
    births = population.homes.birth.astype("datetime64[D]").astype(str)
    for person in np.flatnonzero(own)[:5000].tolist():
        assert numbers[person][6:14] == births[person].replace("-", "")
        assert int(numbers[person][16]) % 2 == population.homes.sex[person] % 2
    assert len({numbers[person] for person in np.flatnonzero(own).tolist()}) == own.sum()


def test_divisions_are_those_of_the_year_of_assignment(population) -> None:
    year = population.identity.assigned_year
    assert year.min() == 1984
    division = population.identity.assigned_division
    city = parts()
    local = set(city.code_by_year[:, 1984 - FIRST_YEAR :].ravel().tolist())
    for person in range(0, PERSONS, 7):
        if int(division[person]) in local:
            assert division[person] in city.code_by_year[:, year[person] - FIRST_YEAR]
    found = set(division.tolist())
    assert {370204, 370206, 370205, 370221, 370222, 379013, 370282, 370284, 370215} <= found
    assert not {370215} & set(division[year < 2017].tolist())
    assert not {370204, 370206} & set(division[year > 1993].tolist())


def test_many_live_where_their_number_was_not_assigned(population) -> None:
    current = parts().current[population.dwellings.part[population.home]]
    adult = population.age > 20
    assert 0.3 < (current != population.identity.assigned_division)[adult].mean() < 0.9


def test_names_follow_the_settings(population) -> None:
    names = population.names.name.array()
    settings = CitySettings()
    lengths = np.asarray(pc.utf8_length(names))
    assert abs((lengths == 2).mean() - settings.two_character_names) < 0.01
    assert 0.002 < population.names.rare.mean() < 0.004
    assert any(ord(one) > 0xFFFF for name in names.to_pylist() for one in name)
    assert sum("·" in name for name in names.to_pylist()) == (population.names.dotted >= 0).sum()
    surnames = Counter(name[0] for name in names.to_pylist())
    assert 0.05 < surnames["王"] / PERSONS < 0.10


def test_twins_share_birth_date_and_have_neighbouring_sequences(population) -> None:
    second = np.flatnonzero(population.homes.twin & (population.homes.role == 3) & ~population.identity.shared)
    second = second[~population.identity.shared[second - 1]]
    assert len(second) > 5
    numbers = population.identity.id_number.to_pylist()
    for person in second.tolist():
        one, other = numbers[person - 1], numbers[person]
        assert one[:14] == other[:14]
        assert abs(int(one[14:17]) - int(other[14:17])) <= 3


def test_shared_numbers(population) -> None:
    counts = Counter(population.identity.id_number.to_pylist())
    doubled = sum(count for count in counts.values() if count > 1)
    assert abs(doubled / PERSONS - 0.00125) < 0.0005
    assert max(counts.values()) == 2


def test_four_in_ten_live_apart(population) -> None:
    assert abs((population.home != population.living).mean() - 0.40) < 0.05


def rate(drop: Path, source: str, kind: str) -> float:
    table = pq.read_table(drop / "truth" / "person_truth.parquet")
    rows = table.filter(pc.equal(table["source"], source))
    return sum(kind in errors for errors in rows["errors"].to_pylist()) / rows.num_rows


@pytest.mark.parametrize(
    ("source", "kind", "low", "high"),
    [
        ("family_planning", "id_missing", 0.07, 0.09),
        ("social_security", "id_typo", 0.005, 0.009),
        ("social_security", "id_transposed", 0.0015, 0.004),
        ("social_security", "id_15_digits", 0.015, 0.06),
        ("tax", "name_homophone", 0.002, 0.006),
        ("tax", "name_look_alike", 0.0005, 0.003),
        ("tax", "birth_typo", 0.0025, 0.0055),
        ("tax", "sex_wrong", 0.0015, 0.0045),
        ("police", "duplicate", 0.0015, 0.003),
        ("police", "id_typo", 0.001, 0.003),
    ],
)
def test_rates_land_near_the_settings(drop: Path, source: str, kind: str, low: float, high: float) -> None:
    assert low < rate(drop, source, kind) < high


def test_every_kind_of_error_is_there(drop: Path) -> None:
    table = pq.read_table(drop / "truth" / "person_truth.parquet")
    kinds = {kind for errors in table["errors"].to_pylist() for kind in errors}
    assert {
        "id_missing", "id_typo", "id_transposed", "id_15_digits", "id_untidy", "id_shared", "id_of_relative",
        "id_lower_case_x", "name_homophone", "name_near_sound", "name_look_alike", "name_variant",
        "name_surname_equivalent", "name_lost_character", "name_dot", "name_spelling", "name_note", "name_untidy",
        "name_former", "name_dropped_character", "birth_swapped", "birth_typo", "birth_lunar", "birth_missing",
        "sex_wrong", "sex_missing", "mobile_missing", "address_elsewhere", "address_missing", "duplicate",
        "death_unrecorded",
    } <= kinds  # fmt: skip


def test_records_without_error_repeat_the_truth(drop: Path) -> None:
    known = pq.read_table(drop / "truth" / "person_truth.parquet").to_pylist()
    persons = {row["person"]: row for row in pq.read_table(drop / "truth" / "persons.parquet").to_pylist()}
    of = {(row["source"], row["record_id"]): row for row in known}
    for department in DEPARTMENTS:
        source = department.dataset.split(".")[0]
        for row in pq.read_table(drop / f"{department.dataset}.20260331.parquet").to_pylist()[:3000]:
            told = of[(source, row["record_id"])]
            true = persons[told["person"]]
            errors = " ".join(told["errors"])
            if "id_" not in errors:
                assert row["id_number"] == true["id_number"]
            if "name_" not in errors:
                assert row["name"] == true["name"]
            if "sex_" not in errors:
                assert row["sex"] == true["sex"]


def test_lunar_dates_are_18_to_50_days_early(drop: Path) -> None:
    known = pq.read_table(drop / "truth" / "person_truth.parquet").to_pylist()
    persons = {row["person"]: row for row in pq.read_table(drop / "truth" / "persons.parquet").to_pylist()}
    lunar = {
        row["record_id"]: row["person"]
        for row in known
        if row["source"] == "police" and [one for one in row["errors"] if one.startswith("birth_")] == ["birth_lunar"]
    }
    assert lunar
    for row in pq.read_table(drop / "police.resident.20260331.parquet").to_pylist():
        if row["record_id"] in lunar:
            assert 18 <= (persons[lunar[row["record_id"]]]["birth_date"] - row["birth_date"]).days <= 50


def test_harsh_settings_raise_only_errors() -> None:
    plain, harsh = CitySettings(), CitySettings().harsh()
    assert harsh.id_typo == pytest.approx(3 * plain.id_typo)
    assert harsh.twins == plain.twins
    assert all(entry["source"] for entry in plain.described().values())
