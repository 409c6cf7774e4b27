"""Errors read as one line, say whether trying again helps, and survive a process boundary."""

import copy

import pytest

from storage import errors


def test_a_message_says_what_where_expected_and_what_to_do():
    error = errors.SourceRejected("the file is cut off", "tax.wage.parquet", "a Parquet footer", "ask for it again")
    assert str(error) == "tax.wage.parquet: the file is cut off; expected a Parquet footer; ask for it again"
    assert str(errors.Internal("x")) == "x"


@pytest.mark.parametrize("family", [errors.ContractBroken, errors.SourceUnavailable, errors.Busy])
def test_copies_keep_everything(family):
    error = copy.copy(family("what", "where", "expected", "remedy"))
    assert (error.what, error.where, error.expected, error.remedy) == ("what", "where", "expected", "remedy")


def test_only_what_may_pass_by_itself_is_retried():
    families = {family.__name__ for family in errors.SitongError.__subclasses__() if family.retry}
    assert families == {"SourceUnavailable", "Busy"}
