"""Master ids: what they look like, and how a sequence number becomes one.

A master id is a letter for the entity (`P` person, `E` enterprise), eight characters of Crockford's base 32, and a
check character of ISO 7064 MOD 37,36 over all of them (finds every single wrong character and nearly all exchanged
neighbours). It is made from a number that counts up and from nothing else, so it says nothing about the person; a
Feistel network turns the number into one of 2^40 bodies, one to one, so that neighbouring ids say nothing about when or
in which order they were given, and no id can occur twice. The network's key belongs to the installation and is kept in
its database: the same history gives the same ids, also when a run was killed and started again. The network hides the
order, it is not encryption, and nothing secret rests on it.
"""

import hashlib
from typing import NewType, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from registry.policy import Entity

MasterId = NewType("MasterId", str)

LETTERS: dict[Entity, str] = {"person": "P", "enterprise": "E"}
LENGTH = 10
CAPACITY = 2**40
"""Ids that an entity can ever have: a city of ten million could renumber everybody a hundred thousand times."""

_BODY = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U, which are misread
_CHECK = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # ISO 7064 counts all letters
_ROUNDS = 6
_HALF_BITS = 20
_HALF = np.uint64(2**_HALF_BITS - 1)

_Bytes: TypeAlias = npt.NDArray[np.uint8]
_Words: TypeAlias = npt.NDArray[np.uint64]


def master_ids(entity: Entity, sequences: npt.NDArray[np.int64], key: bytes) -> pa.Array:
    """Master ids of sequence numbers, each below CAPACITY.

    >>> master_ids("person", np.arange(2), b"an installation").to_pylist()[0][0]
    'P'
    """
    if len(sequences) and not 0 <= int(sequences.min()) <= int(sequences.max()) < CAPACITY:
        raise ValueError(f"a sequence number is from 0 to {CAPACITY - 1}")
    words = _permuted(sequences.astype(np.uint64), _round_keys(entity, key))
    shifts = np.arange(35, -1, -5, dtype=np.uint64)
    digits = ((words[:, None] >> shifts) & np.uint64(31)).astype(np.uint8)
    letters = np.frombuffer(_BODY.encode(), np.uint8)
    text = np.empty((len(words), LENGTH), np.uint8)
    text[:, 0] = ord(LETTERS[entity])
    text[:, 1:9] = letters[digits]
    text[:, 9] = _check_characters(text[:, :9])
    offsets = pa.py_buffer(np.arange(len(words) + 1, dtype=np.int64) * LENGTH)
    return pa.Array.from_buffers(pa.large_string(), len(words), [None, offsets, pa.py_buffer(text)]).cast(pa.string())


def is_master_id(text: str) -> bool:
    """Whether a text is a well-formed id with the right check character.

    >>> is_master_id("P000000000")
    False
    """
    if len(text) != LENGTH or text[0] not in LETTERS.values() or any(letter not in _BODY for letter in text[1:9]):
        return False
    return chr(_check_characters(np.frombuffer(text[:9].encode(), np.uint8)[None, :])[0]) == text[9]


def _check_characters(text: _Bytes) -> _Bytes:
    """ISO 7064:2003, hybrid system MOD 37,36: one character for each row of characters."""
    values = np.zeros(128, np.int64)
    values[np.frombuffer(_CHECK.encode(), np.uint8)] = np.arange(36)
    product = np.full(len(text), 36, np.int64)
    for column in range(text.shape[1]):
        total = (product + values[text[:, column]]) % 36
        product = np.where(total == 0, 36, total) * 2 % 37
    return np.frombuffer(_CHECK.encode(), np.uint8)[(37 - product) % 36]


def _permuted(words: _Words, keys: list[np.uint64]) -> _Words:
    left, right = words >> np.uint64(_HALF_BITS), words & _HALF
    for key in keys:
        left, right = right, left ^ (_mixed(right ^ key) & _HALF)
    return (left << np.uint64(_HALF_BITS)) | right


def _mixed(words: _Words) -> _Words:
    """Scatter 64 bits. Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _round_keys(entity: Entity, key: bytes) -> list[np.uint64]:
    digests = (
        hashlib.blake2b(bytes([number]), digest_size=8, key=key[:64], person=entity.encode())
        for number in range(_ROUNDS)
    )
    return [np.uint64(int.from_bytes(digest.digest(), "big")) for digest in digests]
