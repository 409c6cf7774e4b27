"""From a record to the landed file and its row: the last batch that brought it before the finding, or nothing."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mismatches.cases.queries.pages import EvidenceRecord
from portal.origin import origins
from storage.commit import commit, staging
from storage.manifest import Manifest
from storage.zones import Zones
from tests.portal.city_hall import LI

NOON = datetime(2026, 3, 30, 4, tzinfo=UTC)


def record(name, *, at=NOON, dataset="wage"):
    return EvidenceRecord("tax", dataset, name, "support", None, None, {}, "v", at)


class Landing:
    def __init__(self, home):
        self.zones, self.sequence = Zones(home).create(), 0

    def add(self, batch, ids, *, mode="delta", day=1, malformed=0, outcome="applied", dataset="wage"):
        self.sequence += 1
        facts = {"received_at": f"2026-03-{day:02d}T00:00:00+00:00", "place": batch, "named": True,
                 "sequence": self.sequence, "mode": mode, "source": f"{batch}.csv", "sha256": batch * 4,
                 "malformed": malformed}  # fmt: skip
        with staging(self.zones) as folder:
            pq.write_table(pa.table({"record_id": ids}), folder / "data.parquet")
            manifest = Manifest("batch", f"tax.{dataset}", batch, NOON, len(ids), facts=facts)
            commit(folder, self.zones.landing("tax", dataset, batch), manifest)
        with staging(self.zones) as folder:
            verdict = Manifest("quarantine", f"tax.{dataset}", f"q{batch}", NOON, 0, inputs={"landing": batch},
                               facts={"outcome": outcome})  # fmt: skip
            commit(folder, self.zones.quarantine("tax", dataset, f"q{batch}"), verdict)


@pytest.fixture
def landing(tmp_path):
    made = Landing(tmp_path)
    made.add("b0", ["W9"], mode="delta")
    made.add("b1", ["W1", "W2", "W3"], mode="snapshot")
    made.add("b2", ["W3", "W4"], day=2)
    made.add("b3", ["W5", "W3"], day=3, outcome="held")
    made.add("b4", ["W1"], day=31)
    return made


@pytest.mark.parametrize(
    ("name", "file", "row"),
    [
        ("W2", "b1.csv", 2),  # of the snapshot
        ("W3", "b2.csv", 1),  # the later change wins; what was held never counts
        ("W1", "b1.csv", 1),  # what came after the finding does not count
        ("W5", None, None),  # held alone
        ("W9", None, None),  # before the snapshot, which replaced it
    ],
)
def test_a_record_is_traced_to_the_batch_that_brought_it(landing, name, file, row):
    found = origins([record(name)], landing.zones).get(("tax.wage", name))
    assert (found.file, found.row) == (file, row) if file else found is None


def test_rows_of_a_file_with_lines_that_could_not_be_split_have_no_number(landing):
    landing.add("b5", ["W7"], day=4, malformed=2)
    found = origins([record("W7")], landing.zones)["tax.wage", "W7"]
    assert (found.file, found.row, found.sha256) == ("b5.csv", None, "b5" * 4)


def test_a_dataset_that_was_cleared_away_gives_nothing(landing):
    assert origins([record("N1", dataset="natural_person"), record("W1", at=None)], landing.zones) == {}


def test_the_page_tells_file_and_row_or_that_they_are_gone(hall):
    landed = Landing(hall.workplace.zones.home)
    landed.add("b1", ["I0", "I1"], mode="snapshot", dataset="insured")
    folder = hall.workplace.zones.landing("tax", "insured", "b1")
    target = hall.workplace.zones.landing("social_security", "insured", "b1")
    target.parent.mkdir(parents=True)
    folder.rename(target)
    finding = hall.plant(master="P000000916")
    shown = hall.reader(LI).get(f"/findings/{finding}/origin").text
    assert "b1.csv" in shown
    assert '<td class="n">2</td>' in shown
    assert shown.count("来源文件已按期清理") == 2
