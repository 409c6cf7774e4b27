import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.blocking import WINDOW
from matching.run import match

ROWS = 3000
KEYS = [f"{row:06d}" for row in range(ROWS)]


def names():
    random = np.random.default_rng(3)
    return ["王" + "".join(map(chr, random.integers(0x4E00, 0x9000, 2))) for _ in range(ROWS)]


def clusters(folder):
    return len(set(pq.read_table(folder / "crosswalk.parquet").column("master_id").to_pylist()))


def test_one_name_for_everybody_links_nobody(tmp_path):
    table = pa.table({"record_id": KEYS, "name": ["王伟"] * ROWS})
    match("person", {"police.resident": table}, tmp_path)
    assert clusters(tmp_path) == ROWS


def test_one_number_on_everybody_is_a_placeholder(tmp_path):
    table = pa.table({"record_id": KEYS, "name": names(), "id_number": ["11010519491231002X"] * ROWS})
    summary = match("person", {"police.resident": table}, tmp_path)
    assert [(removed.field, removed.values, removed.records) for removed in summary.placeholders] == [
        ("id_number", 1, ROWS)
    ]
    assert clusters(tmp_path) == ROWS


def test_one_birthday_for_everybody_costs_a_constant_for_each_record(tmp_path):
    table = pa.table({"record_id": KEYS, "name": ["王伟"] * ROWS, "birth_date": ["1949-12-31"] * ROWS})
    summary = match("person", {"police.resident": table}, tmp_path)
    assert any(rule.oversized_blocks for rule in summary.blocking)
    assert summary.pairs <= ROWS * WINDOW * 4


def test_the_same_record_many_times_is_one_person(tmp_path):
    columns = {"name": "王伟", "birth_date": "1949-12-31", "id_number": "11010519491231002X"}
    table = pa.table({"record_id": KEYS} | {name: [value] * ROWS for name, value in columns.items()})
    table = table.append_column("mobile", pa.array([f"138{row:08d}" for row in range(ROWS)]))
    match("person", {"police.resident": table}, tmp_path)
    assert clusters(tmp_path) == 1


@pytest.mark.parametrize("text", ["", " ", "\n", "？", "王" * 10_000, "\U0001f600", "\x00", "a\nb"])
def test_odd_text_in_every_column(text, tmp_path):
    columns = ["name", "former_name", "id_number", "id_number_raw", "birth_date", "sex", "mobile", "address"]
    table = pa.table({"record_id": KEYS[:40]} | {name: [text] * 40 for name in columns})
    summary = match("person", {"police.resident": table, "tax.natural_person": table}, tmp_path)
    assert sum(summary.records.values()) == 80


@pytest.mark.parametrize("text", ["", "\n", "公司", "分公司" * 500, "（）"])
def test_odd_text_in_every_column_of_enterprises(text, tmp_path):
    columns = ["name", "former_name", "uscc", "taxpayer_id", "legal_representative", "address", "phone"]
    table = pa.table({"record_id": KEYS[:40]} | {name: [text] * 40 for name in columns})
    assert sum(match("enterprise", {"tax.taxpayer": table}, tmp_path).records.values()) == 40
