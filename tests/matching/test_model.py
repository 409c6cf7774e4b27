import gzip
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from matching import model as declarations
from matching.compare.registry import COMPARATORS
from matching.files import read_tables
from matching.model import MODELS, MatchModel, as_json, declared, load
from matching.run import MatchOptions, match_with
from matching.standardise.registry import STANDARDISERS, keys_of
from storage.errors import BadSpecification, SourceRejected


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_models_survive_json(path):
    model = load(path)
    assert MatchModel.model_validate(as_json(model)) == model


def test_persons_and_enterprises_never_share_an_id():
    assert declared("person").prefix != declared("enterprise").prefix


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("field: mobile", "field: telephone", "telephone"),
        ("level: wildcard", "level: joker", "joker"),
        ("comparator: digits", "comparator: numbers", "numbers"),
        ("standardiser: digits", "standardiser: numbers", "numbers"),
        ("id_number.tail", "id_number.foot", "foot"),
        ("name: id,", "name: [", "while parsing"),
        ("level: house", "level: hut", "house"),
        ("m: 0.645", "m: 1.645", "less than 1"),
        ("prefix: P", "prefix: P\nsecret: 1", "secret"),
    ],
)
def test_wrong_declarations_are_refused(old, new, message, tmp_path):
    text = (MODELS / "person.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "model.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadSpecification, match=message) as caught:
        load(path)
    assert caught.value.where == "model.yaml"
    assert caught.value.expected
    assert caught.value.remedy


def test_any_table_with_a_declared_model(tmp_path):
    header = "rec_id, given_name, surname, date_of_birth, soc_sec_id, street_number, address_1, suburb, postcode, state"
    rows = [
        "a1, michaela, neumann, 19151111, 5304218, 8, stanley street, winston hills, 4223, nsw",
        "a2, michafla, jakimow, 19151111, 5304218, 8, stanleykstreet, winstonhills, 4223, nsw",
        "b1, courtney, painter, 19161214, 4066625, 12, pinkerton circuit, richlands, 4560, vic",
        "b2, courtney, painter, 19161214, 4066625, 12, pinkertn circuit, richlands, 4560, vic",
        "c1, charles, green, 19480930, 4365168, 38, salkauskas crescent, dapto, 4566, nsw",
    ]
    first, other = tmp_path / "one.csv", tmp_path / "other.csv.gz"
    first.write_text("\n".join([header, rows[0], rows[2], rows[4]]) + "\n", encoding="utf-8")
    other.write_bytes(gzip.compress(("\n".join([header, rows[1], rows[3]]) + "\n").encode()))
    tables = read_tables([first, other])
    assert tables["one"].column("surname").to_pylist() == ["neumann", "painter", "green"]
    match_with(load(MODELS / "febrl.yaml"), tables, tmp_path / "out", options=MatchOptions())
    table = pq.read_table(tmp_path / "out" / "crosswalk.parquet")
    groups = dict(zip(table.column("record_id").to_pylist(), table.column("master_id").to_pylist(), strict=True))
    assert groups["a1"] == groups["a2"] != groups["b1"] == groups["b2"] != groups["c1"]


def test_line_breaks_in_quoted_cells_are_text(tmp_path):
    """In a file of several blocks, too: Arrow reads one MiB at a time."""
    rows = [f'{number},"first line\nsecond line {"x" * 90}"' for number in range(20_000)]
    (tmp_path / "lines.csv").write_text("\n".join(["rec_id,address", *rows]) + "\n", encoding="utf-8")
    read = read_tables([tmp_path / "lines.csv"], key="rec_id")["lines"]
    assert read.num_rows == 20_000
    assert read.column("address")[19_999].as_py().startswith("first line\nsecond")


