"""Matching honours judgements: links, not-links and suppressed records, at once and as they change from day to day."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching import judgements as judged
from matching.clustering import components
from matching.incremental.changes import Withdrawn
from matching.incremental.run import ChangeOptions, Sent, match_changes
from matching.judgements import Judgements
from matching.model import declared
from matching.run import MatchOptions, match_with
from storage.errors import BadSpecification

NOBODY = pa.array([], pa.string())
POLICE, TAX = "police.resident", "tax.natural_person"


@pytest.fixture(scope="module")
def drawn(city, trade_register):
    return {
        "person": city.drops(250, 5, city.Rates().harsher(3))[0],
        "enterprise": trade_register.register(5, 150).tables(),
    }


@pytest.fixture(scope="module")
def matched(drawn, tmp_path_factory):
    """Each entity matched without judgements: its folder and its clusters of records."""
    found = {}
    for entity, tables in drawn.items():
        folder = tmp_path_factory.mktemp(entity)
        match_with(declared(entity), tables, folder, options=MatchOptions(only="crosswalk"))
        found[entity] = (folder, clusters(folder))
    return found


def clusters(folder):
    """Record → its cluster and match probability."""
    rows = pq.read_table(folder / "crosswalk.parquet").to_pylist()
    return {
        (f"{row['source']}.{row['dataset']}", row["record_id"]): (row["master_id"], row["match_probability"])
        for row in rows
    }


def again(drawn, matched, tmp_path, judgements, entity="person"):
    folder = matched[entity][0]
    options = MatchOptions(only="crosswalk", model=folder / "model.json", judgements=judgements)
    match_with(declared(entity), drawn[entity], tmp_path, options=options)
    return clusters(tmp_path)


def pair(one, other):
    return (min(one, other), max(one, other))


def groups(found):
    by_cluster = {}
    for key, (cluster, _) in sorted(found.items()):
        by_cluster.setdefault(cluster, []).append(key)
    return by_cluster


def test_a_link_holds_against_every_contradiction(drawn, matched, tmp_path):
    found = groups(matched["person"][1])
    one, other, third = [keys for keys in found.values() if len(keys) > 2][:3]
    links = frozenset({pair(one[0], key) for key in one[1:] + other} | {pair(one[0], third[0])})
    now = again(drawn, matched, tmp_path, Judgements(links=links))
    assert len({now[key][0] for key in [*one, *other, third[0]]}) == 1
    assert all(now[key][1] == 1.0 for key in other)


def test_a_not_link_parts_records_and_their_company_goes_with_the_nearer_one(drawn, matched, tmp_path):
    for number, (cluster, keys) in enumerate(groups(matched["person"][1]).items()):
        if len(keys) < 4 or number % 3:
            continue
        now = again(drawn, matched, tmp_path / cluster, Judgements(not_links=frozenset({pair(keys[0], keys[-1])})))
        assert now[keys[0]][0] != now[keys[-1]][0]
        company = {now[key][0] for key in keys[1:-1]}
        assert company <= {now[keys[0]][0], now[keys[-1]][0]}
        return
    pytest.fail("the town has no cluster of four")


def test_suppressed_records_are_left_out_and_nothing_else_is(drawn, matched, tmp_path):
    gone = frozenset(sorted(matched["person"][1])[::9])
    now = again(drawn, matched, tmp_path, Judgements(suppressed=gone))
    assert now.keys() == matched["person"][1].keys() - gone


def test_judgements_on_records_that_are_not_there_say_nothing(drawn, matched, tmp_path):
    key, stranger = next(iter(matched["person"][1])), ("police.resident", "nobody")
    judgements = Judgements(
        links=frozenset({pair(key, stranger)}), not_links=frozenset({(("a.b", "1"), ("a.b", "2"))}),
        suppressed=frozenset({("police.resident", "no one")}),
    )  # fmt: skip
    now = again(drawn, matched, tmp_path, judgements)
    assert groups(now) == groups(matched["person"][1])


def some_judgements(draw, keys, before):
    """Most of those of before, and some new ones that do not contradict any."""
    links, not_links = (
        {one for one in sorted(pairs) if draw.random() < 0.6} for pairs in (before.links, before.not_links)
    )
    for _ in range(12):
        one, other = draw.sample(keys, 2)
        near = keys[max(0, keys.index(one) - 2) : keys.index(one) + 3]
        other = draw.choice([key for key in near if key != one]) if draw.random() < 0.7 else other
        number = {key: at for at, key in enumerate(keys)}
        wanted = (
            (links | {pair(one, other)}, not_links) if draw.random() < 0.5 else (links, not_links | {pair(one, other)})
        )
        ends = np.array([[number[a], number[b]] for a, b in wanted[0]], "int32").reshape(-1, 2)
        root = components(len(keys), ends[:, 0].copy(), ends[:, 1].copy())
        if all(root[number[a]] != root[number[b]] for a, b in wanted[1]):
            links, not_links = wanted
    suppressed = {one for one in sorted(before.suppressed) if draw.random() < 0.5} | set(draw.sample(keys, 3))
    return Judgements(frozenset(links), frozenset(not_links), frozenset(suppressed))


@pytest.mark.parametrize("entity", ["person", "enterprise"])
@pytest.mark.parametrize("seed", range(3))
def test_judgements_that_change_from_day_to_day_give_what_a_rebuild_gives(drawn, matched, tmp_path, entity, seed):
    draw = random.Random(f"{entity} {seed}")  # noqa: S311 - test data, repeatable by seed
    folder, found = matched[entity]
    by_cluster = [key for keys in groups(found).values() for key in keys]
    tables, before = dict(drawn[entity]), Judgements()
    for day in range(3):
        now = some_judgements(draw, by_cluster, before)
        sent = {}
        for name, table in tables.items():
            ids = table.column("record_id").to_pylist()
            back = [at for at, one in enumerate(ids) if (name, one) in before.suppressed - now.suppressed]
            gone = draw.sample(ids, 2)
            kept = [at for at, one in enumerate(ids) if one not in gone]
            put = [at for at in {*back, *draw.sample(range(len(ids)), 3)} if at in set(kept)]
            lost = [
                one for named, one in sorted(before.suppressed - now.suppressed) if named == name and one not in ids
            ]
            sent[name] = Sent(table.take(put), Withdrawn(pa.array(gone + lost, pa.string())))
            tables[name] = table.take(kept)
        how = ChangeOptions(only="crosswalk", judgements=now)
        match_changes(folder if day == 0 else tmp_path / f"{day - 1}", sent, tmp_path / f"{day}", how=how)
        before = now
    match_changes(tmp_path / "2", {}, tmp_path / "same", how=ChangeOptions(only="crosswalk"))
    options = MatchOptions(only="crosswalk", model=folder / "model.json", judgements=before)
    match_with(declared(entity), tables, tmp_path / "whole", options=options)
    whole = pq.read_table(tmp_path / "whole" / "crosswalk.parquet")
    for last in ("2", "same"):
        assert pq.read_table(tmp_path / last / "crosswalk.parquet").equals(whole)
    now = clusters(tmp_path / "whole")
    assert all(now[one][0] == now[other][0] for one, other in before.links if one in now and other in now)
    assert all(now[one][0] != now[other][0] for one, other in before.not_links if one in now and other in now)
    assert not before.suppressed & now.keys()


def test_a_record_that_is_left_out_no_more_has_to_be_sent(drawn, matched, tmp_path):
    key = next(key for key in matched["person"][1] if key[0] == POLICE)
    again(drawn, matched, tmp_path / "0", Judgements(suppressed=frozenset({key})))
    with pytest.raises(BadSpecification, match="not among the changes"):
        match_changes(tmp_path / "0", {}, tmp_path / "1", how=ChangeOptions(judgements=Judgements()))


def test_a_file_of_judgements_is_read_as_it_was_written(tmp_path):
    one, other, third = ((POLICE, "1"), (TAX, "1"), ("cards", "7"))
    judgements = Judgements(frozenset({(one, other)}), frozenset({pair(one, third)}), frozenset({third}))
    judged.write(judgements, tmp_path / "judgements.parquet")
    assert judged.read(tmp_path / "judgements.parquet") == judgements


def test_files_that_cannot_hold_are_refused(tmp_path):
    one, other, third = ((POLICE, "1"), (POLICE, "2"), (POLICE, "3"))
    path = tmp_path / "judgements.parquet"
    judged.write(Judgements(frozenset({(one, other), (other, third)}), frozenset({(one, third)})), path)
    with pytest.raises(BadSpecification, match="directly or through others"):
        judged.read(path)
    judged.write(Judgements(links=frozenset({(one, one)})), path)
    with pytest.raises(BadSpecification, match="cannot be used"):
        judged.read(path)
    path.write_text("no Parquet")
    with pytest.raises(BadSpecification, match="cannot be read"):
        judged.read(path)
