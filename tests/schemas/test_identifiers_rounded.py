"""A number that a spreadsheet rounded is no document: neighbours of one district and birthday would share it."""

from datetime import date

import pyarrow as pa
import pytest

from schemas.identifiers import person_documents


@pytest.mark.parametrize("text", ["3.70202198506060E+17", "3.70202E+17", "370202198506060E+17", "3.70202198506E17"])
def test_scientific_notation_is_no_document(text):
    result = person_documents(pa.array([text, "E12345678"]), as_of=date(2026, 4, 1))
    assert result.canonical.to_pylist() == [None, "E12345678"]
    assert list(result.raw_kept) == [True, False]
