"""Explanations: what the match used, to the last bit; the words, the pictures and the pages of it."""

import json
import re
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.blocking import candidate_pairs
from matching.explaining import output
from matching.explaining.cluster import ClusterGraph, GraphNode, explain_cluster
from matching.explaining.finished import Address, reopen
from matching.explaining.pair import explain_pair
from matching.explaining.pictures import graph
from matching.explaining.wording import bits, chance
from matching.judgements import Judgements
from matching.run import MatchOptions, match, match_with
from storage.errors import BadSpecification, ContractBroken


@pytest.fixture(scope="module")
def finished(town, tmp_path_factory):
    out = tmp_path_factory.mktemp("match")
    match("person", town[0], out)
    return out, reopen(out, town[0])


def parts(explained):
    taken = explained.prior_bits + explained.duplicate_bits + explained.forbidden_bits
    return taken + sum(field.bits for field in explained.fields)


def addresses(row):
    return [Address(f"{row[f'{s}_source']}.{row[f'{s}_dataset']}", row[f"{s}_record_id"]) for s in ("left", "right")]


def test_a_pair_weighs_what_the_match_gave_it(finished):
    out, opened = finished
    review = pq.read_table(out / "review.parquet").to_pylist()
    assert len(review) > 3
    for row in review:
        found = explain_pair(opened, *addresses(row))
        assert found.match_probability == pytest.approx(row["match_probability"], abs=1e-12)
        assert {field.field: field.level for field in found.fields} == row["levels"]
        assert {field.field: field.bits for field in found.fields} == pytest.approx(row["weights"], abs=1e-9)
        assert parts(found) == pytest.approx(found.total_bits, abs=1e-9)


def test_parts_add_up_and_sides_can_be_exchanged(finished):
    _, opened = finished
    pairs = candidate_pairs(opened.records, opened.nodes, opened.model)[0]
    draw = np.random.default_rng(3)
    for place in draw.choice(len(pairs), 40, replace=False):
        one, other = (
            opened.address(int(draw.choice(opened.members(np.array([node])))))
            for node in (pairs.left[place], pairs.right[place])
        )
        found, turned = explain_pair(opened, one, other), explain_pair(opened, other, one)
        assert parts(found) == pytest.approx(found.total_bits, abs=1e-9)
        assert found.match_probability == pytest.approx(1 / (1 + 2**-found.total_bits))
        for field in found.fields:
            assert field.level_bits + field.dependence_bits + field.frequency_bits == pytest.approx(field.bits)
            assert (field.level is None) == (field.silence is not None)
        assert [field.bits for field in turned.fields] == [field.bits for field in found.fields]
        assert [field.left for field in turned.fields] == [field.right for field in found.fields]
        assert (turned.total_bits, turned.decision) == (found.total_bits, found.decision)
        together = found.left_master == found.right_master
        assert together == (found.decision in {"collapsed", "linked", "together"})


def test_values_are_those_of_the_records(finished, town):
    out, opened = finished
    row = pq.read_table(out / "review.parquet").to_pylist()[0]
    one, other = addresses(row)
    found = explain_pair(opened, one, other)
    table = town[0][one.table]
    record = table.filter(pa.compute.equal(table.column("record_id"), one.record_id)).to_pylist()[0]
    sides = {field.field: field.left for field in found.fields}
    former = record["former_name"]
    assert sides["name"].received == (f"{record['name']} / {former}" if former else record["name"])
    assert sides["mobile"].received == record["mobile"]
    assert all(side.lent_by is None or side.compared for side in sides.values())


def tables():
    """A renamed man, a mother and her daughter of one name, and the mother once more."""
    police = {
        "record_id": ["1", "2", "3"],
        "id_number": ["440524188001010014", "11010519491231002X", None],
        "name": ["王建国", "李秀英", "李秀英"],
        "former_name": ["王卫国", None, None],
        "sex": ["1", "2", "2"],
        "birth_date": ["1880-01-01", "1949-12-31", "1990-05-06"],
    }
    tax = {
        "record_id": ["1", "2"],
        "id_number": ["440524188001010014", "11010519491231002X"],
        "name": ["王卫国", "李秀英"],
        "sex": ["1", "2"],
        "birth_date": [None, "1949-12-31"],
    }
    return {"police.resident": pa.table(police), "tax.natural_person": pa.table(tax)}


@pytest.fixture
def few(tmp_path):
    match("person", tables(), tmp_path / "few")
    return reopen(tmp_path / "few", tables())


def test_a_former_name_reaches_the_level_and_a_told_birth_date_is_silent(few):
    found = explain_pair(few, Address("police.resident", "1"), Address("tax.natural_person", "1"))
    by_field = {field.field: field for field in found.fields}
    assert by_field["name"].level == "exact"
    assert by_field["name"].left.compared == by_field["name"].right.compared == "王卫国"
    assert by_field["name"].left.received == "王建国 / 王卫国"
    assert by_field["birth_date"].silence == "told_by_another_field"
    assert by_field["mobile"].silence == "both_missing"
    assert found.decision == "linked"
    assert "id" in found.rules


