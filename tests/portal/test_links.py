"""The steward's queue: what it asks, shows, writes down and refuses."""

import re
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from matching.explaining.finished import Address
from matching.explaining.kept import kept_graph
from matching.explaining.wording import EDGES
from mismatches.cases.access import Actor
from mismatches.store.tables import look
from portal.desk import Caller
from portal.link_graph import graph_picture
from portal.link_view import picture
from portal.menu import pages_of
from portal.queue import folder_of, model_of, newest_run, queue, waiting_at
from portal.waterfall import Part, waterfall
from registry.judgements import ledger
from registry.judgements.judgement import Author, RecordKey, link, suppress, withdraw
from tests.portal.city_hall import MARK, MORNING
from tests.portal.matched import RUN, keep_match, town, waiting

STEWARD = Actor("zhou", "steward", None)
AUTHOR = Author("qin", "same number in the paper file")


@pytest.fixture(scope="module")
def office(hall):
    """The hall with a matched town; what a test decides stays decided for those after it."""
    keep_match(hall.workplace.zones, town())
    return hall


@pytest.fixture
def rows(office):
    return waiting(office.workplace.zones)


def keys(row):
    return [RecordKey(*(row[f"{side}_{part}"] for part in ("source", "dataset", "record_id")))
            for side in ("left", "right")]  # fmt: skip


def judgements(office):
    with office.workplace.engine.connect() as connection:
        return ledger.read(connection)


def judge(office, *said):
    with office.workplace.engine.begin() as connection:
        return ledger.add(connection, AUTHOR, said, MORNING)


def take_back(office, *made):
    judge(office, *(withdraw(one) for one in made))


def sent(place, **given):
    return {"csrf": MARK, "entity": "person", "run": RUN, "place": str(place), "because": "shown"} | given


def shown(answer):
    """The place of the pair on a page."""
    place = re.search(r'name="place" value="(\d+)"', answer.text)
    return int(place.group(1)) if place else None