@pytest.mark.parametrize(
    "kind", [pa.string_view(), pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_texts_of_any_kind_are_read_from_parquet(kind, tmp_path):
    ids = pa.array(["b", "a", "c"]).cast(pa.string())
    column = ids.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else ids.cast(kind)
    pq.write_table(pa.table({"rec_id": column, "surname": column}), tmp_path / "x.parquet")
    table = read_tables([tmp_path / "x.parquet"], key="rec_id")["x"]
    options = MatchOptions(only="crosswalk")
    match_with(load(MODELS / "febrl.yaml"), {"x": table}, tmp_path / "out", options=options)
    assert pq.read_table(tmp_path / "out" / "crosswalk.parquet").column("record_id").to_pylist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([["secret"]]), "column 2 of 2 is of type list<"),
        (pa.array([{"a": "secret"}]), "column 2 of 2 is of type struct<"),
        (pa.array([b"\xff\xfe"]), "column 2 of 2 is of type binary and holds bytes that are no text"),
    ],
)
def test_columns_that_are_no_text_are_refused_by_their_place(column, message, tmp_path):
    pq.write_table(pa.table({"rec_id": ["1"], "surname": column}), tmp_path / "x.parquet")
    with pytest.raises(SourceRejected) as refused:
        read_tables([tmp_path / "x.parquet"], key="rec_id")
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


def test_other_formats_and_equal_names_are_refused(tmp_path):
    (tmp_path / "x.txt").write_text("a")
    with pytest.raises(BadSpecification, match="txt"):
        read_tables([tmp_path / "x.txt"])
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(BadSpecification, match="two files"):
        read_tables([tmp_path / "x.parquet", tmp_path / "x.parquet"])
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceRejected, match=r"y\.parquet"):
        read_tables([tmp_path / "y.parquet"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"rec_id,surname\n1,secret,x\n", "Expected 2 columns, got 3"),
        (b"", "Empty CSV"),
        (b"rec_id,surname\n1,\xff\xfe\n", "invalid UTF8"),
        (b"rec_id, rec_id\n1,secret\n", "1 columns have a name that another one has"),
        (b"rec_id;surname\n1;secret\n", "rec_id is missing among the 1 columns"),
        (b"rec_id,surname\n1,secret\n1,secret\n,c\n", "1 rows have no rec_id, 1 repeat"),
    ],
)
def test_bad_files_are_refused_without_their_values(content, message, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises((SourceRejected, BadSpecification), match=message) as caught:
        read_tables([path], "rec_id")
    assert caught.value.where == "bad.csv"
    assert "secret" not in str(caught.value)


def test_a_byte_order_mark_and_quoted_line_ends_are_no_hindrance(tmp_path):
    path = tmp_path / "records.csv"
    path.write_bytes('\ufeffrec_id,surname\r\n1,"a, b"\r\n2,\r\n'.encode())
    assert read_tables([path], "rec_id")["records"].to_pylist() == [
        {"rec_id": "1", "surname": "a, b"}, {"rec_id": "2", "surname": None},
    ]  # fmt: skip


DOCUMENT = Path(__file__).parents[2] / "docs" / "models.md"


def words_of(model):
    """Every word that a declaration may hold, by place."""
    for name, field in model.model_fields.items():
        yield name
        for inner in re.findall(r"\w+Spec|Constraints|Training|BlockingRule", str(field.annotation)):
            yield from words_of(getattr(declarations, inner))


def test_the_document_explains_every_word():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [word for word in words_of(MatchModel) if not re.search(rf"\b{word}\b", text)] == []


def test_the_document_lists_standardisers_and_comparators_as_they_are():
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, comparator in COMPARATORS.items():
        if comparator.levels:
            assert f"| `{name}` | {', '.join(comparator.levels)} |" in text
    for name in STANDARDISERS:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 4)
        listed = set(re.findall(r"`(\w+)`", row.rpartition(" | ")[2])) - {name}
        assert listed == set(keys_of(name)) - {"value"}


def test_the_small_model_of_the_document_works(tmp_path):
    text = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    path, records = tmp_path / "readers.yaml", tmp_path / "readers.csv"
    path.write_text(text.group(1), encoding="utf-8")
    assert yaml.safe_load(text.group(1))["key"] == "card"
    records.write_text(
        "card,name,born,phone\n1,Anna Berg,1980-02-03,5550001234\n2,anna berg,19800203,555 000 1234\n"
        "3,Carl Dahl,1975-06-07,5550009999\n",
        encoding="utf-8",
    )
    match_with(load(path), read_tables([records], "card"), tmp_path / "out", options=MatchOptions())
    masters = pq.read_table(tmp_path / "out" / "crosswalk.parquet").column("master_id").to_pylist()
    assert masters[0] == masters[1] != masters[2]
