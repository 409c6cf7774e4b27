import gzip
from collections.abc import Callable

import pytest

from connectors.drops import DropFile
from connectors.readers import read
from schemas.contract import source_contract
from storage.errors import SourceRejected
from tests.connectors.wages import COLUMNS, csv_bytes, wage

FileOf = Callable[..., DropFile]
WAGE = source_contract("tax.wage")
RARE = "𠮷田䶮"


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_gives_the_same_text(file_of: FileOf, encoding: str, ending: str) -> None:
    rows = [wage("0001", person_record_id=RARE), wage("0002", person_record_id='a,b\n"c"')]
    received = read(file_of(csv_bytes(rows, encoding=encoding), ending), WAGE)
    assert received.table.to_pylist() == rows
    assert received.malformed is None


def test_the_encoding_is_judged_by_the_whole_file(file_of: FileOf) -> None:
    rows = [wage(f"{number:06}") for number in range(160_000)] + [wage("last", person_record_id=RARE)]
    content = csv_bytes(rows, encoding="gb18030")
    assert len(content) > 8 << 20
    assert read(file_of(content), WAGE).table.slice(160_000).to_pylist() == rows[-1:]


def nonsense(encoding: str, alphabet: str) -> bytes:
    values = [alphabet[at : at + 4] for at in range(len(alphabet) - 4)]
    return csv_bytes([wage(str(at), person_record_id=value) for at, value in enumerate(values)], encoding=encoding)


@pytest.mark.parametrize(
    "content",
    [
        csv_bytes([wage("1", person_record_id="é")], encoding="latin-1"),
        csv_bytes([wage("1")]) + b"\xff\xff\n",
        csv_bytes([wage("1", person_record_id="王")], encoding="utf-16-le"),
        nonsense("big5", "國家稅務總局青島市稅務局關於個人所得稅綜合匯算清繳辦理事項的公告與說明請於期限內完成申報"),
        nonsense(
            "shift-jis", "これはシフトジスのテキストですからうけつけてはいけませんしらせてくださいナニヌネノハヒフヘホ"
        ),
        nonsense("latin-1", "àaábâcãdäeåfægçhèiéjêkëlìmínîoïpðqñròsótôuõvöwøxùyúzûaübýcþdÿe"),
        csv_bytes([wage("1", person_record_id="王伟")]).decode("latin-1").encode(),
    ],
    ids=["latin-1", "stray bytes", "utf-16 without a mark", "big5", "shift-jis", "latin-1 that decodes as gb18030",
         "utf-8 twice"],
)  # fmt: skip
def test_a_wrong_encoding_is_rejected(file_of: FileOf, content: bytes) -> None:
    with pytest.raises(SourceRejected, match=r"tax\.wage\.csv"):
        read(file_of(content), WAGE)


def test_letters_with_accents_are_no_text_encoded_twice(file_of: FileOf) -> None:
    rows = [wage("1", person_record_id="José Núñez à Zürich"), wage("2", person_record_id="Ã¡Â½")]
    assert read(file_of(csv_bytes(rows)), WAGE).table.to_pylist() == rows


def test_a_file_cut_inside_a_character_is_rejected(file_of: FileOf) -> None:
    with pytest.raises(SourceRejected, match="encoding cannot be told"):
        read(file_of(csv_bytes([wage("1", person_record_id="青岛市南区香港中路", updated_at="王")])[:-2]), WAGE)


@pytest.mark.parametrize("kept", [5, 60, -4])
def test_a_truncated_gzip_is_rejected(file_of: FileOf, kept: int) -> None:
    file = file_of(csv_bytes([wage("1")]), "csv.gz")
    file.path.write_bytes(file.path.read_bytes()[:kept])
    with pytest.raises(SourceRejected, match="damaged or cut short"):
        read(file, WAGE)


def test_what_is_not_gzip_is_rejected(file_of: FileOf) -> None:
    file = file_of(b"", "csv.gz")
    file.path.write_bytes(csv_bytes([wage("1")]))
    with pytest.raises(SourceRejected, match="gzip"):
        read(file, WAGE)


def test_an_empty_gzip_and_a_file_without_bytes_are_rejected(file_of: FileOf) -> None:
    for file in (file_of(b""), file_of(gzip.compress(b""), "csv.gz"), file_of(b"\n\n")):
        with pytest.raises(SourceRejected):
            read(file, WAGE)


