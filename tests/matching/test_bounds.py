import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.blocking import WINDOW, Pairs
from matching.clustering import CutRule, cluster
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


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_a_huge_component_with_contradictions_is_cut_in_bounded_time(shape):
    """Every link of 200,000 is followed or not in turn; to look through the whole cluster each time takes hours."""
    size = 200_000
    right = np.arange(1, size, dtype=np.int32)
    left = right - 1 if shape == "chain" else np.zeros(size - 1, np.int32)
    foes = np.arange(2, size, 1000, dtype=np.int32)
    pairs = Pairs(np.concatenate((left, foes - 1)), np.concatenate((right, foes + 1)))
    bits = np.concatenate((np.full(size - 1, 9.0), np.full(len(foes), -9.0)))
    root, cut = cluster(size, pairs, bits, bits > 0, CutRule(-5.0, lambda further: np.zeros(len(further))))
    assert cut.components == 1
    assert (root[foes - 1] != root[foes + 1]).all()
    assert len(np.unique(root)) == len(foes) + 1


def test_many_links_between_two_hostile_clusters_are_dropped_in_bounded_time():
    """A thousand members a side, every two linked across, one contradiction that is looked for a million times."""
    side = 1000
    inside = np.arange(1, side, dtype=np.int32)
    across = np.indices((side, side), np.int32).reshape(2, -1)
    left = np.concatenate((np.zeros(side - 1, np.int32), np.full(side - 1, side, np.int32), across[0]))
    right = np.concatenate((inside, inside + side, across[1] + side)).astype(np.int32)
    bits = np.concatenate((np.full(2 * side - 2, 9.0), np.full(side * side, 4.0)))
    bits[-1] = -9.0
    root, cut = cluster(2 * side, Pairs(left, right), bits, bits > 0, CutRule(-5.0, lambda more: np.zeros(len(more))))
    assert np.array_equal(root, np.repeat([0, side], side))
    assert cut.links == side * side - 1
