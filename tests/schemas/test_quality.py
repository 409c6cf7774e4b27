"""Great Expectations over Parquet: good data passes, each fault fails its own rule, no value of a row comes out."""

import datetime as dt
import json
import re
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.contract import product_contract, source_contract
from schemas.quality import QualityResult, check, write_index
from schemas.rendering.arrow import accepted_schema, product_schema

AS_OF = dt.date(2026, 3, 31)
ROWS = 200

Rows = list[dict[str, Any]]


def residents() -> Rows:
    return [
        {
            "record_id": f"R{number}",
            "id_number": f"37020219850101{number:03d}X",
            "name": "测试",
            "sex": "1",
            "ethnicity": "01",
            "birth_date": dt.date(1985, 1, 1),
            "division_code": "370202001",
            "household_relation": None,
            "mobile": "13800000000",
            "status": "1",
            "updated_at": dt.datetime(2026, 3, 30, 8),  # noqa: DTZ001 - the sender's local time
            "_batch": "20260331",
        }
        for number in range(ROWS)
    ]


def accepted(folder: Path, dataset: str, rows: Rows) -> Path:
    path = folder / "data.parquet"
    schema = accepted_schema(source_contract(dataset))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def checked(folder: Path, rows: Rows, dataset: str = "police.resident") -> QualityResult:
    return check(source_contract(dataset), accepted(folder, dataset, rows), folder / "out", as_of=AS_OF)


def failed(result: QualityResult) -> set[tuple[str, str | None]]:
    return {(outcome.rule, outcome.column) for outcome in result.outcomes if not outcome.passed}


def test_good_data_passes_and_every_expectation_was_computed(tmp_path: Path) -> None:
    result = checked(tmp_path, residents())

    assert failed(result) == set()
    assert result.passed
    assert result.rows == ROWS
    assert all(outcome.computed for outcome in result.outcomes)
    by_rule = {outcome.rule: outcome for outcome in result.outcomes}
    assert by_rule["id_number_form"].checked == ROWS
    assert by_rule["status_code_known"].unexpected == 0
    assert by_rule["rows"].observed == str(ROWS)
    assert by_rule["fresh"].observed == "2026-03-30"


def change(name: str, values: Callable[[int], object], share: float = 1.0) -> Callable[[Rows], None]:
    def apply(rows: Rows) -> None:
        for number in range(max(1, int(len(rows) * share))):
            rows[number][name] = values(number)

    return apply


FAULTS: dict[str, tuple[Callable[[Rows], None], set[tuple[str, str | None]]]] = {
    "repeated key": (change("record_id", lambda _: "R199", 0.0), {("key_unique", "record_id")}),
    "null name": (change("name", lambda _: None, 0.0), {("name_not_null", "name")}),
    "id in another form": (change("id_number", lambda _: "3702021985010100", 0.0), {("id_number_form", "id_number")}),
    "many ids unknown": (change("id_number", lambda _: None, 0.06), {("id_number_known", "id_number")}),
    "unknown sex": (change("sex", lambda _: "7", 0.02), {("sex_code_known", "sex")}),
    "unknown division": (
        change("division_code", lambda _: "999999", 0.02),
        {("division_code_code_known", "division_code")},
    ),
    "stale": (change("updated_at", lambda _: dt.datetime(2026, 3, 1)), {("fresh", "updated_at")}),  # noqa: DTZ001
    "phones": (change("mobile", lambda _: "0532-1234567", 0.2), {("mobile_plausible", "mobile")}),
    "dead before birth": (
        change("death_date", lambda _: dt.date(1984, 1, 1), 0.1),
        {("death_after_birth", None)},
    ),
    "born long ago": (
        change("birth_date", lambda _: dt.date(1800, 1, 1), 0.1),
        {("birth_date_plausible", "birth_date")},
    ),
}


@pytest.mark.parametrize(("fault", "rules"), FAULTS.values(), ids=FAULTS)
def test_each_fault_fails_its_own_rule(
    fault: Callable[[Rows], None], rules: set[tuple[str, str | None]], tmp_path: Path
) -> None:
    rows = residents()
    fault(rows)

    assert failed(checked(tmp_path, rows)) == rules


def test_counts_are_those_of_the_rows(tmp_path: Path) -> None:
    rows = residents()
    for row in rows[:50]:
        row["sex"] = None
    for row in rows[50:80]:
        row["sex"] = "7"

    (outcome,) = [item for item in checked(tmp_path, rows).outcomes if item.rule == "sex_code_known"]

    assert (outcome.checked, outcome.missing, outcome.unexpected) == (150, 50, 30)
    assert outcome.share == pytest.approx(0.2)
    assert outcome.allowed == pytest.approx(0.01)


def test_a_few_unknown_codes_are_borne(tmp_path: Path) -> None:
    rows = residents()
    rows[0]["sex"] = "7"

    result = checked(tmp_path, rows)

    assert result.passed
    assert next(item.unexpected for item in result.outcomes if item.rule == "sex_code_known") == 1


def test_an_empty_dataset_fails_its_row_count_only(tmp_path: Path) -> None:
    assert failed(checked(tmp_path, [])) == {("rows", None), ("fresh", "updated_at")}


