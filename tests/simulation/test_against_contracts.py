"""The generators here and the validators of the contracts were written apart; each checks the other."""

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from schemas.contract import source_contracts
from schemas.validation import validate
from simulation.city import simulate
from simulation.days import advance
from simulation.layout import LAYOUT

ERRORS_OFF = ("id_number:check_digit", "id_number:impossible_date", "id_number:length")


@pytest.fixture(scope="module")
def drops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("contracts")
    simulate(3_000, 17, out)
    advance(out, 2, 17, out)
    return out


def test_layout_is_that_of_the_contracts() -> None:
    contracts = source_contracts()
    assert set(contracts) == set(LAYOUT)
    for name, columns in LAYOUT.items():
        assert set(columns) == {column.name for column in contracts[name].columns}


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_every_record_is_accepted_and_few_are_flagged(drops: Path, name: str) -> None:
    paths = sorted(drops.glob(f"{name}.*.parquet"))
    assert paths
    for path in paths:
        table = pq.read_table(path)
        mode = "delta" if "op" in table.column_names else "snapshot"
        outcome = validate(
            table, source_contracts()[name], batch=path.name.split(".")[2], mode=mode, as_of=date(2026, 4, 2)
        )
        assert outcome.quarantined.num_rows == 0
        assert outcome.accepted.num_rows == table.num_rows
        assert not outcome.extra_columns
        assert not outcome.absent_columns
        wrong = sum(count for flag, count in outcome.flag_counts.items() if flag in ERRORS_OFF)
        assert wrong <= 0.03 * table.num_rows + 3
