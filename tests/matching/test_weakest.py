"""The link that cited records hang on: the right one by a slow way, and what `explain` says of it, to the last bit."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matching.explaining.finished import Address, reopen
from matching.explaining.joining import Groups, Links, bottlenecks, strongest
from matching.explaining.pair import explain_pair
from matching.explaining.weakest import NAMED, weakest_links
from matching.incremental import state
from matching.judgements import Judgements
from matching.model import declared
from matching.run import MatchOptions, match_with


@pytest.fixture(scope="module")
def finished(city, tmp_path_factory):
    """A town with many errors, two of whose clusters a steward brought together."""
    tables = city.drops(400, 7, city.Rates().harsher(4))[0]
    folder = tmp_path_factory.mktemp("match")
    match_with(declared("person"), tables, folder, options=MatchOptions(only="crosswalk"))
    one, other = [found for found in clusters(folder).values() if len(found) > 2][:2]
    judgements = Judgements(links=frozenset({tuple(sorted((key(one[0]), key(other[0]))))}))
    match_with(declared("person"), tables, folder, options=MatchOptions(only="crosswalk", judgements=judgements))
    return folder, reopen(folder, tables), (one, other)


def clusters(folder):
    grouped = {}
    for row in pq.read_table(folder / "crosswalk.parquet").to_pylist():
        address = Address(f"{row['source']}.{row['dataset']}", row["record_id"])
        grouped.setdefault(row["master_id"], []).append(address)
    return grouped


def key(address):
    return address.table, address.record_id


def asked(groups):
    rows = [
        {"finding_id": f"F{number}", "master_id": f"P{number}", "dataset": one.table, "record_id": one.record_id}
        for number, group in enumerate(groups)
        for one in group
    ]
    return pa.Table.from_pylist(rows, NAMED)


def told(folder, groups):
    found = weakest_links(folder, asked(groups)).to_pylist()
    return {int(row["finding_id"][1:]): row["link"] for row in found}


def sides(link):
    return [Address(link[side]["dataset"], link[side]["record_id"]) for side in ("left", "right")]


def slow(left, right, bits, wanted):
    """The weight at which nodes are first joined when links are followed from the strongest."""
    part = {}

    def top(node):
        while part.get(node, node) != node:
            node = part[node]
        return node

    for place in sorted(range(len(bits)), key=lambda place: -bits[place]):
        part[top(left[place])] = top(right[place])
        if len({top(node) for node in wanted}) == 1:
            return bits[place]
    return None


def test_the_link_is_the_weakest_on_the_surest_way_and_weighs_what_it_weighed(finished):
    folder, opened, _ = finished
    draw = np.random.default_rng(3)
    several = [found for found in clusters(folder).values() if len(found) > 1]
    groups = [
        [found[place] for place in draw.choice(len(found), draw.integers(2, len(found) + 1), replace=False)]
        for found in several
    ]
    kept = state.load(folder / state.FOLDER)
    links = told(folder, groups)
    assert len(groups) > 100
    seen = set()
    for number, group in enumerate(groups):
        link, nodes = links[number], {int(opened.nodes.of_record[opened.row(one)]) for one in group}
        said = explain_pair(opened, *sides(link))
        assert link["total_bits"] == pytest.approx(said.total_bits, abs=1e-9)
        assert {one["field"]: one["level"] for one in link["fields"]} == {one.field: one.level for one in said.fields}
        assert [one["bits"] for one in link["fields"]] == pytest.approx([one.bits for one in said.fields], abs=1e-9)
        assert (link["prior_bits"], link["link_bits"]) == (said.prior_bits, said.link_bits)
        assert link["joins"]
        seen.add(link["how"])
        if link["how"] == "collapsed":
            assert len(nodes) == 1
            assert set(sides(link)) <= set(group)
        elif link["how"] == "linked":
            strong = np.flatnonzero(kept.bits >= link["link_bits"])
            left, right = (side[strong].tolist() for side in (kept.pairs.left, kept.pairs.right))
            judged = [
                opened.nodes.of_record[opened.row(Address(*one))] for pair in kept.judgements.links for one in pair
            ]
            ends = ([*left, judged[0]], [*right, judged[1]], [*kept.bits[strong].tolist(), np.inf])
            assert link["total_bits"] == pytest.approx(slow(*ends, nodes), abs=1e-9)
    assert {"collapsed", "linked"} <= seen


def test_a_link_that_a_steward_judged_says_so_whatever_it_weighs(finished):
    folder, opened, (one, other) = finished
    [link] = told(folder, [[one[0], other[0]]]).values()
    assert link["how"] == "judged"
    assert set(sides(link)) == {one[0], other[0]}
    assert link["total_bits"] == pytest.approx(explain_pair(opened, one[0], other[0]).total_bits, abs=1e-9)
    assert link["total_bits"] < link["link_bits"]


def test_a_record_alone_rests_on_its_strongest_link_and_one_of_nobody_on_none(finished):
    folder, opened, _ = finished
    found = clusters(folder)
    kept = state.load(folder / state.FOLDER)
    single = [[group[0]] for group in found.values() if len(group) == 1][:5]
    alone = [[group[0]] for group in found.values() if len(group) > 1][:60]
    links = told(folder, single + alone)
    assert not links.keys() & set(range(len(single)))
    for number, [record] in enumerate(alone, len(single)):
        link = links[number]
        node = opened.nodes.of_record[opened.row(record)]
        assert not link["joins"]
        assert record in sides(link)
        if link["how"] == "linked":
            at = (kept.pairs.left == node) | (kept.pairs.right == node)
            at &= kept.root[kept.pairs.left] == kept.root[kept.pairs.right]
            assert link["total_bits"] == pytest.approx(kept.bits[at].max(), abs=1e-9)
        else:
            assert link["how"] == ("collapsed" if opened.nodes.size[node] > 1 else "judged")


def test_records_of_no_match_and_of_two_clusters_give_no_link(finished):
    folder = finished[0]
    one, other = [group for group in clusters(folder).values() if len(group) > 1][-2:]
    gone = [Address("police.resident", "gone"), Address("tax.wage", "W1")]
    assert told(folder, [gone, [one[0], other[0]]]) == {}
    assert weakest_links(folder, NAMED.empty_table()).num_rows == 0


def test_joining_nodes_that_no_link_joins():
    links = Links(
        *(np.array(side, np.int32) for side in ([0, 3], [1, 4])), np.array([5.0, 6.0]), np.array([0, 3], np.int32)
    )
    groups = Groups(np.array([0, 2]), np.array([0, 1, 3, 5], np.int32), np.array([0, 3], np.int32))
    assert bottlenecks(groups, links).tolist() == [0, -1]
    assert strongest(np.array([4, 5, 0], np.int32), links).tolist() == [1, -1, 0]