def test_a_missing_column_fails(tmp_path: Path) -> None:
    path = accepted(tmp_path, "police.resident", residents())
    pq.write_table(pq.read_table(path).drop_columns(["mobile"]), path)

    result = check(source_contract("police.resident"), path, tmp_path / "out", as_of=AS_OF)

    assert ("columns_present", None) in failed(result)
    assert {outcome.rule for outcome in result.outcomes if not outcome.computed} == {"mobile_plausible"}
    assert "无法计算" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_a_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(source_contract("tax.wage"), tmp_path / "none.parquet", tmp_path / "out", as_of=AS_OF)


def test_no_value_of_a_row_comes_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = residents()
    secrets = {
        "record_id": "SECRET-RECORD",
        "id_number": "370202198501019999",
        "name": "秘密姓名" * 30,
        "sex": "SECRET-SEX",
        "division_code": "SECRET-DIVISION",
        "mobile": "SECRET-MOBILE",
        "address": "秘密地址",
    }
    for row in rows:
        row.update(secrets)
        row["birth_date"] = dt.date(1801, 2, 3)

    with caplog.at_level("DEBUG", logger="schemas"):
        result = checked(tmp_path, rows)

    assert len(failed(result)) >= 6
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir())
    for secret in (*secrets.values(), "1801"):
        assert secret not in written
        assert secret not in caplog.text
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "result.json"]


def test_result_and_page_are_private_and_equal_from_run_to_run(tmp_path: Path) -> None:
    rows = residents()
    rows[0]["name"] = None
    checked(tmp_path, rows)
    out = tmp_path / "out"
    first = {path.name: path.read_bytes() for path in out.iterdir()}

    checked(tmp_path, rows)

    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}


def test_nobody_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda _, *address: calls.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: calls.append(address))

    checked(tmp_path, residents())

    assert calls == []


def test_result_json_states_the_counts(tmp_path: Path) -> None:
    rows = residents()
    rows[0]["name"] = None
    checked(tmp_path, rows)

    content = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))

    assert (content["dataset"], content["rows"], content["passed"]) == ("police.resident", ROWS, False)
    (outcome,) = [item for item in content["outcomes"] if not item["passed"]]
    assert (outcome["rule"], outcome["severity"], outcome["unexpected"]) == ("name_not_null", "high", 1)


def assert_offline(page: str) -> None:
    page = re.sub(r"url\(data:font/woff;base64,[A-Za-z0-9+/=]+\)", "", page, count=1)
    assert re.findall(r"(?i)https?:|//[a-z]|url\(|@import|<script|<link|<img|src=", page) == []
    assert "default-src 'none'" in page


def test_the_page_is_offline_bilingual_and_shows_failures_first(tmp_path: Path) -> None:
    rows = residents()
    rows[0]["name"] = None
    for row in rows[:20]:
        row["sex"] = "7"
    checked(tmp_path, rows)

    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")

    assert_offline(page)
    for text in ("常住人口", "Resident population", "姓名不为空", "Name is never empty", "有严重问题", "10.00 %"):
        assert text in page
    body = page[page.index("<tbody>") :]
    assert body.index("姓名不为空") < body.index("代码表 sex") < body.index("record_id 不重复")


def test_products_are_checked_too(tmp_path: Path) -> None:
    contract = product_contract("findings")
    finding = {
        "finding_id": "F1",
        "rule": "unregistered_taxpayer",
        "rule_version": "1",
        "outcome": "hit",
        "subject_kind": "enterprise",
        "master_id": "E1",
        "estimate_low": 1.00,
        "estimate_high": 2.00,
        "severity": "high",
        "evidence": [{"source": "commerce", "dataset": "enterprise", "record_id": "1", "role": "subject"}],
    }
    faulty = finding | {"finding_id": "F2", "outcome": "clear", "estimate_low": 3.00, "evidence": None}
    path = tmp_path / "findings.parquet"
    results = []
    for rows in ([finding], [finding, faulty]):
        pq.write_table(pa.Table.from_pylist(rows, schema=product_schema(contract)), path)
        results.append(check(contract, path, tmp_path / "out", as_of=AS_OF))

    assert results[0].passed
    assert failed(results[1]) == {
        ("outcome_known", "outcome"),
        ("estimate_ordered", None),
        ("evidence_not_null", "evidence"),
    }


def test_keys_of_several_columns(tmp_path: Path) -> None:
    contract = product_contract("person_crosswalk")
    row = {"master_id": "P1", "source": "tax", "dataset": "natural_person", "record_id": "1", "match_probability": 1.5}
    path = tmp_path / "crosswalk.parquet"
    pq.write_table(pa.Table.from_pylist([row, row | {"master_id": "P2"}], schema=product_schema(contract)), path)

    result = check(contract, path, tmp_path / "out", as_of=AS_OF)

    assert failed(result) == {("key_unique", None), ("match_probability_in_range", "match_probability")}


def test_the_index_lists_the_datasets_of_a_run(tmp_path: Path) -> None:
    good = checked(tmp_path, residents())
    wages = checked(tmp_path, [], "tax.wage")

    page = write_index({"police/resident/1/index.html": good, "tax/wage/1/index.html": wages}, tmp_path / "index")

    text = page.read_text(encoding="utf-8")
    assert_offline(text)
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert 'href="police/resident/1/index.html"' in text
    assert text.index("Resident population") < text.index("Wage withholding")
    assert text.count('class="passed"') == 1
    assert text.count('class="failed"') == 1
    assert "This run had no dataset" in write_index({}, tmp_path / "none").read_text(encoding="utf-8")
