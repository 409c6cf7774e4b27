"""Search before create: the right one first, weighed as a match weighs, by an index that reads little."""

import logging
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching import frozen, weighing
from matching.blocking import Pairs
from matching.evidence import compare
from matching.explaining.finished import trained_model
from matching.nodes import collapse
from matching.placeholders import without_known
from matching.run import match
from registry.members import Sources
from registry.search.index import opened_rows, standardised, text_columns, write_index
from registry.search.query import SearchIndex
from storage.errors import BadSpecification
from tests.matching import city

PERSONS = 1500


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A matched city, its index, and person → the master ids that his records have."""
    folder = tmp_path_factory.mktemp("search")
    tables, truth = city.drops(PERSONS, 5, city.Rates())
    paths = {}
    for name, table in tables.items():
        paths[name] = folder / f"{name}.parquet"
        pq.write_table(table, paths[name])
    match("person", paths, folder / "match")
    (folder / "index").mkdir()
    crosswalk = folder / "match" / "crosswalk.parquet"
    write_index(folder / "match", Sources(crosswalk, paths), folder / "index")
    masters = {}
    for row in pq.read_table(crosswalk).to_pylist():
        masters.setdefault(truth[f"{row['source']}.{row['dataset']}", row["record_id"]], set()).add(row["master_id"])
    return folder, SearchIndex(folder / "index"), masters


@pytest.fixture(scope="module")
def persons():
    """Persons of the city with what somebody at a counter would say of them."""
    everybody = city.people(PERSONS, 5)
    chosen = random.Random(3).sample(range(PERSONS), 120)  # noqa: S311 - test data, repeatable by seed
    return [(number, everybody[number]) for number in chosen]


def asked(person, *columns):
    given = {
        "name": person["name"], "birth_date": person["birth"].isoformat(), "id_number": person["id"],
        "mobile": person["mobile"], "address": person["address"],
    }  # fmt: skip
    return {column: given[column] for column in columns}


@pytest.mark.parametrize(
    "columns",
    [("name", "birth_date"), ("id_number",), ("name", "mobile"), ("name", "birth_date", "address"),
     ("birth_date", "mobile")],
)  # fmt: skip
def test_who_is_known_comes_first(known, persons, columns):
    _, index, masters = known
    hits = asks = 0
    for number, person in persons:
        if number in masters:
            asks += 1
            found = index.search(asked(person, *columns), 3).candidates
            hits += bool(found) and found[0].master_id in masters[number]
    assert asks > 100
    assert hits >= 0.9 * asks, (hits, asks)


def test_a_wrong_digit_and_a_wrong_day_do_not_hide_anybody(known, persons):
    _, index, masters = known
    draw, hits, asks = random.Random(1), 0, 0  # noqa: S311 - test data, repeatable by seed
    for number, person in persons:
        if number in masters:
            asks += 1
            question = asked(person, "name", "id_number") | {"id_number": city.wrong_digits(draw, person["id"])}
            hits += any(one.master_id in masters[number] for one in index.search(question, 2).candidates)
    assert hits >= 0.9 * asks, (hits, asks)


def slowly(folder, question):
    """Everybody weighed, no block, no lookup by hash: master → best bits."""
    model, trained = trained_model(folder / "match")
    values, rows = frozen.read(folder / "match"), opened_rows(folder / "index")
    free = model.model_copy(update={"collapse": (), "settled": ""})
    asked = pa.table({name: pa.array([question.get(name)], pa.string()) for name in text_columns(model)})
    asked = asked.append_column("master_id", pa.array([""])).select(rows.column_names)
    records = standardised(pa.concat_tables([rows.cast(asked.schema), asked]), free)
    records, _ = without_known(records, free, values.placeholders)
    nodes, size = collapse(records, free), len(rows)
    evidence = compare(records, nodes, free, Pairs(np.arange(size, dtype=np.int32), np.full(size, size, np.int32)))
    common = weighing.frequencies(nodes, records, free, values)
    bits = weighing.total(free, trained, weighing.weigh(free, trained, common, evidence), evidence, ())
    best = {}
    for master, weight in zip(rows.column("master_id").to_pylist(), bits.tolist(), strict=True):
        best[master] = max(best.get(master, weight), weight)
    return best


@pytest.mark.parametrize(
    "columns",
    [("name", "birth_date", "mobile"), ("name", "birth_date"), ("birth_date", "mobile"), ("id_number", "name")],
)
def test_weights_are_those_of_the_match_and_the_best_is_the_best_of_all(known, persons, columns):
    folder, index, _ = known
    best_of_all = 0
    for _, person in persons[:25]:
        question = asked(person, *columns)
        found, everybody = index.search(question).candidates, slowly(folder, question)
        for one in found:
            assert one.weight == pytest.approx(everybody[one.master_id], abs=2e-3)
            assert one.probability == pytest.approx(1 / (1 + 2 ** -everybody[one.master_id]), abs=1e-5)
        assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)
        best_of_all += found[0].weight == pytest.approx(max(everybody.values()), abs=2e-3)
    assert best_of_all >= 24


def test_a_stranger_is_nobody_or_improbable(known):
    _, index, _ = known
    found = index.search({"name": "欧阳不存在", "birth_date": "1901-02-03", "id_number": "11010519491231002X"})
    assert all(one.probability < 0.01 for one in found.candidates)
    assert index.search({"sex": "1"}).candidates == ()  # a sex alone is nobody


def test_a_name_alone_finds_its_bearers(known, persons):
    _, index, masters = known
    person = next(person for number, person in persons if number in masters)
    found = index.search({"name": person["name"]}, 100)
    assert {one.values["name"] for one in found.candidates[:1]} == {person["name"]}
    assert found.candidates[0].levels["name"] == "exact"


def test_what_cannot_be_asked_is_refused_without_its_value(known, caplog):
    _, index, _ = known
    with pytest.raises(BadSpecification, match="shoe_size cannot be searched for") as refused:
        index.search({"shoe_size": "秘密"})
    assert "秘密" not in str(refused.value)
    with pytest.raises(BadSpecification, match="nothing is asked for"):
        index.search({"name": " "})


@pytest.mark.parametrize("day", ["1980-13-01", "banana"])
def test_a_value_that_says_nothing_is_refused_and_not_left_out(known, persons, day):
    _, index, _ = known
    with pytest.raises(BadSpecification, match="birth_date cannot be read") as refused:
        index.search({"name": persons[0][1]["name"], "birth_date": day})
    assert day not in str(refused.value)


def test_nothing_of_a_question_is_logged(known, persons, caplog):
    _, index, _ = known
    with caplog.at_level(logging.DEBUG):
        index.search(asked(persons[0][1], "name", "birth_date", "id_number", "mobile", "address"))
    for value in asked(persons[0][1], "name", "id_number", "mobile", "address").values():
        assert str(value) not in caplog.text


def test_an_enterprise_is_found_by_its_code_its_name_or_a_part_of_it(tmp_path):
    names = [
        f"青岛{trade}{kind}有限公司"
        for trade in ("海蓝", "远航", "金桥", "宏泰", "中正")
        for kind in ("科技", "贸易", "建材")
    ]
    rows = [
        {"record_id": f"C{number:03d}", "name": name, "uscc": f"91370202MA3C{number:05d}X",
         "address": f"香港中路{number + 1}号", "legal_representative": "王伟", "phone": f"0532858{number:05d}"}
        for number, name in enumerate(names)
    ]  # fmt: skip
    path = tmp_path / "commerce.enterprise.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    tables = {"commerce.enterprise": path}
    match("enterprise", tables, tmp_path / "match")
    (tmp_path / "index").mkdir()
    write_index(tmp_path / "match", Sources(tmp_path / "match" / "crosswalk.parquet", tables), tmp_path / "index")
    index = SearchIndex(tmp_path / "index")
    for question in ({"name": "海蓝科技"}, {"uscc": rows[0]["uscc"]}, {"name": "青岛海蓝科技有限责任公司"}):
        assert index.search(question).candidates[0].values["name"] == "青岛海蓝科技有限公司"
