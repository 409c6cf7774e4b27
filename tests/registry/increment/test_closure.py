"""What a day concerns: records that runs named, dates that have come, and whole masters and clusters with them."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.identities import LEDGER, Past
from registry.increment.closure import close
from registry.increment.start import Goal, Start, WholeError
from registry.policy import policy

POLICE, INSURED, *_ = policy("person").datasets
FRIDAY, MONDAY = dt.date(2026, 4, 3), dt.date(2026, 4, 6)
MANY = {f"m{number}": [f"{POLICE}/x{number}"] for number in range(40)}


def rows(path):
    """Records of a crosswalk by master."""
    found = {}
    for row in pq.read_table(path).to_pylist():
        found.setdefault(row["master_id"], []).append(row["record_id"])
    return {master: sorted(records) for master, records in found.items()}


@pytest.fixture
def closed(tmp_path, accepted, matched):
    """The closure from clusters before and now, touched records, and rows of the police besides."""

    def make(before, now, touched, records=()):
        previous = matched(tmp_path / "before", MANY | before) / "crosswalk.parquet"
        match = matched(tmp_path / "now", {f"c{name}": group for name, group in (MANY | now).items()})
        named = [one.split("/")[1] for one in touched]
        columns = {"source": ["police"] * len(named), "dataset": ["resident"] * len(named), "record_id": named}
        pq.write_table(
            pa.table(columns, pa.schema([(name, pa.string()) for name in columns])), tmp_path / "touched.parquet"
        )
        anchors = [("police", "resident", group[0].split("/")[1]) for group in before.values()]
        ledger = [(at, master, "live", None, *anchors[at]) for at, master in enumerate(before)]
        pq.write_table(
            pa.Table.from_pylist([dict(zip(LEDGER.names, one, strict=True)) for one in ledger], LEDGER),
            tmp_path / "ledger.parquet",
        )
        goal = Goal("person", match, MONDAY, {})
        start = Start(1, FRIDAY, 1, (tmp_path / "touched.parquet",))
        tables = accepted(tmp_path, {POLICE: [{"record_id": "x0"}, *records]})
        (tmp_path / "out").mkdir()
        found = close(goal, start, tables, Past(tmp_path / "ledger.parquet", previous), tmp_path / "out")
        ids = pq.read_table(found.past.ledger).column("master_id").to_pylist()
        assert found.past.highest == len(before) - 1
        return rows(found.past.crosswalk), rows(found.clusters), ids

    return make


def police(*names):
    return [f"{POLICE}/{name}" for name in names]


def test_only_what_is_named_is_concerned_with_its_master_and_cluster(closed):
    before = {"A": police("a", "b"), "B": police("c")}
    old, new, ids = closed(before, before, police("a"))
    assert (old, new, ids) == ({"A": ["a", "b"]}, {"cA": ["a", "b"]}, ["A"])


def test_masters_and_clusters_are_taken_in_until_nothing_leads_further(closed):
    """Only `a` is named, although `b` lies with `c` now, and `c` lay with `d` before."""
    before = {"A": police("a", "b"), "B": police("c", "d"), "C": police("e")}
    now = {"1": police("a"), "2": police("b", "c"), "3": police("d"), "4": police("e")}
    old, new, ids = closed(before, now, police("a"))
    assert old == {"A": ["a", "b"], "B": ["c", "d"]}
    assert new == {"c1": ["a"], "c2": ["b", "c"], "c3": ["d"]}
    assert ids == ["A", "B"]


@pytest.mark.parametrize(
    ("row", "concerned"),
    [
        ({"birth_date": dt.date(2026, 4, 5)}, True),
        ({"birth_date": MONDAY}, True),
        ({"birth_date": FRIDAY}, False),
        ({"birth_date": dt.date(2026, 4, 7)}, False),
        ({"updated_at": dt.datetime(2026, 4, 6, 23, 59)}, True),  # noqa: DTZ001 - local time, as departments send it
        ({"updated_at": dt.datetime(2026, 4, 3, 23, 59)}, False),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_a_date_that_has_come_is_judged_otherwise(closed, row, concerned):
    before = {"A": police("a", "b"), "B": police("c")}
    old, _, _ = closed(before, before, [], [{"record_id": "a", **row}])
    assert old == ({"A": ["a", "b"]} if concerned else {})


@pytest.mark.parametrize("now", [{"A": police("a")}, {"A": police("a"), "B": police("c", "d")}], ids=["gone", "new"])
def test_a_record_that_comes_or_goes_unnamed_makes_the_base_whole(closed, now):
    with pytest.raises(WholeError, match="no run named"):
        closed({"A": police("a"), "B": police("c")}, now, [])


def test_too_much_makes_the_base_whole(closed):
    before = {f"A{number}": police(f"a{number}") for number in range(12)}
    with pytest.raises(WholeError, match="too many"):
        closed(before, before, police(*(f"a{number}" for number in range(12))))
