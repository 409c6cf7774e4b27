"""The form of master ids: one to one, opaque, checked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.master_ids import CAPACITY, LENGTH, is_master_id, master_ids

numbers = st.integers(0, CAPACITY - 1)


def ids(entity, *sequences, key=b"key"):
    return master_ids(entity, np.array(sequences, np.int64), key).to_pylist()


@given(st.sets(numbers, min_size=1, max_size=50))
def test_ids_are_one_to_one_and_well_formed(sequences):
    made = ids("person", *sequences)
    assert len(set(made)) == len(sequences)
    assert all(is_master_id(each) and len(each) == LENGTH for each in made)


@given(numbers, st.integers(1, LENGTH - 1), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_character_is_found(sequence, place, wrong):
    right = ids("person", sequence)[0]
    mistyped = right[:place] + wrong + right[place + 1 :]
    assert is_master_id(mistyped) == (mistyped == right)


def test_nearly_all_neighbours_that_change_places_are_found():
    """The hybrid systems of ISO 7064 find every single wrong character, and nearly all transpositions."""
    swapped = [
        (right, right[:place] + right[place + 1] + right[place] + right[place + 2 :])
        for right in ids("enterprise", *range(500))
        for place in range(1, LENGTH - 1)
    ]
    different = [wrong for right, wrong in swapped if right != wrong]
    assert sum(is_master_id(wrong) for wrong in different) / len(different) < 0.02


def test_check_character_is_that_of_the_standard():
    """ISO 7064 MOD 37,36: the published example of the Global Release Identifier, A1-2425G-ABC1234002-M."""
    from registry.master_ids import _check_characters

    text = np.frombuffer(b"A12425GABC1234002", np.uint8)[None, :]
    assert chr(_check_characters(text)[0]) == "M"


def test_ids_of_persons_and_enterprises_differ_and_depend_on_the_key():
    person, enterprise = ids("person", *range(100)), ids("enterprise", *range(100))
    assert {each[0] for each in person} == {"P"}
    assert {each[0] for each in enterprise} == {"E"}
    assert [each[1:9] for each in person] != [each[1:9] for each in enterprise]
    assert not set(person) & set(ids("person", *range(100), key=b"another"))
    assert person == ids("person", *range(100))


def test_ids_do_not_tell_their_order():
    made = ids("person", *range(1000))
    assert made != sorted(made)
    assert len({each[1] for each in made}) == 32


@pytest.mark.parametrize("wrong", ["", "P", "X000000000", "P00000000Ö", "p7K3M9QXZ4"])
def test_other_texts_are_not_ids(wrong):
    assert not is_master_id(wrong)


@pytest.mark.parametrize("outside", [-1, CAPACITY])
def test_numbers_outside_the_capacity_are_refused(outside):
    with pytest.raises(ValueError, match="sequence number"):
        ids("person", outside)