@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_a_header_only_is_a_batch_of_no_rows(file_of: FileOf, end: str) -> None:
    received = read(file_of((",".join(COLUMNS) + end).encode()), WAGE)
    assert received.rows == 0
    assert received.table.column_names == list(COLUMNS)


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters_are_found(file_of: FileOf, delimiter: str) -> None:
    content = csv_bytes([wage("1")]).replace(b",", delimiter.encode())
    assert read(file_of(content), WAGE).table.to_pylist() == [wage("1")]


def test_rows_that_do_not_fit_are_kept_apart_with_their_position(file_of: FileOf) -> None:
    lines = csv_bytes([wage("1"), wage("2", person_record_id="x\ny"), wage("3")]).decode().splitlines(keepends=True)
    content = "".join([*lines[:2], "short,1\n", "\n", *lines[2:4], "a,b,c,d,e,f,g,h\n", lines[4]])
    received = read(file_of(content.encode()), WAGE)
    assert received.rows == 5
    assert received.table["record_id"].to_pylist() == ["1", "2", "3"]
    assert received.positions is not None
    assert received.positions.tolist() == [1, 3, 5]
    assert received.malformed is not None
    assert received.malformed.select(["record_id", "taxpayer_id", "updated_at", "_row", "_rules"]).to_pylist() == [
        {"record_id": "short", "taxpayer_id": "1", "updated_at": None, "_row": 2, "_rules": "row:field_count"},
        {"record_id": "a", "taxpayer_id": "b", "updated_at": "f,g,h", "_row": 4, "_rules": "row:field_count"},
    ]


@pytest.mark.parametrize("rest", ['2,"x\n' + "3,y\n" * 5, '2,"cut', '2,"x,1,1,1,1\n3,a,1,1,1,1\n'])
def test_a_quote_that_is_never_closed_is_rejected_instead_of_losing_rows(file_of: FileOf, rest: str) -> None:
    with pytest.raises(SourceRejected, match="not closed"):
        read(file_of(csv_bytes([wage("1")]) + rest.encode()), WAGE)


def test_a_quote_inside_a_value_is_a_character(file_of: FileOf) -> None:
    content = csv_bytes([wage("1", person_record_id="MARK")]).replace(b"MARK", b'5" pipe')
    assert read(file_of(content), WAGE).table["person_record_id"].to_pylist() == ['5" pipe']


def test_chinese_headers_blanks_and_capitals_are_known(file_of: FileOf) -> None:
    header = "记录标识, TAXPAYER_ID ,ｐｅｒｓｏｎ＿ｒｅｃｏｒｄ＿ｉｄ,Tax_Year,wages,updated_at"
    content = csv_bytes([wage("1")]).replace(",".join(COLUMNS).encode(), header.encode("gb18030"))
    assert read(file_of(content), WAGE).table.to_pylist() == [wage("1")]


def test_an_unknown_column_is_drift(file_of: FileOf) -> None:
    received = read(file_of(csv_bytes([wage("1", colour="red")], [*COLUMNS, "colour"])), WAGE)
    assert received.drift == ("colour",)
    assert received.table["colour"].to_pylist() == ["red"]


def test_columns_without_a_header_are_numbered(file_of: FileOf) -> None:
    content = csv_bytes([wage("1")]).replace(b"updated_at\n", b"updated_at,,\n").replace(b":00\n", b":00,x,\n")
    received = read(file_of(content), WAGE)
    assert received.drift == ("column_7", "column_8")
    assert received.table["column_7"].to_pylist() == ["x"]
    assert read(file_of(content), WAGE, drift=False).table.column_names == list(COLUMNS)


@pytest.mark.parametrize("twin", ["wages", "WAGES", "工资薪金"])
def test_a_header_that_stands_twice_is_rejected(file_of: FileOf, twin: str) -> None:
    known = WAGE.column("wages").name_zh if twin == "工资薪金" else twin
    content = csv_bytes([wage("1", **{known: "1"})], [*COLUMNS, known])
    with pytest.raises(SourceRejected, match="columns 5 and 7"):
        read(file_of(content), WAGE)


def test_a_missing_required_column_is_named_and_a_missing_header_not_quoted(file_of: FileOf) -> None:
    with pytest.raises(SourceRejected, match=r"tax\.wage\.csv: .*tax_year \(.+\)"):
        read(file_of(csv_bytes([wage("1")], [name for name in COLUMNS if name != "tax_year"])), WAGE)
    with pytest.raises(SourceRejected) as caught:
        read(file_of("王小明,37020219850101001X\n".encode()), WAGE)
    assert "王小明" not in str(caught.value)
    assert "3702" not in str(caught.value)
