import json
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.run import MatchOptions, match
from storage.errors import BadSpecification

COLUMNS = ["master_id", "source", "dataset", "record_id", "match_probability"]


def crosswalk(folder):
    return pq.read_table(folder / "crosswalk.parquet")


def test_town_is_matched_within_its_floor(town, city, tmp_path):
    tables, truth = town
    match("person", tables, tmp_path)
    wrong, missed, true = city.wrong_and_missed(crosswalk(tmp_path), truth)
    assert true > 7000
    assert wrong <= true * 0.0005
    assert missed <= true * 0.003


def test_every_record_has_one_row(town, tmp_path):
    tables, truth = town
    summary = match("person", tables, tmp_path)
    table = crosswalk(tmp_path)
    assert table.column_names == COLUMNS
    keys = {
        (f"{source}.{dataset}", record)
        for source, dataset, record in zip(
            *(table.column(name).to_pylist() for name in ("source", "dataset", "record_id")), strict=True
        )
    }
    assert keys == set(truth)
    assert len(table) == len(truth) == sum(summary.records.values())
    masters = table.column("master_id").to_pylist()
    alone = [row for row, chance in enumerate(table.column("match_probability").to_pylist()) if chance is None]
    assert all(masters.count(masters[row]) == 1 for row in alone[:20])


def test_row_order_changes_nothing(town, tmp_path):
    tables, _ = town
    turned = {name: table.take(list(range(len(table)))[::-1]) for name, table in reversed(list(tables.items()))}
    match("person", tables, tmp_path / "one", options=MatchOptions(only="crosswalk"))
    match("person", turned, tmp_path / "other", options=MatchOptions(only="crosswalk"))
    assert crosswalk(tmp_path / "one").equals(crosswalk(tmp_path / "other"))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(threads, town, tmp_path, monkeypatch):
    match("person", town[0], tmp_path / "one", options=MatchOptions(only="crosswalk"))
    monkeypatch.setattr("matching.parallel.MOST_THREADS", threads)
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    monkeypatch.setattr("matching.evidence.SLICE", 1000)
    monkeypatch.setattr("matching.blocking_keys.SLICE", 777)
    before = pa.cpu_count()
    pa.set_cpu_count(threads)
    match("person", town[0], tmp_path / "other", options=MatchOptions(only="crosswalk"))
    pa.set_cpu_count(before)
    assert crosswalk(tmp_path / "one").equals(crosswalk(tmp_path / "other"))
    assert (tmp_path / "one" / "model.json").read_bytes() == (tmp_path / "other" / "model.json").read_bytes()


SLICES = {
    "matching.evidence.SLICE": 901,
    "matching.collapsed.SLICE": 333,
    "matching.blocking_keys.SLICE": 777,
    "matching.outputs.ROWS": 555,
    "matching.standardise.values.SLICE": 101,
    "matching.standardise.addresses.CHUNK": 250,
}


def test_the_size_of_slices_changes_nothing(town, tmp_path, monkeypatch):
    one = match("person", town[0], tmp_path / "one")
    for name, size in SLICES.items():
        monkeypatch.setattr(name, size)
    other = match("person", town[0], tmp_path / "other")
    assert crosswalk(tmp_path / "one").equals(crosswalk(tmp_path / "other"))
    reviews = [pq.read_table(tmp_path / name / "review.parquet") for name in ("one", "other")]
    assert reviews[0].equals(reviews[1])
    assert (tmp_path / "one" / "model.json").read_bytes() == (tmp_path / "other" / "model.json").read_bytes()
    assert (one.coverage, one.blocking, one.cut) == (other.coverage, other.blocking, other.cut)


