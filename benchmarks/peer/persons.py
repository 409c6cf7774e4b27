"""Splink on a drop of persons: `python persons.py DROPS OUT THRESHOLD…`.

Settings of an expert: id, name with term frequency and sound, birth date, sex, mobile; five blocking rules; u by
sampling, m by EM over two blocking rules; two threads; connected components at a threshold.
"""

# mypy: disable-error-code="import-not-found"
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from clustering import Predicted, write_crosswalks
from pypinyin import lazy_pinyin
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

DATASETS = (
    "police.resident", "social_security.insured", "tax.natural_person", "family_planning.person",
    "provident_fund.account",
)  # fmt: skip
WEIGHTS = "[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]"


def prepare(con: duckdb.DuckDBPyConnection, drops: Path) -> None:
    """One table of cleaned records: ids of 15 digits made 18, notes off names, dates as YYYYMMDD, sounds of names."""
    selects = []
    for name in DATASETS:
        for path in sorted(drops.glob(f"{name}.*parquet")):
            source, _, table = name.partition(".")
            selects.append(
                f"select '{source}' as source, '{table}' as dataset, record_id, id_number::varchar as id_number, "
                f"name::varchar as name, birth_date::varchar as birth_date, sex::varchar as sex, "
                f"mobile::varchar as mobile from read_parquet('{path}')"
            )
    con.execute(f"create table raw as {' union all '.join(selects)}")
    con.execute(f"""
create table cleaned as
with c as (
    select source, dataset, record_id, regexp_replace(upper(id_number), '[^0-9X]', '', 'g') as c,
        nullif(regexp_replace(regexp_replace(name, '[（(].*$', ''), '[ ·•.‧・]', '', 'g'), '') as name,
        nullif(regexp_replace(left(birth_date, 10), '[^0-9]', '', 'g'), '') as birth_date,
        case when sex in ('1', '2') then sex end as sex, nullif(regexp_replace(mobile, '[^0-9]', '', 'g'), '') as mobile
    from raw),
s as (select *, case when length(c) = 15 then substr(c, 1, 6) || '19' || substr(c, 7) else c end as body from c)
select row_number() over () as unique_id, source, dataset, record_id, name, birth_date, sex, mobile,
    nullif(case when length(c) = 15 then body || substr('10X98765432', 1 + (list_sum(list_transform(range(1, 18),
        lambda i: coalesce(try_cast(substr(body, i::int, 1) as int), 0) * {WEIGHTS}[i])) % 11)::int, 1)
        else body end, '') as id_number
from s""")
    letters = [row[0] for row in con.execute(
        "select distinct unnest(string_split(name, '')) from (select distinct name from cleaned where name is not null)"
    ).fetchall()]  # fmt: skip
    sounds = {ord(letter): lazy_pinyin(letter)[0] + " " for letter in letters}
    names = [row[0] for row in con.execute("select distinct name from cleaned where name is not null").fetchall()]
    con.register("sounds", pa.table({"name": names, "name_sound": [name.translate(sounds) for name in names]}))
    con.execute(
        "create table records as select * from cleaned left join sounds using (name);"
        "create table keys as select unique_id, source, dataset, record_id from cleaned"
    )


def settings() -> SettingsCreator:
    """Comparisons and blocking rules."""
    part = (
        "length(name_l) = length(name_r) and substr(name_l, 1, 1) = substr(name_r, 1, 1) and "
        "(substr(name_l, 2, 1) = substr(name_r, 2, 1) or substr(name_l, 3, 1) = substr(name_r, 3, 1))"
    )
    number = cl.CustomComparison(
        [cll.NullLevel("id_number"), cll.ExactMatchLevel("id_number"), cll.LevenshteinLevel("id_number", 1),
         cll.LevenshteinLevel("id_number", 2), cll.ElseLevel()], "id_number")  # fmt: skip
    name = cl.CustomComparison(
        [cll.NullLevel("name"), cll.ExactMatchLevel("name").configure(tf_adjustment_column="name"),
         cll.ExactMatchLevel("name_sound").configure(tf_adjustment_column="name_sound"),
         cll.CustomLevel(part, "surname and one character"),
         cll.CustomLevel("substr(name_l, 1, 1) = substr(name_r, 1, 1)", "surname"), cll.ElseLevel()],
        "name")  # fmt: skip
    born = cl.CustomComparison(
        [cll.NullLevel("birth_date"), cll.ExactMatchLevel("birth_date"), cll.LevenshteinLevel("birth_date", 1),
         cll.LevenshteinLevel("birth_date", 2), cll.ElseLevel()], "birth_date")  # fmt: skip
    mobile = cl.CustomComparison(
        [cll.NullLevel("mobile"), cll.ExactMatchLevel("mobile").configure(tf_adjustment_column="mobile"),
         cll.LevenshteinLevel("mobile", 1), cll.ElseLevel()], "mobile")  # fmt: skip
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[number, name, born, cl.ExactMatch("sex"), mobile],
        blocking_rules_to_generate_predictions=[
            block_on("id_number"),
            block_on("name_sound", "birth_date"),
            block_on("name_sound", "mobile"),
            block_on("birth_date", "mobile"),
            block_on("name_sound", "substr(id_number, 1, 14)"),
        ],
        retain_matching_columns=False,
    )


def main() -> None:
    """Prepare, train, predict, cluster."""
    drops, out = Path(sys.argv[1]), Path(sys.argv[2])
    con = duckdb.connect()
    con.execute("set threads = 2")
    con.execute(f"set temp_directory = '{out}'")
    prepare(con, drops)
    api = DuckDBAPI(con)
    linker = Linker(api.register("records"), settings())
    linker.training.estimate_probability_two_random_records_match(
        [block_on("id_number"), block_on("name", "birth_date", "mobile")], recall=0.95
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("id_number"), estimate_without_term_frequencies=True, max_pairs=2e6
    )
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("name", "birth_date"), estimate_without_term_frequencies=True, max_pairs=2e6
    )
    pairs = linker.inference.predict(threshold_match_probability=0.05)
    write_crosswalks(Predicted(con, linker, pairs), [float(word) for word in sys.argv[3:]], out)


main()
