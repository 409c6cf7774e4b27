"""Bad input: what is told, how the command ends, and that what was published stays byte for byte."""

import pytest

from tests.sitong.exports import csv_bytes, export, iso, write_batch, write_text_parquet, write_xlsx
from tests.sitong.homes import Home, call, masters
from tests.sitong.town import COLUMNS, all_rows

POLICE = "police.resident"
GOOD = "tax.declaration"
BATCH = "20260401"


def personal(town):
    """What must not be said of anybody: numbers, mobiles, names, addresses, record ids."""
    columns = ("id_number", "mobile", "legal_representative", "legal_representative_id_number", "address")
    values = {row[column] for _, row in all_rows(town) for column in columns if row.get(column)}
    return values | {row["name"] for row in town.rows[POLICE]} | {row["record_id"] for row in town.rows[POLICE]}


def refused(home: Home, drop, town, name):
    """Run a drop in which one file is unusable; the file beside it must have been landed and accepted."""
    write_batch(drop, GOOD, BATCH, town.rows[GOOD][:-1])
    before, state = home.seen(), home.accepted(POLICE)
    outcome = home.run(drop, as_of="2026-04-02")
    assert outcome.status == 1, outcome.said
    assert home.seen() == before
    assert home.accepted(POLICE) == state
    assert {row["record_id"] for row in home.accepted(GOOD)} == {row["record_id"] for row in town.rows[GOOD][:-1]}
    assert name in outcome.said
    error = outcome.said.partition("error 错误: ")[2]
    assert "expected" in error or "--accept" in error
    assert not any(value in outcome.said for value in personal(town))
    assert "Traceback" not in outcome.said
    return error


def police_csv(town, **more):
    return csv_bytes(COLUMNS[POLICE], town.rows[POLICE], **more)


def truncated_parquet(town, path):
    write_text_parquet(path, COLUMNS[POLICE], town.rows[POLICE])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def broken_parquet(town, path):
    write_text_parquet(path, COLUMNS[POLICE], town.rows[POLICE])
    content = bytearray(path.read_bytes())
    content[500:900] = bytes(400)
    path.write_bytes(content)


def broken_xlsx(town, path):
    write_xlsx(path, COLUMNS[POLICE], town.rows[POLICE])
    path.write_bytes(path.read_bytes()[:-2000])


def without(column):
    def write(town, path):
        path.write_bytes(csv_bytes([one for one in COLUMNS[POLICE] if one != column], town.rows[POLICE]))

    return write


def content(value):
    return lambda _, path: path.write_bytes(value)


