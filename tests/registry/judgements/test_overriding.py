"""Judged values win over survivorship, say so, and are never undone: whole or by changes, merged or not."""

import datetime as dt

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from registry.checks import WAIVABLE
from registry.judgements import ledger
from registry.judgements.judgement import Author, override
from registry.provenance import trace
from registry.publication import PublishRequest, publish
from storage.manifest import read_manifest
from tests.registry.conftest import run_after

AS_OF, AUTHOR = dt.date(2026, 3, 31), Author("wang", "birth certificate")
AT = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
POLICE, TAX = "police.resident", "tax.natural_person"
CROWD = [f"R{number}" for number in range(4, 30)]
TOGETHER = {
    "1": [f"{POLICE}/R1", f"{TAX}/T1"], "2": [f"{POLICE}/R2"], "3": [f"{POLICE}/R3", f"{TAX}/T3"],
    **{name[1:]: [f"{POLICE}/{name}"] for name in CROWD},
}  # fmt: skip
ROWS = {
    POLICE: [{"record_id": f"R{one}", "name": f"甲{one}", "birth_date": dt.date(1980, 1, one)} for one in range(1, 30)],
    TAX: [{"record_id": f"T{one}", "name": f"乙{one}"} for one in (1, 3)],
}


@pytest.fixture
def base(engine, zones, accepted, matched, tmp_path):
    """Publish the same people again and again: what is served, by the first police record of each."""
    tables, made = accepted(tmp_path / "accepted", ROWS), []

    def again(clusters=TOGETHER, *, whole=False):
        match = matched(tmp_path / f"match{len(made)}", clusters)
        run_after(match, f"run{len(made)}", None if whole or not made else made[-1])
        made.append(match)
        waived = frozenset(WAIVABLE)  # of three people every change is a large one
        publish(engine, zones, PublishRequest(as_of=AS_OF, tables=tables, person=match, waived=waived))
        folder = zones.current("person")
        rows = {row["master_id"]: row for row in pq.read_table(folder / "data.parquet").to_pylist()}
        with engine.connect() as connection:
            served = connection.execute(text("SELECT * FROM population.person")).mappings()
            assert {row["master_id"]: row["name"] for row in served} == {key: row["name"] for key, row in rows.items()}
        crosswalk = pq.read_table(zones.current("person_crosswalk") / "data.parquet").to_pylist()
        return {row["record_id"]: rows[row["master_id"]] for row in crosswalk if row["dataset"] == "resident"}

    return again


def judged(engine, *statements):
    with engine.begin() as connection:
        return [one.number for one in ledger.add(connection, AUTHOR, statements, AT)]


@pytest.mark.parametrize("whole", [True, False])
def test_an_override_wins_says_so_and_outlives_every_run(engine, zones, base, whole):
    first = base()
    one, second = first["R1"]["master_id"], first["R2"]["master_id"]
    numbers = judged(
        engine, override(one, "name", "丙"), override(one, "birth_date", "1980-01-01"), override(second, "sex", "2")
    )
    now = base(whole=whole)
    assert (now["R1"]["name"], now["R1"]["birth_date"], now["R2"]["sex"]) == ("丙", dt.date(1980, 1, 1), "2")
    assert now["R2"]["name"] == first["R2"]["name"]
    assert all(now[name] == first[name] for name in CROWD)
    since = read_manifest(zones.current("person")).facts["since"]
    assert (since is None) == whole
    said = {row["attribute"]: row for row in trace(zones.current("person") / "provenance.parquet", [one]).to_pylist()}
    assert (said["name"]["policy"], said["name"]["record_id"], said["name"]["conflicts"]) == ("judgement", None, 2)
    assert said["name"]["runner_up"]["record_id"] in ("R1", "T1")
    assert (said["birth_date"]["policy"], said["birth_date"]["record_id"]) == ("judgement", "R1")
    with engine.connect() as connection:
        told = connection.execute(
            text("SELECT policy FROM population.provenance WHERE master_id = :id AND attribute = 'name'"), {"id": one}
        ).scalar_one()
        past = connection.execute(
            text("SELECT after FROM population.person_history WHERE attribute = 'name'")
        ).scalars()
        assert (told, list(past)) == ("judgement", ["丙"])
    others = {**TOGETHER, "1": [*TOGETHER["1"], f"{POLICE}/R9"], "9": []}
    assert base(others)["R9"]["name"] == "丙"
    with engine.begin() as connection:
        ledger.take_back(connection, AUTHOR, numbers, AT)
    assert base() == first
    assert read_manifest(zones.current("person")).facts["since"] is not None


def test_an_override_follows_its_master_into_a_merge_and_out_of_it(engine, base):
    first = base()
    one, third = first["R1"]["master_id"], first["R3"]["master_id"]
    judged(engine, override(third, "name", "丁"), override(one, "mobile", "13800000000"))
    assert base()["R3"]["name"] == "丁"
    joined = {**TOGETHER, "1": [*TOGETHER["1"], *TOGETHER["3"]], "3": []}
    merged = base(joined)
    assert merged["R1"] == merged["R3"]
    assert (merged["R1"]["name"], merged["R1"]["mobile"]) == ("丁", "13800000000")
    judged(engine, override(one, "name", "戊"))
    assert base(joined)["R3"]["name"] == "戊"
    apart = base()
    assert {apart["R1"]["name"], apart["R3"]["name"]} == {"丁", "戊"}
