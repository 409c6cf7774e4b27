"""What a department does without a matching engine: joins on cleaned numbers and names."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

PERSONS = (
    "police.resident", "social_security.insured", "tax.natural_person", "family_planning.person",
    "provident_fund.account",
)  # fmt: skip
_WEIGHTS = "[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]"
_CLEAN_ID = f"""
case when length(c) = 15 then substr(c, 1, 6) || '19' || substr(c, 7) || substr('10X98765432', 1 + (
    list_sum(list_transform(range(1, 18), lambda i:
        coalesce(try_cast(substr(substr(c, 1, 6) || '19' || substr(c, 7), i::int, 1) as int), 0) * {_WEIGHTS}[i])) % 11
    )::int, 1)
else c end
"""


def dataset(folder: Path, name: str) -> list[str]:
    """Files of a dataset."""
    return sorted(str(path) for path in folder.glob(f"{name}.*parquet"))


def join_persons(folder: Path, crosswalk: Path) -> None:
    """One person for every cleaned citizen id: blanks and hyphens away, x in capitals, 15 digits made 18."""
    con = duckdb.connect()
    con.execute("set threads = 2")
    parts = []
    for name in PERSONS:
        files = dataset(folder, name)
        if files:
            source, _, table = name.partition(".")
            rows = con.sql(
                "select ? as source, ? as dataset, record_id, "
                "regexp_replace(upper(id_number), '[^0-9X]', '', 'g') as c from read_parquet(?)",
                params=[source, table, files],
            ).to_arrow_table()  # fmt: skip
            parts.append(rows)
    con.register("records", pa.concat_tables(parts))
    made = con.sql(
        f"select source, dataset, record_id, coalesce(nullif({_CLEAN_ID}, ''), source || dataset || record_id) "
        "as master_id from records"
    ).to_arrow_table()
    pq.write_table(made, crosswalk)


ENTERPRISES = (
    "commerce.enterprise", "tax.taxpayer", "quality_supervision.organization", "social_security.employer",
)  # fmt: skip
_ENTERPRISE_COLUMNS = {
    "commerce.enterprise": "substr(upper(uscc), 9, 9)",
    "tax.taxpayer": "coalesce(substr(upper(uscc), 9, 9), "
    "case when length(taxpayer_id) = 15 then substr(upper(taxpayer_id), 7, 9) "
    "when length(taxpayer_id) = 18 and taxpayer_id[1] = '9' then substr(upper(taxpayer_id), 9, 9) end)",
    "quality_supervision.organization": "replace(upper(organization_code), '-', '')",
    "social_security.employer": "substr(upper(uscc), 9, 9)",
}
_PLAIN_NAME = (
    "regexp_replace(regexp_replace(translate(name, '（）', '()'), '[() ·]', '', 'g'), '有限责任公司', '有限公司')"
)


def join_enterprises(folder: Path, crosswalk: Path) -> None:
    """One enterprise for every organisation code; records without one go to the first code that bears their name."""
    con = duckdb.connect()
    con.execute("set threads = 2")
    parts = []
    for name, code in _ENTERPRISE_COLUMNS.items():
        files = dataset(folder, name)
        if files:
            source, _, table = name.partition(".")
            parts.append(con.sql(
                f"select ? as source, ? as dataset, record_id, nullif({code}, '') as code, {_PLAIN_NAME} as plain "
                "from read_parquet(?)", params=[source, table, files],
            ).to_arrow_table())  # fmt: skip
    con.register("records", pa.concat_tables(parts))
    made = con.sql(
        "with named as (select plain, min(code) as code from records where code is not null group by plain) "
        "select source, dataset, record_id, coalesce(r.code, n.code, 'name:' || plain) as master_id "
        "from records r left join named n using (plain)"
    ).to_arrow_table()
    pq.write_table(made, crosswalk)
