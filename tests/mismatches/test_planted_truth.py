"""On a simulated city with its true crosswalk, the rules find what was planted and nothing else."""

from datetime import UTC, datetime

import duckdb
import pyarrow.parquet as pq
import pytest

from mismatches.request import CrossCheckRequest
from mismatches.run import cross_check
from schemas.contract import source_contracts
from schemas.validation import validate
from simulation.city import simulate
from simulation.settings import CitySettings

RULES = (
    "unregistered_taxpayer",
    "ended_enterprise_declaring",
    "deceased_legal_representative",
    "underdeclared_contribution_base",
    "deceased_payee",
    "land_grant_without_deed_tax",
    "underpriced_equity_transfer",
    "project_tax_gap",
)
FEW = (
    "deceased_legal_representative",
    "deceased_payee",
    "land_grant_without_deed_tax",
    "project_tax_gap",
)  # of whom a small city may hold less than three


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Findings and truth side by side: finding(rule, subject, records), truth(rule, subject, records)."""
    folder = tmp_path_factory.mktemp("city")
    drop, as_of = folder / "drop", CitySettings().as_of
    simulate(20_000, 5, drop)
    tables = {}
    for name, contract in source_contracts().items():
        for file in drop.glob(f"{name}.*.parquet"):
            tables[name] = folder / f"{name}.parquet"
            accepted = validate(pq.read_table(file), contract, batch="b", mode="snapshot", as_of=as_of).accepted
            pq.write_table(accepted, tables[name])
    connection = duckdb.connect()
    products = {}
    for kind in ("person", "enterprise"):
        products[f"{kind}_crosswalk"] = folder / f"{kind}.parquet"
        connection.execute(
            f"copy (select {kind} as master_id, source, dataset, record_id, 1.0 as match_probability"
            f" from '{drop}/truth/{kind}_truth.parquet') to '{products[f'{kind}_crosswalk']}'"
        )
    request = CrossCheckRequest(tables, products, as_of, folder / "out", datetime.now(UTC))
    cross_check(request, reports=False)
    connection.execute(f"create table finding as select * from '{request.out}/findings.parquet' where outcome = 'hit'")
    connection.execute(
        f"create table truth as select * from '{drop}/truth/findings_truth.parquet' where planted = 'hit'"
    )
    yield connection
    connection.close()


@pytest.mark.parametrize("rule", RULES)
def test_hits_are_the_planted_ones(judged, rule):
    """By subject, period aside: the truth names the last period of an enterprise, a finding the first."""
    found = judged.execute("select master_id, count(*) from finding where rule = $1 group by 1 order by 1", [rule])
    hits = found.fetchall()
    planted = judged.execute("select subject, count(*) from truth where rule = $1 group by 1 order by 1", [rule])
    assert hits == planted.fetchall()
    if rule not in FEW:
        assert len(hits) >= 3


def test_the_accused_records_are_the_planted_ones(judged):
    missed = judged.execute(
        """
        select count(*)
        from truth t
        where t.rule in $rules and not exists (
            from finding f
            where f.rule = t.rule and f.master_id = t.subject and len(list_filter(
                f.evidence,
                lambda e: e.role = 'subject'
                    and list_contains(list_transform(t.records, lambda r: r.record_id), e.record_id)
            )) > 0
        )
        """,
        {"rules": list(RULES)},
    ).fetchall()
    assert missed == [(0,)]