def test_the_first_pair_nobody_decided_is_asked_and_decided_ones_never_again(office, rows):
    reader = office.reader(STEWARD)
    first = reader.get("/links")
    assert shown(first) == 0
    for key in keys(rows[0]):
        assert key.record_id in first.text
    assert re.findall(r'accesskey="(.)"', first.text) == ["r", "y", "n", "l"]
    assert "<script" not in first.text
    answer = reader.post("/links", data=sent(0, decision="not_link", text="双胞胎"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/links?entity=person&from=0")
    assert shown(reader.get(answer.headers["location"])) == 1
    made = judgements(office)[-1]
    assert (made.said.kind, {made.said.record, made.said.other}) == ("not_link", set(keys(rows[0])))
    assert (made.author.name, made.author.kind) == ("zhou", "steward")
    assert made.author.reason.endswith("; 双胞胎")
    take_back(office, made)
    assert shown(reader.get("/links")) == 0, "withdrawn: as if it had never been"


def test_what_is_put_off_comes_later_and_records_that_are_left_out_do_not_come(office, rows):
    reader = office.reader(STEWARD)
    later = re.search(r'href="(/links\?[^"]+)" accesskey="l"', reader.get("/links").text).group(1)
    assert shown(reader.get(later.replace("&amp;", "&"))) == 1
    made = judge(office, suppress(keys(rows[0])[0]), link(*keys(rows[1])))
    names = set(keys(rows[0])[:1])
    assert shown(reader.get("/links")) == next(
        place for place, row in enumerate(rows) if place > 1 and not names & set(keys(row))
    )
    take_back(office, *made)


def test_who_was_second_is_told_who_was_first_and_nothing_is_written(office, rows):
    [made] = judge(office, link(*reversed(keys(rows[2]))))
    before = judgements(office)
    answer = office.reader(STEWARD).post("/links", data=sent(2, decision="not_link"))
    assert answer.status_code == 409
    assert "qin" in answer.text
    assert AUTHOR.reason in answer.text
    assert judgements(office) == before
    take_back(office, made)


@pytest.mark.parametrize(
    ("given", "status"),
    [({"because": "other"}, 422), ({"because": "x"}, 422), ({"text": "x" * 1001}, 422),
     ({"decision": "maybe"}, 422), ({"decision": ""}, 422),
     ({"entity": ""}, 422), ({"entity": "x"}, 422),
     ({"run": "another"}, 409), ({"run": "../run-1"}, 409), ({"place": "999999"}, 409), ({"place": "-1"}, 409),
     ({"csrf": "x"}, 403), ({"entity": "enterprise"}, 409)],
)  # fmt: skip
def test_a_form_that_decides_nothing_writes_nothing(office, given, status):
    before = judgements(office)
    answer = office.reader(STEWARD).post("/links", data=sent(1, decision="link") | given)
    assert answer.status_code == status
    assert judgements(office) == before


def test_what_was_typed_is_kept_where_a_reason_is_missing(office):
    form = sent(1, decision="link", because="met", text="乙" * 1001)
    answer = office.reader(STEWARD).post("/links", data=form)
    assert '<option value="met" selected>' in answer.text
    assert "乙" * 1001 in answer.text
    assert shown(answer) == 1


def looks(office):
    with office.workplace.engine.connect() as connection:
        return connection.execute(select(look).order_by(look.c.look)).all()


def test_numbers_are_masked_until_they_are_revealed_and_every_look_is_written_down(office, rows):
    reader, run = office.reader(STEWARD), newest_run(office.workplace.zones, "person")
    place, number = next(
        (place, number)
        for place, row in enumerate(rows)
        for key in keys(row)
        if (number := record(office, run, key)["id_number"])
    )
    before = len(looks(office))
    assert number not in reader.get(f"/links?from={place}").text
    assert number in reader.post("/links/reveal", data=sent(place)).text
    assert [(row.actor, row.what) for row in looks(office)[before:]] == [
        ("zhou", "waiting link"), ("zhou", "waiting link revealed"),
    ]  # fmt: skip


def record(office, run, key):
    path = office.workplace.zones.accepted(key.source, key.dataset, run.inputs[key.table]) / "data.parquet"
    return pq.read_table(path, filters=[("record_id", "=", key.record_id)]).to_pylist()[0]


def test_differences_are_marked_and_bits_add_up_to_the_probability(office, rows):
    zones = office.workplace.zones
    run = newest_run(zones, "person")
    model, trained = model_of(zones, run)
    for place, row in enumerate(rows):
        found = waiting_at(zones, run, place)
        bars = picture(found, model, trained, "en").bars
        assert [bar.title for bar in bars][:2] == ["Prior", "Citizen id"]
        assert len(bars) >= 2 + len(model.comparisons)
        told = [None if bar.told == "—" else float(bar.told.replace("−", "-")) for bar in bars]
        assert sum(one or 0 for one in told[:-1]) == pytest.approx(told[-1], abs=0.05 * len(told) + 0.05)
        assert row["match_probability"] == pytest.approx(1 / (1 + 2 ** -told[-1]), rel=0.05, abs=1e-6)


def test_the_graph_shows_both_clusters_as_the_match_left_them(office, rows):
    zones = office.workplace.zones
    run = newest_run(zones, "person")
    crosswalk = pq.read_table(folder_of(zones, run) / "crosswalk.parquet").to_pylist()
    master = {(row["dataset"], row["record_id"]): row["master_id"] for row in crosswalk}
    for row in rows:
        pair = [Address(key.table, key.record_id) for key in keys(row)]
        graph = kept_graph(folder_of(zones, run), model_of(zones, run)[0], pair)
        ours = {master[key.dataset, key.record_id] for key in keys(row)}
        drawn = {(one.table.partition(".")[2], one.record_id) for node in graph.nodes for one in node.records}
        assert drawn == {key for key, one in master.items() if one in ours}
        ends = [next(node.node for node in graph.nodes if one in node.records) for one in pair]
        [edge] = [edge for edge in graph.edges if {edge.left, edge.right} == set(ends)]
        assert edge.match_probability == pytest.approx(row["match_probability"], abs=1e-12)
        assert {edge.kind for edge in graph.edges} <= ({"link", "weak"} if len(ours) == 1 else set(EDGES))
        assert graph_picture(graph, pair, "zh").clusters == len(ours)


def test_the_page_of_clusters_names_records_without_values_and_is_written_down(office, rows):
    before, reader = len(looks(office)), office.reader(STEWARD)
    page = reader.get("/links").text
    address = re.search(r'href="(/links/person/[^"]+)"', page).group(1)
    answer = reader.get(address)
    assert answer.status_code == 200
    for key in keys(rows[0]):
        assert key.record_id in answer.text
    assert looks(office)[before + 1].what == "waiting link clusters"
    assert reader.get("/links/person/run-1/999999").status_code == 404
    assert reader.get("/links/person/none/0").status_code == 404


def test_bars_begin_where_the_last_one_ended():
    made = waterfall(Part("p", "", -12.0), [Part("a", "", 20.0), Part("b", "", None), Part("c", "", -3.0)],
                     Part("t", "", 5.0), 6.6)  # fmt: skip
    prior, first, silent, last, total = made.bars
    assert prior.place == first.place
    assert (silent.width, silent.told) == (0, "—")
    assert first.place + first.width == last.place + last.width == silent.place
    assert last.place == total.place + total.width
    assert prior.place + prior.width == total.place == made.zero
    assert made.zero < made.threshold
    assert all(bar.place >= 0 and bar.place + bar.width <= 1000 for bar in made.bars)


def test_the_newest_match_is_asked_and_an_older_page_is_told(office, rows, tmp_path_factory):
    zones = type(office.workplace.zones)(tmp_path_factory.mktemp("later")).create()
    assert newest_run(zones, "person") is None
    tables = town(200)
    keep_match(zones, tables, "a", MORNING + timedelta(days=1))
    keep_match(zones, tables, "b", MORNING)
    assert newest_run(zones, "person").version == "a"
    found = queue(zones, newest_run(zones, "person"), ([], []), 0)
    assert found.waiting == len(waiting(zones, "a"))


@pytest.mark.parametrize("actor", [Actor("chief", "supervisor", frozenset({"370202"})), Actor("x", "auditor", None)])
def test_only_accounts_of_the_whole_city_open_it(office, actor):
    reader = office.reader(actor)
    assert reader.get("/links").status_code == 403
    assert reader.post("/links", data=sent(0, decision="link")).status_code == 403


def test_the_menu_leads_there_only_for_those_who_may():
    whole, part = (Caller(Actor("c", "supervisor", limit), MARK) for limit in (None, frozenset({"370202"})))
    assert ("/links", "Uncertain links") in pages_of(whole, "en")
    assert "/links" not in {path for path, _ in pages_of(part, "en")}
