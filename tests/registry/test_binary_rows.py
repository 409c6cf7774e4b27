"""Rows for a binary COPY, beside what psycopg makes of the same values."""

import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.numeric import Int2

from registry.binary_rows import packed
from registry.master_ids import master_ids
from storage.errors import Internal

IDS = master_ids("person", np.arange(40), b"k" * 32)


def as_psycopg_makes_it(master_id: str, numbers: list[int]) -> bytes:
    listed = [Int2(number) for number in numbers]
    dumper = Transformer().get_dumper(listed, PyFormat.BINARY)
    values = [master_id.encode(), bytes(dumper.dump(listed) or b"")]
    return struct.pack(">h", 2) + b"".join(struct.pack(">i", len(value)) + value for value in values)


@given(st.integers(0, 30), st.integers(0, 9), st.integers(1, 6), st.randoms(use_true_random=False))
def test_rows_are_those_of_psycopg(start: int, count: int, width: int, draw) -> None:
    numbers = np.array([[draw.randint(-1, 32_767) for _ in range(width)] for _ in range(count)], np.int16)
    numbers = numbers.reshape(count, width)
    begin, rows, end = packed([(IDS.slice(start, count), numbers)])
    expected = [
        as_psycopg_makes_it(one, each)
        for one, each in zip(IDS.slice(start, count).to_pylist(), numbers.tolist(), strict=True)
    ]
    assert (begin[:11], rows, end) == (b"PGCOPY\n\xff\r\n\0", b"".join(expected), b"\xff\xff")


def test_an_id_of_another_length_is_refused() -> None:
    with pytest.raises(Internal, match="another length"):
        list(packed([(pa.array(["P1"]), np.zeros((1, 2), np.int16))]))


def test_no_rows_are_a_copy_of_nothing() -> None:
    assert b"".join(packed([])) == b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
