"""The nine characters of an organisation code inside the longer identifiers, as a function of DuckDB.

Refuses a citizen's number: an individual business bears its owner's, and two owners born on one day would share
"their" code.
"""

import duckdb

_MACRO = """
create or replace macro organisation_code(identifier) as case
    when length(identifier) = 18 and not coalesce(
        regexp_full_match(identifier, '[1-8][0-9]{16}[0-9Xx]')
        and try_strptime(substr(identifier, 7, 8), '%Y%m%d') between timestamp '1900-01-01' and timestamp '2099-12-31',
        false
    ) then substr(identifier, 9, 9)
    when length(identifier) = 15 then substr(identifier, 7, 9)
    when length(replace(identifier, '-', '')) = 9 then replace(identifier, '-', '')
end
"""


def create_organisation_code(connection: duckdb.DuckDBPyConnection) -> None:
    """Let queries say `organisation_code(text)`: of a USCC, a taxpayer id of 15, or the code itself; else null.

    Source: GB 32100-2015, GB 11714; domain.md for the taxpayer id of 15 (division 6 + code 9).
    """
    connection.execute(_MACRO)
