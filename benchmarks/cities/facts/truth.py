"""What was planted: one row per case with its verdict, its records and what the formula gives in yuan."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]
Verdict = Literal["hit", "clear", "mild", "open"]
HIT: Verdict = "hit"
CLEAR: Verdict = "clear"
MILD: Verdict = "mild"
OPEN: Verdict = "open"


@dataclass
class Truth:
    """The cases, and which records they are about.

    `cases` holds number, rule, kind, planted, period (empty where it is of no account), estimate_low and estimate_high
    (yuan, null where the catalogue has no formula or leaves its terms open). `about` holds, by the name of a dataset,
    numbers and record ids; under `enterprise` and `person`, numbers and places in the city's arrays.
    """

    cases: list[pa.Table] = field(default_factory=list)
    owners: list[tuple[Array, Array]] = field(default_factory=list)
    about: dict[str, list[tuple[Array, Array]]] = field(default_factory=dict)
    count: int = 0

    def plant(self, rule: str, kind: str, verdict: Verdict, count: int, **said: Any) -> Array:  # noqa: ANN401
        """Cases of one kind; their numbers. `said`: period, low, high (one value or one for each)."""
        numbers = np.arange(self.count, self.count + count)
        self.count += count
        low, high = (np.broadcast_to(np.asarray(said.get(name, np.nan), float), count) for name in ("low", "high"))
        words = [pa.repeat(word, count) for word in (rule, kind, verdict)]
        period = pa.array(np.broadcast_to(np.asarray(said.get("period", ""), str), count).tolist(), pa.string())
        estimates = [pa.array(np.round(one, 2), from_pandas=True) for one in (low, high)]
        names = ["number", "rule", "kind", "planted", "period", "estimate_low", "estimate_high"]
        self.cases.append(pa.table([pa.array(numbers), *words, period, *estimates], names=names))
        return numbers

    def cite(self, what: str, numbers: Array, who: Array) -> None:
        """The cases are about these: record ids of a dataset, or enterprises or persons with all their records."""
        self.about.setdefault(what, []).append((np.asarray(numbers), np.asarray(who)))

    def rest_on(self, numbers: Array, persons: Array) -> None:
        """The cases hold for a person that the commercial register names by number alone."""
        self.owners.append((numbers, persons))

    def write(self, folder: Path, unknown: Array) -> int:
        """Write `findings_truth.parquet` beside the truth of persons and enterprises; the number of cases.

        `unknown` are persons whom no register holds under their number: a hit that rests on one of them is open, as a
        subject that cannot be resolved is not comparable.
        """
        numbers, persons = (np.concatenate(parts) for parts in zip(*self.owners, strict=True))
        with duckdb.connect() as connection:
            planted = pa.concat_tables(self.cases)
            unclear = pa.table({"number": np.unique(numbers[np.isin(persons, unknown)])})
            connection.register("drawn", planted)
            connection.register("unclear", unclear)
            connection.execute("""
                create view planted as select * replace (
                    if(planted = 'hit' and number in (from unclear), 'open', planted) as planted
                ) from drawn
            """)
            records = pa.concat_tables([self._records(connection, what, folder) for what in self.about])
            connection.register("records", records)
            target = folder / "findings_truth.parquet"
            connection.execute(
                f"""
                copy (
                    select p.*, list(struct_pack(source, dataset, record_id) order by source, dataset, record_id)
                        filter (record_id is not null) as records
                    from planted p left join records r using (number) group by all order by number
                ) to '{target}' (format parquet)
                """
            )
        return self.count

    def _records(self, connection: duckdb.DuckDBPyConnection, what: str, folder: Path) -> pa.Table:
        numbers, who = (np.concatenate(parts) for parts in zip(*self.about[what], strict=True))
        connection.register("cited", pa.table({"number": numbers, "who": pa.array(who.tolist())}))
        if what in {"enterprise", "person"}:
            query = f"""
                select number, source, dataset, record_id
                from cited join read_parquet(?) t on t.{what} = cited.who
            """
            return connection.sql(query, params=[str(folder / f"{what}_truth.parquet")]).to_arrow_table()
        source, _, dataset = what.partition(".")
        query = "select number, ? as source, ? as dataset, who as record_id from cited"
        return connection.sql(query, params=[source, dataset]).to_arrow_table()
