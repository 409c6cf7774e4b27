"""The synthetic city: departments' drops of all fifteen datasets and the truth beside them.

The same persons, seed and settings give the same bytes in every process.
"""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from simulation import declarations, employment, transactions, writing
from simulation.departments import person_records
from simulation.enterprises import Enterprises, enterprises
from simulation.findings import COLUMNS, Truth, true_findings
from simulation.layout import ENTERPRISE_DATASETS, FACT_DATASETS, LAYOUT, PERSON_DATASETS
from simulation.people import People, people
from simulation.randomness import Ints, chosen, stream
from simulation.records import Records
from simulation.registers import enterprise_records
from simulation.settings import CitySettings
from simulation.truth import fact_truth, record_truth, true_enterprises, true_persons
from simulation.values import Coded
from simulation.writing import PARQUET, Formats, folder, write_drop, write_json, write_parquet

LOG = logging.getLogger(__name__)
LEAST_PERSONS = 30

Progress = Callable[[str], None]


@dataclass(frozen=True)
class CitySummary:
    """What was written: rows by dataset, files in the order of writing, findings by rule, seconds."""

    persons: int
    enterprises: int
    rows: dict[str, int]
    files: tuple[Path, ...]
    findings: dict[str, int]
    seconds: float


def simulate(
    persons: int,
    seed: int,
    out: Path,
    *,
    settings: CitySettings | None = None,
    formats: Formats = PARQUET,
    progress: Progress | None = None,
) -> CitySummary:
    """Write a city of `persons` into `out` and its truth into `out/truth`.

    Args:
        persons: Number of true persons, at least 30.
        seed: Seed of every draw.
        out: Folder of the drop; made if needed, its earlier drops of the same names are replaced.
        settings: The city's rates; the defaults of `CitySettings` where None.
        formats: Format by dataset; Parquet where none is named.
        progress: Called with the name of each dataset when it is written.

    Raises:
        ValueError: Too few persons, or too many rows for Excel.
    """
    if persons < LEAST_PERSONS:
        raise ValueError(f"persons: {persons} is too small for a city; give at least {LEAST_PERSONS}")
    settings = settings or CitySettings()
    started = time.monotonic()
    folder(out)
    shutil.rmtree(out / "truth", ignore_errors=True)
    city = people(settings, persons, seed)
    firms = enterprises(settings, city, seed)
    records = _records(settings, city, firms, seed)
    tables, known, written = _write(records, out, settings, formats, progress)
    truth = Truth(true_persons(city), true_enterprises(firms), *known)
    findings = true_findings(tables, truth, settings, settings.as_of)
    write_truth(out, truth, findings, tables, {name: form for name, form in formats.items() if form != "parquet"})
    write_json({"seed": seed, "persons": persons, "settings": settings.described()}, out / "truth" / "settings.json")
    LOG.info("city simulated", extra={"persons": persons, "records": sum(table.num_rows for table in tables.values())})
    return CitySummary(
        persons=persons,
        enterprises=firms.count,
        rows={name: table.num_rows for name, table in tables.items()},
        files=tuple(written),
        findings={row["values"]: row["counts"] for row in findings.column("rule").value_counts().to_pylist()},
        seconds=time.monotonic() - started,
    )


