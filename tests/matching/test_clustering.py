import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.blocking import Pairs
from matching.clustering import CutRule, belonging, cluster, components

SIZE = 12
EDGES = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.floats(-20, 20, allow_nan=False)), max_size=40
)


def union_find(size, edges):
    parent = list(range(size))

    def root(node):
        while parent[node] != node:
            node = parent[node]
        return node

    for left, right in edges:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return [root(node) for node in range(size)]


def arranged(edges):
    known = {}
    for left, right, bits in edges:
        if left != right:
            known.setdefault((min(left, right), max(left, right)), bits)
    keys = sorted(known)
    pairs = Pairs(np.array([k[0] for k in keys], np.int32), np.array([k[1] for k in keys], np.int32))
    return pairs, np.array([known[key] for key in keys], float), known


def no_opinion(pairs):
    return np.zeros(len(pairs))


@given(edges=EDGES)
def test_components_equal_union_find(edges):
    left = np.array([edge[0] for edge in edges], np.int32)
    right = np.array([edge[1] for edge in edges], np.int32)
    assert components(SIZE, left, right).tolist() == union_find(SIZE, [edge[:2] for edge in edges])


@given(edges=EDGES)
@settings(max_examples=150)
def test_without_contradictions_clusters_are_components(edges):
    pairs, bits, known = arranged(edges)
    found, cut = cluster(SIZE, pairs, bits, bits > 0, CutRule(-100.0, no_opinion))
    assert found.tolist() == union_find(SIZE, [key for key, bits_ in known.items() if bits_ > 0])
    assert cut.components == 0


@given(edges=EDGES, seed=st.integers(0, 1000))
@settings(max_examples=150)
def test_contradicting_nodes_stay_apart_in_any_order(edges, seed):
    pairs, bits, known = arranged(edges)
    rule = CutRule(-5.0, no_opinion)
    found, _ = cluster(SIZE, pairs, bits, bits > 0, rule)
    for (left, right), bits_ in known.items():
        assert bits_ > -5 or found[left] != found[right]
    order = np.random.default_rng(seed).permutation(len(pairs))
    other, _ = cluster(SIZE, Pairs(pairs.left[order], pairs.right[order]), bits[order], bits[order] > 0, rule)
    assert found.tolist() == other.tolist()


def test_the_weakest_link_between_contradicting_nodes_is_cut():
    pairs = Pairs(np.array([0, 1, 0], np.int32), np.array([1, 2, 2], np.int32))
    found, cut = cluster(3, pairs, np.array([9.0, 4.0, -9.0]), np.array([True, True, False]), CutRule(-5.0, no_opinion))
    assert found.tolist() == [0, 0, 2]
    assert (cut.components, cut.links) == (1, 1)


def test_differing_identifiers_contradict_where_doubt_begins():
    """Node 1 fits both others, which differ by number: it goes with the stronger, unless they are likely one."""
    pairs = Pairs(np.array([0, 1, 0], np.int32), np.array([1, 2, 2], np.int32))
    links = np.array([True, True, False])
    asked = []

    def differ(some):
        asked.extend(zip(some.left.tolist(), some.right.tolist(), strict=True))
        return np.ones(len(some), bool)

    rule = CutRule(-20.0, no_opinion, doubt=-4.0, differ=differ)
    assert cluster(3, pairs, np.array([9.0, 4.0, -5.0]), links, rule)[0].tolist() == [0, 0, 2]
    assert cluster(3, pairs, np.array([9.0, 4.0, -3.0]), links, rule)[0].tolist() == [0, 0, 0]
    assert asked == [(0, 2)]


def test_pairs_that_blocking_missed_are_weighed_too():
    asked = []

    def weigh(pairs):
        asked.extend(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
        return np.full(len(pairs), -9.0)

    pairs = Pairs(np.array([0, 1], np.int32), np.array([1, 2], np.int32))
    found, _ = cluster(3, pairs, np.array([9.0, 4.0]), np.array([True, True]), CutRule(-5.0, weigh))
    assert asked == [(0, 2)]
    assert found.tolist() == [0, 0, 2]


def test_belonging_is_the_best_link_and_null_alone():
    pairs = Pairs(np.array([0, 1], np.int32), np.array([1, 2], np.int32))
    chances = belonging(np.array([0, 0, 0, 3]), pairs, np.array([0.9, 0.6]))
    assert chances[:3].tolist() == [0.9, 0.9, 0.6]
    assert np.isnan(chances[3])