BAD = {
    "truncated parquet": ("parquet", truncated_parquet, "damaged or cut short"),
    "damaged parquet": ("parquet", broken_parquet, "damaged or cut short"),
    "csv under the name of parquet": ("parquet", lambda town, path: path.write_bytes(police_csv(town)), "damaged"),
    "empty parquet": ("parquet", content(b""), "no bytes"),
    "empty csv": ("csv", content(b""), "no bytes"),
    "empty csv.gz": ("csv.gz", content(b""), ""),
    "empty xlsx": ("xlsx", content(b""), ""),
    "truncated xlsx": ("xlsx", broken_xlsx, ""),
    "a page under the name of xlsx": ("xlsx", content("<html><table><tr><td>姓名</td></tr></table>".encode()), ""),
    "plain text under the name of csv.gz": ("csv.gz", lambda town, path: path.write_bytes(police_csv(town)), "gzip"),
    "utf-16 without a mark": ("csv", lambda town, path: path.write_bytes(police_csv(town, encoding="utf-16-le")), ""),
    "big5": ("csv", lambda _, path: path.write_bytes("身分證,姓名\r\n".encode("big5") * 90), ""),
    "damaged utf-8": ("csv", lambda town, path: path.write_bytes(police_csv(town) + b"\xe5\xff\xfe\n"), "encoding"),
    "two encodings": (
        "csv", lambda town, path: path.write_bytes(police_csv(town) + police_csv(town, encoding="gb18030")), "encoding",
    ),
    "no record_id": ("csv", without("record_id"), "record_id"),
    "no sex": ("csv", without("sex"), "sex"),
    "no updated_at": ("csv", without("updated_at"), "updated_at"),
    "no header": (
        "csv", lambda town, path: path.write_bytes(police_csv(town).partition(b"\n")[2]), "header",
    ),
    "a column twice": (
        "csv",
        lambda town, path: path.write_bytes(csv_bytes(["sex", *COLUMNS[POLICE]], town.rows[POLICE])),
        "same header",
    ),
    "an open quote": ("csv", lambda town, path: path.write_bytes(police_csv(town) + b'9,"open'), "not closed"),
    "dbf": ("dbf", content(b"\x03"), "dbf is not supported"),
    "xml": ("xml", content(b"<a/>"), "xml is not supported"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_a_file_that_cannot_be_used_ends_the_run_and_changes_nothing_published(home, town, tmp_path, fault):
    ending, write, why = BAD[fault]
    drop = tmp_path / "drop"
    drop.mkdir()
    write(town, drop / f"{POLICE}.{BATCH}.{ending}")
    error = refused(home, drop, town, f"{POLICE}.{BATCH}.{ending}")
    assert why in error


@pytest.mark.parametrize("sidecar", ["", "delta", '{"mode": "merge"}', "[]", "\ufffe{"])
def test_a_sidecar_that_cannot_be_read_refuses_its_batch(home, town, tmp_path, sidecar):
    path = write_batch(tmp_path / "drop", POLICE, BATCH, town.rows[POLICE][:3])
    path.with_name(f"{POLICE}.{BATCH}.manifest.json").write_text(sidecar, "utf-8")
    assert f"{POLICE}.{BATCH}.manifest.json" in refused(home, tmp_path / "drop", town, path.name)


def test_all_refused_files_are_named_and_the_same_batch_twice_is_refused(home, town, tmp_path):
    drop = tmp_path / "drop"
    write_batch(drop, POLICE, BATCH, town.rows[POLICE])
    write_text_parquet(drop / f"{POLICE}.{BATCH}.parquet", COLUMNS[POLICE], town.rows[POLICE])
    (drop / f"tax.wage.{BATCH}.xml").write_bytes(b"<a/>")
    error = refused(home, drop, town, f"{POLICE}.{BATCH}.csv")
    assert f"{POLICE}.{BATCH}.parquet" in error
    assert f"tax.wage.{BATCH}.xml" in error


@pytest.mark.parametrize("rows", [0, 150], ids=["header only", "half"])
def test_a_snapshot_that_shrank_is_held_until_it_is_accepted(home, town, tmp_path, rows):
    drop = tmp_path / "drop"
    write_batch(drop, POLICE, BATCH, town.rows[POLICE][:rows])
    error = refused(home, drop, town, POLICE)
    assert "held" in error
    assert f"--accept {POLICE}" in error
    assert home.run(drop, as_of="2026-04-02").status == 1  # still held
    if rows == 0:
        return
    # A person looked at the batch: it is accepted, and so is the base that follows from it.
    outcome = home.run(drop, "--accept", POLICE, as_of="2026-04-02")
    assert outcome.status == 0, outcome.said
    assert len(home.accepted(POLICE)) == rows
    assert sum(record[0] == POLICE for record in masters(home.crosswalk())) == rows


def test_a_first_snapshot_of_nothing_is_held(empty_home, town, tmp_path):
    write_batch(tmp_path / "drop", POLICE, BATCH, [])
    outcome = empty_home.run(tmp_path / "drop")
    assert outcome.status == 1
    assert f"--accept {POLICE}" in outcome.said
    assert not list((empty_home.path / "published").rglob("*"))


def test_a_later_whole_snapshot_goes_over_a_held_one(home, town, tmp_path):
    write_batch(tmp_path / "one", POLICE, "20260401", town.rows[POLICE][:100])
    assert home.run(tmp_path / "one").status == 1
    write_batch(tmp_path / "two", POLICE, "20260402", town.rows[POLICE][:-2])
    outcome = home.run(tmp_path / "two")
    assert outcome.status == 0, outcome.said
    assert len(home.accepted(POLICE)) == len(town.rows[POLICE]) - 2


def test_drift_is_told_kept_and_not_loaded(home, town, tmp_path):
    rows = [row | {"blood_group": "机密甲"} for row in town.rows[POLICE]]
    write_batch(tmp_path / "drop", POLICE, BATCH, rows, *COLUMNS[POLICE], "blood_group")
    (tmp_path / "drop" / "readme.txt").write_text("x", "utf-8")
    (tmp_path / "drop" / "police.unknown.20260401.csv").write_text("record_id\n1\n", "utf-8")
    (tmp_path / "drop" / "sub").mkdir()
    outcome = home.run(tmp_path / "drop")
    assert outcome.status == 0, outcome.said
    for told in ("blood_group", "readme.txt", "police.unknown.20260401.csv"):
        assert told in outcome.said
    assert "机密甲" not in outcome.said
    assert "blood_group" not in home.accepted(POLICE)[0]
    landed = (home.path / "landing" / "police" / "resident").glob(f"{BATCH}-*/data.parquet")
    assert any("机密甲".encode() in path.read_bytes() for path in landed)


def test_the_good_file_is_enough_once_the_bad_one_is_corrected(home, town, tmp_path):
    drop = export(town, tmp_path / "drop", [POLICE], style="csv", batch=BATCH)
    (drop / f"tax.wage.{BATCH}.csv").write_bytes(b"record_id\n1\n")
    assert home.run(drop).status == 1
    (drop / f"tax.wage.{BATCH}.csv").write_bytes(csv_bytes(COLUMNS["tax.wage"], town.rows["tax.wage"], show=iso))
    outcome = home.run(drop)
    assert outcome.status == 0, outcome.said


@pytest.mark.parametrize("files", [[], ["readme.txt"], [f"{POLICE}.manifest.json"], [f"{POLICE}"]])
def test_a_folder_without_a_batch_is_told(empty_home, tmp_path, files):
    (tmp_path / "drop").mkdir()
    for name in files:
        (tmp_path / "drop" / name).write_text("{}", "utf-8")
    for outcome in (
        empty_home.run(tmp_path / "drop"),
        call("match", "persons", "--drops", tmp_path / "drop", "--out", tmp_path / "out"),
    ):
        assert outcome.status == 1
        assert "no file of a known dataset" in outcome.said
        assert "police.resident.20260331.csv" in outcome.said  # how a name should look


WRONG_USAGE = {
    "no drops": ["run"],
    "a folder that does not exist": ["run", "--drops", "{tmp}/nowhere"],
    "a file for a folder": ["run", "--drops", "{tmp}/file"],
    "a day that does not exist": ["run", "--drops", "{tmp}", "--as-of", "2026-02-30"],
    "a day in other letters": ["run", "--drops", "{tmp}", "--as-of", "20260401"],
    "an unknown dataset accepted": ["run", "--drops", "{tmp}", "--home", "{tmp}/home", "--accept", "police.citizen"],
    "an unknown option": ["run", "--drops", "{tmp}", "--force"],
    "an unknown command": ["publish"],
    "match without a drop": ["match", "persons", "--out", "{tmp}/out"],
    "match without a place": ["match", "persons", "--drops", "{tmp}"],
    "match of something else": ["match", "dogs", "--drops", "{tmp}", "--out", "{tmp}/out"],
    "match that stops nowhere": ["match", "persons", "--drops", "{tmp}", "--out", "{tmp}/out", "--only", "golden"],
    "simulate nothing": ["simulate", "--out", "{tmp}/out"],
    "simulate both": ["simulate", "--out", "{tmp}/out", "--persons", "9", "--after", "{tmp}"],
    "simulate nobody": ["simulate", "--out", "{tmp}/out", "--persons", "0"],
}


@pytest.mark.parametrize("how", WRONG_USAGE)
def test_wrong_usage_ends_with_2_and_does_nothing(tmp_path, how):
    (tmp_path / "file").write_text("x", "utf-8")
    outcome = call(*(part.format(tmp=tmp_path) for part in WRONG_USAGE[how]))
    assert outcome.status == 2, outcome.said
    assert outcome.err
    assert "Traceback" not in outcome.said
    assert not (tmp_path / "home" / "published").exists()


def test_a_city_too_small_and_a_folder_without_a_city_are_told(tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments in (["--persons", 3], ["--after", tmp_path / "empty", "--days", 1]):
        outcome = call("simulate", "--out", tmp_path / "out", *arguments)
        assert outcome.status == 2, outcome.said
        assert "internal error" not in outcome.said
