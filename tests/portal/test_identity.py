"""Why the records of a finding are one's: the links of the newest match between those that it cites."""

import json
import re

import pyarrow.parquet as pq
import pytest

from tests.portal.city_hall import LI, WANG
from tests.portal.matched import RUN, keep_match, town

RECORD = {"role": "subject", "match_probability": 0.99, "values": {"name": "张三"}}


@pytest.fixture(scope="module")
def cluster(hall):
    """The records of a cluster of three nodes or more, by dataset, of a match that the hall holds."""
    zones = hall.workplace.zones
    keep_match(zones, town())
    rows = pq.read_table(zones.matching("person", RUN) / "crosswalk.parquet").to_pylist()
    grouped = {}
    for row in rows:
        grouped.setdefault(row["master_id"], []).append(row)
    return max(grouped.values(), key=len)


def cited(rows, master="P000000931"):
    return [RECORD | {name: row[name] for name in ("source", "dataset", "record_id")} | {"master_id": master}
            for row in rows]  # fmt: skip


def test_all_records_of_the_cluster_stand_there_and_the_cited_ones_are_ringed(hall, cluster):
    finding = hall.plant(master="P000000931", evidence=json.dumps(cited(cluster[:1])))
    reader = hall.reader(LI)
    assert f'href="/findings/{finding}/identity"' in reader.get(f"/findings/{finding}").text
    page = reader.get(f"/findings/{finding}/identity").text
    assert f"<b>{len(cluster)}</b>" in page
    assert page.count('class="node asked') == 1
    drawn = sum(int(count) for count in re.findall(r'text-anchor="middle">(\d+)</text>', page))
    assert drawn == len(cluster)
    assert "张三" not in page
    assert hall.reader(WANG).get(f"/findings/{finding}/identity").status_code == 404


def test_records_that_no_match_holds_and_facts_have_no_graph(hall, cluster):
    gone = cited([cluster[0] | {"record_id": "gone"}])
    fact = [
        RECORD | {"source": "tax", "dataset": "wage", "record_id": "W1", "master_id": None, "values": {"months": "12"}}
    ]
    finding = hall.plant(master="P000000932", evidence=json.dumps(gone + fact))
    page = hall.reader(LI).get(f"/findings/{finding}/identity?lang=en").text
    assert page.count("has none of these records") == 1
    assert "<svg" not in page
