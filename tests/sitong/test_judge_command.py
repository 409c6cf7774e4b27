"""`sitong judge` on the town after its first run, and the runs that follow."""

import pyarrow.parquet as pq

from sitong import stages
from sitong.settings import Settings
from tests.sitong.homes import call
from tests.sitong.town import AS_OF


def judge(home, *arguments):
    environment = {"SITONG_DATABASE_URL": home.server.url("owner", home.database)}
    return call("judge", *arguments, "--home", home.path, environment=environment)


def published(home, how="changes"):
    """Match and publish what is accepted once more."""
    settings = Settings(home=home.path, database_url=home.server.url("owner", home.database))
    runs = {entity: stages.reconcile(settings, entity, how=how).version for entity in stages.ENTITIES}
    return stages.publish(settings, as_of=AS_OF, runs=runs)


def members(home):
    """Master → its records, of the published crosswalk."""
    found = {}
    for row in home.crosswalk().to_pylist():
        found.setdefault(row["master_id"], []).append(f"{row['source']}.{row['dataset']}/{row['record_id']}")
    return found


def test_judgements_are_made_listed_shown_exported_and_withdrawn(home, tmp_path):
    masters = members(home)
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


def test_a_run_follows_what_was_judged_and_the_next_one_does_not_undo_it(home):
    before = members(home)
    one, other, third = [master for master, records in before.items() if len(records) > 1][:3]
    why = ("--reason", "paper file")
    assert judge(home, "merge", one, other, *why).status == 0
    gone = before[third][0]
    assert judge(home, "suppress", gone, *why).status == 0
    for how in ("changes", "full"):
        published(home, how)
        after = members(home)
        [merged] = [master for master, records in after.items() if before[one][0] in records]
        assert merged in (one, other)
        assert set(after[merged]) == {*before[one], *before[other]}
        assert sorted(after[third]) == sorted(before[third][1:])
    assert judge(home, "unmerge", merged, *why).status == 0
    [number] = [line.split()[0] for line in judge(home, "list").out.splitlines() if "suppress" in line]
    assert judge(home, "withdraw", number, *why).status == 0
    published(home)
    assert members(home) == before