def _records(settings: CitySettings, city: People, firms: Enterprises, seed: int) -> dict[str, Records]:
    """All fifteen datasets."""
    work = employment.employment(settings, city, firms, seed)
    persons = person_records(settings, city, work.employer >= 0, seed)
    insured = persons["social_security.insured"]
    employer = work.employer[insured.subject]
    counts = np.bincount(employer[employer >= 0], minlength=firms.count)
    register = enterprise_records(settings, city, firms, counts, seed)
    of_employer = by_enterprise(register["social_security.employer"], "record_id", firms.count)
    employment.insure(settings, insured, city, work, of_employer, seed)
    employment.save_for_housing(settings, persons["provident_fund.account"], work, firms, seed)
    taxpayers = declared_ids(settings, register["tax.taxpayer"], firms, seed)
    known = np.flatnonzero(taxpayers.codes >= 0)
    moved, on_transfers = transactions.transfers(settings, city, firms, known, seed)
    granted, on_grants = transactions.land_grants(settings, firms, known, seed)
    facts = (
        transactions.officers(settings, register["commerce.enterprise"], city, firms, seed),
        employment.wages(settings, persons["tax.natural_person"], city, work, taxpayers, seed),
        declarations.declarations(settings, firms, taxpayers, [on_transfers, on_grants], seed),
        moved,
        granted,
        transactions.projects(settings, firms, seed),
    )
    return persons | register | {one.dataset: one for one in facts}


def declared_ids(settings: CitySettings, taxpayers: Records, firms: Enterprises, seed: int) -> Coded:
    """The id with which an enterprise declares: the registered one, or its unified code instead of an old one."""
    ids = by_enterprise(taxpayers, "taxpayer_id", firms.count)
    legacy = [taxpayers.subject[rows] for rows, kind in taxpayers.wrong if kind == "taxpayer_id_legacy"]
    rows = np.unique(np.concatenate([*legacy, np.zeros(0, np.int64)]))
    renewed = chosen(stream(seed, "declared ids"), settings.legacy_payer_declares_with_uscc, rows)
    ids.put(renewed, firms.uscc.take(pa.array(renewed)).to_pylist())
    return ids


def by_enterprise(records: Records, column: str, count: int) -> Coded:
    """A column of an enterprise dataset by true enterprise (the first of its records), null where it has none."""
    found = records.columns[column]
    array = found.array() if isinstance(found, Coded) else found
    row: Ints = np.full(count, -1)
    row[records.subject[::-1]] = np.arange(records.count)[::-1]
    valid = np.asarray(array.is_valid())
    row[(row >= 0) & ~valid[np.maximum(row, 0)]] = -1
    return Coded(array, row)


def _write(
    records: dict[str, Records], out: Path, settings: CitySettings, formats: Formats, progress: Progress | None
) -> tuple[dict[str, pa.Table], tuple[pa.Table, pa.Table, pa.Table], list[Path]]:
    """Write the drops; give the tables back, the truth of the records, and the files."""
    batch = f"{settings.as_of:%Y%m%d}"
    tables, truths, files = {}, {}, []
    for name, columns in LAYOUT.items():
        one = records.pop(name)
        tables[name] = one.table(columns)
        if name in FACT_DATASETS:
            truths[name] = fact_truth(one)
        else:
            truths[name] = record_truth(one, "person" if name in PERSON_DATASETS else "enterprise")
        form = formats.get(name, "parquet")
        files.append(write_drop(tables[name], out, name, batch, form))
        if form == "parquet" and name in COLUMNS:
            tables[name] = tables[name].select(COLUMNS[name])  # the rest is no longer needed in memory
        if progress:
            progress(name)
    parts = [
        pa.concat_tables([truths[name] for name in LAYOUT if name in group])
        for group in (PERSON_DATASETS, ENTERPRISE_DATASETS, FACT_DATASETS)
    ]
    return tables, (parts[0], parts[1], parts[2]), files


def write_truth(
    out: Path, truth: Truth, findings: pa.Table, tables: dict[str, pa.Table], keep: Formats | set[str]
) -> None:
    """Write the tables of truth; `keep` names the datasets whose state no Parquet drop holds."""
    place = folder(out / "truth")
    for name in Truth.__dataclass_fields__:
        write_parquet(getattr(truth, name), place / f"{name}.parquet")
    write_parquet(findings, place / "findings_truth.parquet")
    for name in sorted(keep):
        write_parquet(tables[name], folder(place / "state") / f"{name}.parquet")


__all__ = ["PARQUET", "CitySummary", "Formats", "simulate", "writing"]