def test_collapsed_records_say_what_made_them_one(few):
    found = explain_pair(few, Address("police.resident", "2"), Address("tax.natural_person", "2"))
    assert (found.decision, found.collapsed_by) == ("collapsed", ("id_number", "name", "birth_date"))
    assert parts(found) == pytest.approx(found.total_bits)
    assert found.rules == ()


def test_two_records_of_one_dataset_pay_for_being_duplicates(few):
    found = explain_pair(few, Address("police.resident", "2"), Address("police.resident", "3"))
    assert found.duplicate_bits == pytest.approx(np.log2(0.004))
    assert found.decision == "not_linked"


def test_what_a_constraint_forbids(tmp_path):
    columns = {
        "record_id": ["1", "2"],
        "uscc": [None, None],
        "name": ["青岛海蓝科技有限公司", "青岛海蓝科技有限公司市南分公司"],
        "legal_representative": ["陈岳玮", "陈岳玮"],
        "phone": ["053285551234", "053285551234"],
    }
    given = {"commerce.enterprise": pa.table({n: pa.array(v, pa.string()) for n, v in columns.items()})}
    match("enterprise", given, tmp_path)
    opened = reopen(tmp_path, given)
    found = explain_pair(opened, Address("commerce.enterprise", "1"), Address("commerce.enterprise", "2"))
    assert found.total_bits == -100
    assert found.forbidden_bits < 0
    assert found.decision == "apart"
    assert parts(found) == pytest.approx(-100)


def test_unknown_records_clusters_and_other_tables_are_refused(few, finished, tmp_path):
    with pytest.raises(BadSpecification, match="no such record"):
        explain_pair(few, Address("police.resident", "9"), Address("police.resident", "1"))
    with pytest.raises(BadSpecification, match="no such record"):
        explain_pair(few, Address("police.nobody", "1"), Address("police.resident", "1"))
    with pytest.raises(BadSpecification, match="no such cluster"):
        explain_cluster(few, "P0")
    with pytest.raises(ContractBroken, match="records"):
        reopen(finished[0], tables())
    other = tables()
    other["tax.natural_person"] = other["tax.natural_person"].set_column(0, "record_id", pa.array(["1", "3"]))
    with pytest.raises(ContractBroken, match="crosswalk"):
        reopen(tmp_path / "few", other)
    with pytest.raises(ContractBroken, match=r"model\.json is missing"):
        reopen(tmp_path, tables())


def test_addresses_are_read_from_text():
    assert Address.parse("tax.wage/a/b") == Address("tax.wage", "a/b")
    for wrong in ("tax.wage", "/1", "tax.wage/"):
        with pytest.raises(BadSpecification, match="dataset/record_id"):
            Address.parse(wrong)


def test_a_cluster_has_every_record_and_every_link(finished):
    _, opened = finished
    masters = np.array(opened.masters.to_pylist())
    nodes = opened.nodes.of_record
    pairs = opened.candidates()
    weighed = opened.weigh(pairs)
    links = weighed.chances >= opened.model.link
    crowded = [m for m in dict.fromkeys(masters.tolist()) if len(set(nodes[masters == m].tolist())) >= 3][:5]
    for master in crowded:
        found = explain_cluster(opened, master)
        own = {node.node for node in found.nodes if node.inside}
        assert (
            sum(len(node.records) for node in found.nodes if node.inside) == (masters == master).sum() == found.records
        )
        touching = np.isin(pairs.left, list(own)) | np.isin(pairs.right, list(own))
        ends = pairs.left[touching & links].tolist(), pairs.right[touching & links].tolist()
        expected = set(zip(*ends, strict=True))
        assert expected <= {(edge.left, edge.right) for edge in found.edges if edge.kind in {"link", "cut"}}
        assert [edge.bits for edge in found.edges] == sorted((edge.bits for edge in found.edges), reverse=True)
        for edge in found.edges:
            assert (edge.left in own and edge.right in own) == (edge.kind in {"link", "weak", "contradiction"})
            assert (edge.match_probability >= opened.model.link) == (edge.kind in {"link", "cut"})


def test_a_declared_model_explains_itself_too(tmp_path):
    from matching.model import MODELS, load

    model = load(MODELS / "febrl.yaml")
    columns = sorted({column for spec in model.fields.values() for column in spec.columns})
    rows = {column: ["alpha", "alpha", "beta"] for column in columns} | {model.key: ["a", "b", "c"]}
    given = {"people": pa.table(rows)}
    match_with(model, given, tmp_path, options=MatchOptions())
    opened = reopen(tmp_path, given)
    found = explain_pair(opened, Address("people", "a"), Address("people", "c"))
    assert parts(found) == pytest.approx(found.total_bits)
    assert len(output.as_text(found, "en").splitlines()) > len(found.fields)


