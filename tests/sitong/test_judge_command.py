"""`sitong judge` on the town after its first run."""

import pyarrow.parquet as pq

from tests.sitong.homes import call


def judge(home, *arguments):
    environment = {"SITONG_DATABASE_URL": home.server.url("owner", home.database)}
    return call("judge", *arguments, "--home", home.path, environment=environment)


def test_judgements_are_made_listed_shown_exported_and_withdrawn(home, tmp_path):
    crosswalk = pq.read_table(home.path / "published" / "person_crosswalk" / "current" / "data.parquet").to_pylist()
    masters = {}
    for row in crosswalk:
        masters.setdefault(row["master_id"], []).append(f"{row['source']}.{row['dataset']}/{row['record_id']}")
    one, other = [master for master, records in masters.items() if len(records) > 1][:2]
    first, second = masters[one][0], masters[other][0]
    why = ("--reason", "paper file")

    assert judge(home, "link", first, second, *why).out.split() == ["1"]
    assert judge(home, "override", one, "birth_date", "1980-01-31", *why).status == 0
    assert judge(home, "override", one, "birth_date", "31.1.1980", *why).status == 2
    assert judge(home, "suppress", masters[other][1], *why, "--by", "double_entry", "--rule").status == 0
    assert len(judge(home, "merge", one, other, *why).out.split()) == len(masters[one]) + len(masters[other]) - 1
    assert judge(home, "withdraw", "1", *why).status == 0
    assert judge(home, "split", one, second, *why).status == 2
    assert judge(home, "split", one, first, *why).status == 0

    listed = judge(home, "list").out.splitlines()
    assert not any(line.startswith("1 ") for line in listed)
    assert "withdrawn" in judge(home, "list", "--all").out.splitlines()[0]
    shown = judge(home, "show", "2").out
    assert ("birth_date" in shown, "1980-01-31" in shown, "paper file" in shown) == (True, True, True)
    file = tmp_path / "judgements.parquet"
    assert judge(home, "export", "person", file).status == 0
    assert {row["kind"] for row in pq.read_table(file).to_pylist()} == {"link", "not_link", "suppress"}
