"""What is said of an error of the database: what happened, that nothing was lost, what to do."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from registry.failures import named_failures
from storage.errors import SourceUnavailable


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.LockNotAvailable("甲"), "another session holds a table"),
        (psycopg.errors.AdminShutdown("甲"), r"the database refused or was lost \(AdminShutdown\)"),
        (psycopg.errors.DiskFull("甲"), r"the database refused or was lost \(DiskFull\)"),
    ],
)
def test_it_says_what_happened_and_what_to_do_without_the_words_of_the_server(error, told):
    wrapped = OperationalError("INSERT 甲", {}, error)
    for raised in (wrapped, error):
        with pytest.raises(SourceUnavailable, match=told) as failed, named_failures():
            raise raised
        assert "what was published before stays in force" in failed.value.remedy
        assert "run again" in failed.value.remedy
        assert "甲" not in str(failed.value)