@pytest.fixture(scope="module")
def explained(finished):
    out, opened = finished
    row = pq.read_table(out / "review.parquet").to_pylist()[0]
    pair = explain_pair(opened, *addresses(row))
    return pair, explain_cluster(opened, pair.left_master)


@pytest.mark.parametrize("kind", [0, 1])
def test_pages_and_pictures_ask_for_nothing_outside(explained, kind):
    page, picture = output.as_page(explained[kind]), output.as_svg(explained[kind], "zh")
    for text in (page, picture):
        plain = re.sub(r"data:font/woff;base64,[A-Za-z0-9+/=]+", "", text)
        found = set(re.findall(r"(?:https?:)?//[^\s\"'<>)]+", plain))
        assert {one for one in found if "." in one} <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert "<script" not in plain
    assert "default-src 'none'" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_files_by_suffix_are_private(explained, tmp_path):
    for suffix, head in ((".json", b"{"), (".txt", "匹配解释".encode()), (".svg", b"<svg"), (".png", b"\x89PNG")):
        path = tmp_path / f"pair{suffix}"
        output.check_suffix(path)
        output.write(explained[0], path, "zh")
        assert path.read_bytes().startswith(head)
        assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "pair.json").read_text()) == json.loads(json.dumps(asdict(explained[0])))
    with pytest.raises(BadSpecification, match=r"\.json"):
        output.check_suffix(tmp_path / "pair.docx")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_text_tells_every_weight_and_the_page_escapes_values(explained, language):
    pair, cluster = explained
    text = output.as_text(pair, language)
    for field in pair.fields:
        assert field.level is None or bits(field.bits) in text
    assert bits(pair.total_bits) in text
    assert chance(pair.match_probability) in text
    graph = output.as_text(cluster, language)
    assert all(str(record) in graph for node in cluster.nodes for record in node.records)


def test_values_are_escaped_on_the_page(tmp_path):
    given = tables()
    given["tax.natural_person"] = given["tax.natural_person"].set_column(2, "name", pa.array(["王<b>国</b>", "李秀英"]))
    match("person", given, tmp_path)
    opened = reopen(tmp_path, given)
    page = output.as_page(explain_pair(opened, Address("police.resident", "1"), Address("tax.natural_person", "1")))
    assert "王&lt;b&gt;国" in page
    assert "<b>国" not in page


def test_a_cluster_of_one_node_is_drawn():
    alone = ClusterGraph("person", "P1", 2, (GraphNode(7, True, "P1", (Address("a.b", "1"), Address("a.b", "2"))),), ())
    picture = graph(alone, "en")
    assert re.search(r'<svg[^>]* width="\d+" height="\d+" viewBox="0 0 \d+ \d+"', picture)
    assert re.search(r"<text[^>]*>2</text>", picture)


def test_what_stewards_judged_is_named(town, tmp_path):
    folder = tmp_path / "match"
    tables = town[0]
    match("person", tables, folder, options=MatchOptions(only="crosswalk"))
    rows = pq.read_table(folder / "crosswalk.parquet").to_pylist()
    one, *_, other = [Address(f"{row['source']}.{row['dataset']}", row["record_id"]) for row in rows]
    near = next(
        Address(f"{row['source']}.{row['dataset']}", row["record_id"])
        for row in rows[1:]
        if row["master_id"] == rows[0]["master_id"]
    )
    left_out = Address(f"{rows[5]['source']}.{rows[5]['dataset']}", rows[5]["record_id"])
    keys = [(place.table, place.record_id) for place in (one, other, near)]
    judgements = Judgements(
        links=frozenset({tuple(sorted((keys[0], keys[1])))}),
        not_links=frozenset({tuple(sorted((keys[0], keys[2])))}),
        suppressed=frozenset({(left_out.table, left_out.record_id)}),
    )
    match("person", tables, folder, options=MatchOptions(only="crosswalk", judgements=judgements))
    opened = reopen(folder, tables)
    linked, parted = explain_pair(opened, one, other), explain_pair(opened, near, one)
    assert (linked.decision, parted.decision) == ("judged_one", "judged_two")
    assert [judged.kind for judged in linked.judgements] == ["link", "not_link"]
    assert [judged.kind for judged in parted.judgements] == ["not_link", "link"], "those of the two first"
    assert f"{other}" in output.as_text(parted, "en")
    assert "由管理员裁定" in output.as_text(linked, "zh")
    assert "judged to be one by a steward" in output.as_page(linked)
    third = next(a for a in (Address(f"{r['source']}.{r['dataset']}", r["record_id"]) for r in rows[10:])
                 if a not in {one, other, near})  # fmt: skip
    assert explain_pair(opened, third, near).decision not in {"judged_one", "judged_two"}
    with pytest.raises(BadSpecification, match="left the record out"):
        explain_pair(opened, one, left_out)
