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


LINK = {
    "model": "person", "left": {"dataset": "social_security.insured", "record_id": "I1"},
    "right": {"dataset": "tax.natural_person", "record_id": "N1"}, "how": "linked", "joins": True, "prior_bits": -10.0,
    "fields": [{"field": "id_number", "level": "exact", "bits": 20.0}, {"field": "name", "level": None, "bits": 0.0},
               {"field": "sex", "level": "different", "bits": -3.5}],
    "total_bits": 6.5, "match_probability": 0.98906, "link_bits": 4.0,
}  # fmt: skip


def test_the_page_of_a_finding_shows_the_weakest_link_field_by_field(hall):
    page = hall.reader(LI).get(f"/findings/{hall.plant(link=json.dumps(LINK))}?lang=en").text
    shown = page[page.index('<h2 id="weights">') : page.index('<h2 id="records">')]
    assert all(record in shown for record in ("I1", "N1"))
    assert "linked by their weight" in shown
    told = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>.*?<td class="n">(.*?)</td>', shown, re.DOTALL)
    assert told == [
        ("Prior", "", "−10.0"), ("Citizen id", "equal", "+20.0"), ("Name", "nothing to compare", "—"),
        ("Sex", "different", "−3.5"), ("Total", "98.91%", "+6.5"),
    ]  # fmt: skip
    assert re.findall(r'class="weight (\w+)"', shown) == ["prior", "for", "for", "against", "total"]
    assert "noprint" not in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"how": "judged"}, "管理员裁定"),
        ({"how": "collapsed"}, "比对前已归为一体"),
        ({"joins": False}, "只引用了该主体的一条记录"),
    ],
)
def test_how_two_records_came_to_be_one_is_told_in_words(hall, given, words):
    assert words in hall.reader(LI).get(f"/findings/{hall.plant(link=json.dumps(LINK | given))}").text


def test_what_a_constraint_takes_away_is_a_bar_of_its_own(hall):
    link = LINK | {"total_bits": 2.5, "right": {"dataset": "social_security.insured", "record_id": "I2"}}
    assert "Twice in one dataset" in hall.reader(LI).get(f"/findings/{hall.plant(link=json.dumps(link))}?lang=en").text


def test_a_finding_that_rests_on_no_link_has_no_waterfall(hall):
    assert 'id="weights"' not in hall.reader(LI).get(f"/findings/{hall.plant()}").text
