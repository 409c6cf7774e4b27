"""What two matches of the same records do not share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.clustering import components
from matching.incremental.link_changes import link_changes

SIZE = 12
partitions = st.lists(st.integers(0, 5), min_size=SIZE, max_size=SIZE).map(
    lambda labels: np.array([labels.index(label) for label in labels], np.int32)
)


@given(partitions)
def test_equal_partitions_share_all(partition):
    assert len(link_changes(partition, partition)) == 0


@given(partitions, partitions)
def test_parting_and_joining_makes_one_of_the_other(before, after):
    found = link_changes(before, after)
    common = np.unique(np.stack([before, after]), axis=1, return_inverse=True)[1]
    firsts = np.array([int(np.argmax(common == label)) for label in common], np.int32)
    for joined, expected in ((True, after), (False, before)):
        rows = found.joined == joined
        made = components(SIZE, found.left[rows].astype(np.int32), found.right[rows].astype(np.int32))
        assert (made[firsts] == expected).all()


@given(partitions, partitions)
def test_counts_are_those_of_the_parts(before, after):
    found = link_changes(before, after)
    for left, right, ours, theirs in zip(found.left, found.right, found.left_records, found.right_records, strict=True):
        for record, count in ((left, ours), (right, theirs)):
            assert count == ((before == before[record]) & (after == after[record])).sum()


def test_a_cluster_that_falls_into_three_names_two():
    found = link_changes(np.array([0, 0, 0, 3], np.int32), np.array([0, 1, 2, 2], np.int32))
    assert found.joined.tolist() == [False, False, True]
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(0, 1), (0, 2), (2, 3)]