def test_the_same_input_gives_the_same_files(town, tmp_path):
    summaries = [match("person", town[0], tmp_path / name) for name in ("one", "other")]
    for name in ("crosswalk.parquet", "review.parquet", "model.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert summaries[0].coverage == summaries[1].coverage


def test_files_are_private_and_complete(town, tmp_path):
    match("person", town[0], tmp_path / "out")
    names = {"crosswalk.parquet", "review.parquet", "model.json", "values.parquet", "summary.json", "state"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert stat.S_IMODE((tmp_path / "out" / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert {stage["stage"] for stage in summary["stages"]} >= {"standardise", "block", "train", "cluster"}
    rows = {stage["stage"]: stage["rows"] for stage in summary["stages"]}
    assert rows["standardise"] == rows["write"] == sum(summary["records"].values())
    assert rows["cluster"] == summary["nodes"]
    assert rows["compare"] == rows["weigh"] == summary["pairs"]
    assert all(stage["seconds"] >= 0 and stage["peak_mib"] > 0 for stage in summary["stages"])
    assert summary["coverage"]["matches"] > 0
    assert summary["converged"] is True
    review = pq.read_table(tmp_path / "out" / "review.parquet")
    assert review.schema.field("weights").type.get_field_index("name") >= 0
    assert len(review) == summary["review_pairs"]


def test_a_trained_model_can_be_used_again(town, tmp_path):
    match("person", town[0], tmp_path / "one")
    again = match("person", town[0], tmp_path / "two", options=MatchOptions(model=tmp_path / "one" / "model.json"))
    assert again.converged is None
    assert crosswalk(tmp_path / "one").equals(crosswalk(tmp_path / "two"))
    assert (tmp_path / "one" / "model.json").read_text() == (tmp_path / "two" / "model.json").read_text()


def test_one_dataset_alone(town, city, tmp_path):
    tables, truth = town
    match("person", {"police.resident": tables["police.resident"]}, tmp_path)
    police = {key: person for key, person in truth.items() if key[0] == "police.resident"}
    wrong, missed, true = city.wrong_and_missed(crosswalk(tmp_path), police)
    assert wrong <= 1
    assert missed <= true


def test_only_required_columns(town, city, tmp_path):
    tables, truth = town
    required = ["record_id", "id_number", "name", "sex", "birth_date"]
    match("person", {name: table.select(required) for name, table in tables.items()}, tmp_path)
    wrong, missed, true = city.wrong_and_missed(crosswalk(tmp_path), truth)
    assert wrong + missed <= true * 0.02


@pytest.mark.parametrize("entity", ["person", "enterprise"])
def test_empty_tables(entity, tmp_path):
    empty = pa.table({"record_id": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    dataset = "police.resident" if entity == "person" else "tax.taxpayer"
    summary = match(entity, {dataset: empty}, tmp_path)
    assert summary.clusters == 0
    assert crosswalk(tmp_path).num_rows == 0
    assert crosswalk(tmp_path).column_names == COLUMNS


def test_null_everywhere(tmp_path):
    rows = 50
    table = pa.table({"record_id": [f"{n:03d}" for n in range(rows)], "name": pa.nulls(rows, pa.string())})
    summary = match("person", {"police.resident": table}, tmp_path)
    assert summary.clusters == rows


def test_a_table_without_keys_is_refused(tmp_path):
    with pytest.raises(BadSpecification, match="record_id"):
        match("person", {"police.resident": pa.table({"name": ["张伟"]})}, tmp_path)


def test_enterprises_sisters_branches_and_owners(tmp_path):
    commerce = pa.table(
        {
            "record_id": ["1", "2", "3", "4"],
            "uscc": ["91370200MA10RAH52X", "91370200MA3CQRYT3H", "91370200MA3D1X8Y7B", "92370200MA25M85P32"],
            "name": [
                "青岛海蓝科技有限公司",
                "青岛海蓝商贸有限公司",
                "青岛海蓝科技有限公司市南分公司",
                "市北区凯利饭店",
            ],
            "legal_representative": ["陈岳玮", "陈岳玮", "陈岳玮", "吴芷琳"],
            "legal_representative_id_number": ["440524188001010014"] * 3 + ["11010519491231002X"],
            "address": ["云岭路85号6号楼"] * 3 + ["热河路108号4号楼"],
        }
    )
    taxpayers = pa.table(
        {
            "record_id": ["1", "2", "3", "4"],
            "taxpayer_id": ["91370200MA10RAH52X", "370202MA3CQRYT3", None, "11010519491231002X"],
            "name": [
                "海蓝（青岛）科技有限责任公司",
                "青岛海兰商贸有限公司",
                "青岛海蓝科技有限公司市南分公司",
                "吴芷琳",
            ],
            "legal_representative": ["陈岳玮", "陈岳玮", "李芳", "吴芷琳"],
            "address": ["云岭路85号6号楼"] * 3 + ["热河路108号4-1"],
        }
    )
    match("enterprise", {"commerce.enterprise": commerce, "tax.taxpayer": taxpayers}, tmp_path)
    table = crosswalk(tmp_path)
    masters = table.column("master_id").to_pylist()
    assert masters[:4] == masters[4:]
    assert len(set(masters)) == 4
    assert all(master.startswith("E") for master in masters)
