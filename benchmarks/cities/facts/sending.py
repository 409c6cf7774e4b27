"""What the departments send of a town, and its truth: registers with their errors, facts in several forms."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from benchmarks.cities.departments import DEPARTMENTS, draw_records
from benchmarks.cities.digits import shortened, text, written
from benchmarks.cities.drops import put, put_truth
from benchmarks.cities.facts.background import fill
from benchmarks.cities.facts.books import keep_books
from benchmarks.cities.facts.planted_equity import plant_equity
from benchmarks.cities.facts.planted_hubs import plant_hubs
from benchmarks.cities.facts.planted_land import plant_land
from benchmarks.cities.facts.planted_payroll import plant_payroll
from benchmarks.cities.facts.planted_registers import plant_registers
from benchmarks.cities.facts.planted_sales import plant_sales
from benchmarks.cities.facts.town import Jobs, Town, days_ago, draw_town
from benchmarks.cities.offices import OFFICES, draw_rows
from benchmarks.cities.places import DISTRICTS, write_addresses
from benchmarks.cities.population import TODAY

Array = np.ndarray[Any, np.dtype[Any]]
Columns = dict[str, Any]
_CODES = np.array([row[1] for row in DISTRICTS])
_POLICE, _INSURED, _TAXED, _FAMILY, _FUND = DEPARTMENTS
_COMMERCE, _TAX, _QUALITY, _EMPLOYER = OFFICES


def write_city(folder: Path, persons: int, *, seed: int) -> int:
    """Write a city with facts, `truth/findings_truth.parquet` among its truths; the number of planted cases.

    The same arguments write the same city. Some 20,000 persons are needed for all cases.
    """
    town = draw_town(persons, np.random.default_rng([seed, 5]))
    for plant in (plant_registers, plant_hubs, plant_payroll, plant_land, plant_equity, plant_sales):
        plant(town)
    fill(town)
    jobs = _all_jobs(town)
    rng = np.random.default_rng([seed, 6])
    sent = _Sent(folder, town, rng)
    sent.enterprises(jobs)
    sent.persons(jobs)
    sent.facts(jobs)
    put_truth(folder, "person", sent.person_truths)
    put_truth(folder, "enterprise", sent.enterprise_truths)
    return town.truth.write(folder / "truth", sent.unknown)


def _all_jobs(town: Town) -> Jobs:
    chunks = town.jobs
    return Jobs(*(np.concatenate([getattr(one, name) for one in chunks]) for name in Jobs.__dataclass_fields__))


class _Sent:
    """One city as it is written down; enterprises first, as the facts cite their numbers and names."""

    def __init__(self, folder: Path, town: Town, rng: np.random.Generator) -> None:
        self.folder, self.town, self.rng = folder, town, rng
        self.person_truths: list[pa.Table] = []
        self.enterprise_truths: list[pa.Table] = []
        self.names = np.full(len(town), "", object)
        self.usccs = np.array(text(town.firms.uscc).to_pylist(), object)
        self.numbers = (self.usccs.copy(), self.usccs.copy())
        self.employer_ids = np.full(len(town), "", object)

    def enterprises(self, jobs: Jobs) -> None:
        """The four registers."""
        self._quality()
        self._tax()
        self._commerce()
        self._employers(jobs)

    def persons(self, jobs: Jobs) -> None:
        """The five registers, those of the insured and of the fund with what is a fact of theirs."""
        self._police()
        self._natural_persons(jobs)
        self._insured(jobs)
        self._fund(jobs)
        table, who = draw_records(self.town.people, self.town.letters, _FAMILY, self.rng)
        self.person_truths.append(put(self.folder, _FAMILY.name, table, who))

    def facts(self, jobs: Jobs) -> None:
        """Wages, returns, land, projects and transfers."""
        self._wages(jobs)
        first, later = keep_books(self.town, self.numbers, self.rng)
        pq.write_table(first, self.folder / "tax.declaration.20260320.parquet")
        pq.write_table(later, self.folder / "tax.declaration.20260331.parquet")
        manifest = self.folder / "tax.declaration.20260331.manifest.json"
        manifest.write_text(json.dumps({"mode": "delta"}), encoding="utf-8")
        self._land()
        self._projects()
        self._transfers()

    # Registers of enterprises

    def _rows(self, office: Any, who: Array) -> Columns:  # noqa: ANN401
        table, _ = draw_rows(self.town.firms, self.town.letters, office, self.rng, who)
        return {name: table[name].combine_chunks() for name in table.column_names}

    def _put_enterprises(self, name: str, columns: Columns, who: Array) -> None:
        self.enterprise_truths.append(put(self.folder, name, pa.table(columns), who))

    def _quality(self) -> None:
        who = self.rng.permutation(np.flatnonzero(self.rng.random(len(self.town)) < _QUALITY.covers))
        self._put_enterprises(_QUALITY.name, self._rows(_QUALITY, who), who)

    def _commerce(self) -> None:
        town, firms, rng = self.town, self.town.firms, self.rng
        twice = town.in_commerce & town.free & (rng.random(len(town)) < 0.003)
        who = rng.permutation(np.concatenate([np.flatnonzero(town.in_commerce), np.flatnonzero(twice)]))
        columns = self._rows(replace(_COMMERCE, behind=0.0), who)
        planted = pa.array(~town.free[who])
        owner = firms.owner[who]
        whole = {
            "uscc": text(firms.uscc[who]),
            "legal_representative": _names(town, town.owner_person[owner]),
            "address": write_addresses(firms.houses, firms.house[who], 0, rng),
            "legal_representative_id_number": text(firms.owner_ids[owner]),
        }
        for name, value in whole.items():
            columns[name] = pc.if_else(planted, value, columns[name])
        columns["legal_representative_id_number"] = self._typed(columns["legal_representative_id_number"], who)
        columns |= {
            "status": pa.array(town.status[who].astype(str).tolist()), "ended_on": _dates(town.ended[who]),
            "established_on": _dates(town.established[who]),
            "industry_code": _industry(town.industry[who], rng),
            "division_code": pa.array((_CODES[firms.district[who]] * 1000 + who % 7 + 1).astype(str).tolist()),
            "registered_capital": pa.array(np.round(rng.lognormal(13.5, 1.2, len(town)), -4)[who]),
        }  # fmt: skip
        self.names[who] = columns["name"].to_pylist()
        self._put_enterprises(_COMMERCE.name, columns, who)

    def _typed(self, numbers: pa.Array, who: Array) -> pa.Array:
        """Numbers of representatives as commerce has them: some in the old form, some another person's."""
        town, place = self.town, {firm: row for row, firm in enumerate(who.tolist())}
        said = numbers.to_pylist()
        for firm, person in town.typed_ids.items():
            said[place[firm]] = text(town.people.number[[person]])[0].as_py()
        short = np.array(town.short_ids, np.int64)
        old = text(shortened(town.firms.owner_ids[town.firms.owner[short]])).to_pylist()
        for firm, number in zip(short.tolist(), old, strict=True):
            said[place[firm]] = number
        return pa.array(said, pa.string())

    def _tax(self) -> None:
        town, rng = self.town, self.rng
        known = np.flatnonzero(town.in_tax)
        again = np.flatnonzero(town.in_tax & town.free & (rng.random(len(town)) < _TAX.twice))
        more = [(np.concatenate(part)) for part in zip(*town.second_tax, strict=True)]
        who = np.concatenate([rng.permutation(known), again, more[0]])
        columns = self._rows(_TAX, who)
        further = np.arange(len(who)) >= len(known) + len(again)
        code = np.where(town.tax_code[who] > 0, town.tax_code[who], _CODES[town.firms.district[who]])
        code[further] = more[1]
        status = town.tax_status[who].astype(np.int64)
        status[further] = more[2]
        numbers = np.array(columns["taxpayer_id"].to_pylist(), object)
        old = town.old_number[who] | further
        numbers[old] = self._old_numbers(who[old])
        elsewhere = write_addresses(town.firms.houses, town.tax_house[who], 2, rng)
        columns |= {
            "taxpayer_id": pa.array(numbers.tolist()), "status": pa.array(status.astype(str).tolist()),
            "division_code": pa.array([str(one) if one % 2 else f"{one}003" for one in code.tolist()]),
            "industry_code": _industry(town.tax_industry[who], rng, missing=0.05 * town.free[who]),
            "address": pc.if_else(pa.array(town.tax_code[who] > 0), elsewhere, columns["address"]),
            "registered_on": _dates(town.established[who] + np.timedelta64(20, "D")),
            "cancelled_on": _dates(town.tax_cancelled[who]),
        }  # fmt: skip
        first = np.arange(len(who)) < len(known)
        for table in self.numbers:
            table[who[first]] = numbers[first]
        newer = np.array([len(one) == 15 for one in numbers[first]]) & (rng.random(len(known)) < 0.6)
        newer &= np.array(columns["uscc"].to_pylist(), object)[first] == self.usccs[who[first]]
        self.numbers[1][who[first][newer]] = self.usccs[who[first][newer]]
        self.names[who[first]] = np.array(columns["name"].to_pylist(), object)[first]
        self._put_enterprises(_TAX.name, columns, who)

    def _old_numbers(self, firms: Array) -> list[str]:
        """Fifteen digits: an old code of the district and the organisation code."""
        codes = np.array([row[2] for row in DISTRICTS])[self.town.firms.district[firms]].astype(np.int64)
        return text(np.concatenate([written(codes, 6), self.town.firms.uscc[firms, 8:17]], axis=1)).to_pylist()

    def _employers(self, jobs: Jobs) -> None:
        town = self.town
        insuring = np.unique(jobs.firm[~np.isnan(jobs.base)])
        who = self.rng.permutation(np.concatenate([insuring, insuring[self.rng.random(len(insuring)) < 0.01]]))
        columns = self._rows(_EMPLOYER, who)
        paying = ~np.isnan(jobs.base) & (jobs.status == 1)
        pairs = np.unique(np.stack([jobs.firm[paying], jobs.person[paying]]), axis=1)
        heads = np.bincount(pairs[0], minlength=len(town))
        unsaid = town.free[who] & (self.rng.random(len(who)) < 0.01)
        columns["insured_count"] = pa.array(heads[who], mask=unsaid)
        self.employer_ids[who] = columns["record_id"].to_pylist()
        self._put_enterprises(_EMPLOYER.name, columns, who)

    # Registers of persons

    def _records(self, department: Any, who: Array, ids: Array, drop: tuple[str, ...] = ()) -> Columns:  # noqa: ANN401
        table, _ = draw_records(self.town.people, self.town.letters, department, self.rng, who)
        columns = {name: table[name].combine_chunks() for name in table.column_names if name not in drop}
        return columns | {"record_id": pa.array(ids.tolist())}

    def _put_persons(self, name: str, columns: Columns, who: Array) -> None:
        order = self.rng.permutation(len(who))
        self.person_truths.append(put(self.folder, name, pa.table(columns).take(pa.array(order)), who[order]))

    def _police(self) -> None:
        town, rng = self.town, self.rng
        known = rng.random(len(town.people)) < 0.92
        known |= ~np.isnat(town.dead)
        household = town.people.household
        known |= np.isin(household, household[town.owner_person])
        who = np.flatnonzero(known)
        ids = np.array([f"PO{one:09d}" for one in who])
        columns = self._records(_POLICE, who, ids)
        true = text(town.people.number[who])
        self.unknown = who[~pc.fill_null(pc.equal(columns["id_number"], true), False).to_numpy(zero_copy_only=False)]
        dead = ~np.isnat(town.dead[who])
        moved = rng.random(len(who)) < 0.03
        columns["status"] = pa.array(np.where(dead, "2", np.where(moved, "3", "1")).tolist())
        columns["death_date"] = _dates(town.dead[who])
        self._put_persons(_POLICE.name, columns, who)

    def _natural_persons(self, jobs: Jobs) -> None:
        """One record a payee, a second one for a few; some persons who are paid nothing."""
        town, rng = self.town, self.rng
        paid = np.unique(jobs.person[~np.isnan(jobs.wages).all(axis=1)])
        others = np.setdiff1d(np.flatnonzero(town.people.adult & (rng.random(len(town.people)) < 0.2)), paid)
        self.twice = np.zeros(len(town.people), bool)
        self.twice[paid[rng.random(len(paid)) < 0.01]] = True
        again = np.flatnonzero(self.twice)
        who = np.concatenate([paid, others, again])
        first = len(paid) + len(others)
        ids = np.array([f"{'NP' if row < first else 'NQ'}{one:09d}" for row, one in enumerate(who)])
        columns = self._records(_TAXED, who, ids)
        numbers, row = (
            columns["id_number"].to_pylist(),
            {person: place for place, person in enumerate(who[:first].tolist())},
        )
        for person, dead in town.stolen.items():
            numbers[row[person]] = text(town.people.number[[dead]])[0].as_py()
        columns["id_number"] = pa.array(numbers)
        self._put_persons(_TAXED.name, columns, who)

    def _insured(self, jobs: Jobs) -> None:
        """One record an insurance; a part of those without employment is insured by itself."""
        town, rng = self.town, self.rng
        at = np.flatnonzero(~np.isnan(jobs.base))
        alone = town.idle[rng.random(len(town.idle)) < 0.5]
        who = np.concatenate([jobs.person[at], alone])
        ids = np.concatenate([jobs.insured_ids()[at], [f"SA{one:08d}" for one in alone]])
        columns = self._records(_INSURED, who, ids)
        nobody, base = pa.nulls(len(alone), pa.string()), np.full(len(alone), 4800.0)
        left = np.concatenate([jobs.status[at], np.ones(len(alone), np.int64)]) != 1
        lately = pa.array(TODAY.astype("datetime64[s]") - rng.integers(10, 300, len(who)) * np.timedelta64(86400, "s"))
        columns |= {
            "updated_at": pc.if_else(pa.array(left), lately, columns["updated_at"]),
            "employer_no": pa.concat_arrays([pa.array(self.employer_ids[jobs.firm[at]].tolist()), nobody]),
            "contribution_base": pa.array(np.concatenate([jobs.base[at], base])),
            "insured_from": _dates(days_ago(rng, 900, 3000, len(who))),
            "status": pa.array(np.concatenate([jobs.status[at], np.ones(len(alone), np.int64)]).astype(str).tolist()),
        }  # fmt: skip
        self._put_persons(_INSURED.name, columns, who)

    def _fund(self, jobs: Jobs) -> None:
        at = np.flatnonzero(~np.isnan(jobs.fund_base))
        columns = self._records(_FUND, jobs.person[at], jobs.fund_ids()[at])
        columns |= {
            "employer_uscc": pa.array(self.usccs[jobs.firm[at]].tolist()),
            "employer_name": pa.array(self.names[jobs.firm[at]].tolist()),
            "contribution_base": pa.array(jobs.fund_base[at]), "contribution_rate": pa.array(jobs.fund_rate[at]),
            "status": pa.array(["1"] * len(at)),
        }  # fmt: skip
        self._put_persons(_FUND.name, columns, jobs.person[at])

    # Facts

    def _wages(self, jobs: Jobs) -> None:
        tables = []
        for place, year in enumerate((2024, 2025)):
            at = np.flatnonzero(~np.isnan(jobs.wages[:, place]) & self.town.in_tax[jobs.firm])
            letters = np.where(self.twice[jobs.person[at]] & (year == 2024), "NQ", "NP")
            months = jobs.months[at]
            tables.append(pa.table({
                "record_id": pa.array(jobs.wage_ids(year)[at].tolist()),
                "taxpayer_id": pa.array(self.numbers[place][jobs.firm[at]].tolist()),
                "person_record_id": pa.array([f"{a}{b:09d}" for a, b in zip(letters, jobs.person[at], strict=True)]),
                "tax_year": pa.array(np.full(len(at), year)), "months": pa.array(months, mask=months == 0),
                "wages": pa.array(jobs.wages[at, place]),
                "tax_withheld": pa.array(np.round(np.maximum(jobs.wages[at, place] - 60_000, 0) * 0.03, 2)),
                "updated_at": pa.array(np.full(len(at), TODAY.astype("datetime64[s]"))),
            }))  # fmt: skip
        table = pa.concat_tables(tables)
        pq.write_table(
            table.take(pa.array(self.rng.permutation(len(table)))), self.folder / "tax.wage.20260331.parquet"
        )

    def _told(self, dataset: str) -> dict[str, Array]:
        chunks = self.town.facts[dataset]
        return {name: np.concatenate([one[name] for one in chunks]) for name in chunks[0] if name != "contractors"}

    def _land(self) -> None:
        rows = self._told("natural_resources.land_grant")
        unsaid = self.rng.random(len(rows["firm"])) < 0.06
        table = pa.table({
            "record_id": pa.array(rows["record_id"].tolist()),
            "grantee_name": pa.array(self.names[rows["firm"]].tolist()),
            "grantee_uscc": pa.array(self.usccs[rows["firm"]].tolist(), mask=unsaid),
            "area_m2": pa.array(rows["area_m2"]), "price": pa.array(rows["price"]),
            "signed_on": _said(rows["signed_on"], "%Y%m%d"),
        })  # fmt: skip
        _write_csv(table, self.folder / "natural_resources.land_grant.20251231.csv", "gb18030")
        kept = pc.invert(pc.is_in(table["record_id"], pa.array(self.town.void)))
        _write_csv(table.filter(kept), self.folder / "natural_resources.land_grant.20260331.csv", "gb18030")

    def _projects(self) -> None:
        rows, town = self._told("development_reform.project"), self.town
        builders = [row for one in town.facts["development_reform.project"] for row in one["contractors"].tolist()]
        table = pa.table({
            "record_id": pa.array(rows["record_id"].tolist()),
            "name": pa.array([f"第{place}号重点工程" for place in range(len(builders))]),
            "owner_name": pa.array(self.names[rows["firm"]].tolist()),
            "owner_uscc": pa.array(self.usccs[rows["firm"]].tolist()),
            "contractor_usccs": pa.array([";".join(self.usccs[one] for one in row) for row in builders]
                                         if builders else [], pa.string()),
            "total_investment": pa.array(rows["total_investment"]),
            "completed_investment": pa.array(rows["completed_investment"]),
            "started_on": _said(rows["started_on"], "%Y/%m/%d"), "status": pa.array(["在建"] * len(builders)),
            "division_code": pa.array(_CODES[town.firms.district[rows["firm"]]].astype(str).tolist()),
            "updated_at": pa.array(["2026-03-30 10:00:00"] * len(builders)),
        })  # fmt: skip
        _write_csv(table, self.folder / "development_reform.project.20260331.csv", "utf-8-sig")

    def _transfers(self) -> None:
        rows, town = self._told("commerce.equity_transfer"), self.town
        company = pa.array(rows["by_company"])
        companies = pa.array(self.names[(rows["firm"] + 1) % len(town)].tolist())
        table = pa.table({
            "record_id": pa.array(rows["record_id"].tolist()), "uscc": pa.array(self.usccs[rows["firm"]].tolist()),
            "transferor_name": pc.if_else(company, companies, _names(town, rows["person"])),
            "transferor_id_number": pc.if_else(company, None, text(town.people.number[rows["person"]])),
            "transferee_name": pa.array(rows["transferee_name"].tolist()), "share_ratio": pa.array(rows["share_ratio"]),
            "price": pa.array(rows["price"]), "net_assets": pa.array(rows["net_assets"], from_pandas=True),
            "changed_on": _said(rows["changed_on"], "%Y年%m月%d日"),
        })  # fmt: skip
        _write_csv(table, self.folder / "commerce.equity_transfer.20260331.csv", "utf-8")


def _names(town: Town, persons: Array) -> pa.Array:
    parts = [town.letters.text.take(pa.array(town.people.name[persons, place])) for place in range(4)]
    return pc.binary_join_element_wise(*parts, "")


def _dates(days: Array) -> pa.Array:
    return pa.array(days.astype("datetime64[D]"), pa.date32())


def _said(days: Array, form: str) -> pa.Array:
    return pc.strftime(_dates(days), format=form)


def _industry(division: Array, rng: np.random.Generator, missing: Array | float = 0.0) -> pa.Array:
    """Four digits, three or two; null where the division is 0 or missing."""
    cut = rng.choice([2, 3, 4], len(division), p=[0.1, 0.15, 0.75])
    codes = [
        f"{one:02d}{rest}"[:end]
        for one, rest, end in zip(division, rng.integers(10, 100, len(division)), cut, strict=True)
    ]
    return pa.array(codes, mask=(division == 0) | (rng.random(len(division)) < missing))


def _write_csv(table: pa.Table, path: Path, encoding: str) -> None:
    buffer = io.BytesIO()
    pa_csv.write_csv(table, buffer)
    path.write_bytes(buffer.getvalue().decode().encode(encoding))
