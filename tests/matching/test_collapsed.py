import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.collapsed import bits_of_shared, collapsed_chances
from matching.model import declared
from matching.nodes import collapse
from matching.parameters import declared as declared_parameters
from matching.records import read
from matching.run import match
from matching.weighing import frequencies

VALUES = {
    "id_number": "11010519491231002X", "name": "王伟", "birth_date": "1949-12-31", "sex": "2",
    "mobile": "13812345678", "address": "香港中路12号3号楼2单元502室",
}  # fmt: skip
MODEL = declared("person")


def chance(shared, common=1):
    """Of two records that share some fields; `common` further people have the name."""
    rows = [{"record_id": key, **{name: VALUES[name] for name in shared}} for key in "ab"]
    rows += [{"record_id": f"c{n}", "name": VALUES["name"]} for n in range(common)]
    columns = {name: [row.get(name) for row in rows] for name in ("record_id", *VALUES)}
    table = pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})
    records = read({"tax.natural_person": table}, MODEL)
    nodes = collapse(records, MODEL)
    known = declared_parameters(MODEL, 100_000)
    return collapsed_chances(records, nodes, MODEL, (known, frequencies(nodes, records, MODEL)))[:2]


def test_more_agreement_never_gives_a_lower_probability():
    always = ("id_number", "name", "birth_date")
    found = {}
    for count in range(4):
        for more in itertools.combinations(("sex", "mobile", "address"), count):
            one, other = chance((*always, *more), common=5000)
            assert one == other
            found[frozenset(more)] = one
    for less, more in itertools.product(found, found):
        assert found[less] <= found[more] or not less < more


@given(shared=st.integers(0, 63), other=st.integers(0, 63))
@settings(max_examples=200)
def test_bits_rise_with_every_field_that_is_shared(shared, other):
    table = bits_of_shared(MODEL, declared_parameters(MODEL, 50_000))
    assert len(table) == 64
    assert table[shared] <= table[shared | other]
    assert table[0] == 0


def test_records_that_stand_alone_have_none():
    assert np.isnan(chance(("name",))).all()


def test_an_equal_record_is_surer_than_a_mistyped_one(tmp_path):
    rows = [
        ("1", VALUES["id_number"]), ("2", VALUES["id_number"]), ("3", "11010519491231004X"),
    ]  # fmt: skip
    same = {name: [VALUES[name]] * 3 for name in ("name", "birth_date", "mobile", "address")}
    table = pa.table({"record_id": [key for key, _ in rows], "id_number": [number for _, number in rows]} | same)
    single = {name: table.slice(place, 1) for place, name in enumerate(("tax.a", "tax.b", "tax.c"))}
    model = MODEL.model_copy(update={"collapse": (("id_number", "name", "birth_date"),)})
    assert len(collapse(read(single, model), model)) == 2
    match("person", single, tmp_path)
    found = pq.read_table(tmp_path / "crosswalk.parquet")
    assert len(set(found.column("master_id").to_pylist())) == 1
    equal, also, mistyped = found.column("match_probability").to_pylist()
    assert equal == also >= mistyped > 0.5


def test_a_field_that_nobody_fills_has_nothing_to_add(tmp_path):
    table = pa.table(
        {"record_id": ["1", "2"], "uscc": ["91370200MA10RAH52X"] * 2, "name": ["青岛海蓝科技有限公司"] * 2}
    )
    match("enterprise", {"commerce.enterprise": table}, tmp_path)
    assert pq.read_table(tmp_path / "crosswalk.parquet").column("match_probability").to_pylist()[0] > 0.5
