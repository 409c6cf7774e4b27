"""Findings beside planted cases: what counts as right, as wrong, as nothing."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.findings import judge


@pytest.fixture
def city(tmp_path):
    """(findings, cases) -> count of the one rule, kinds. A finding is (record, severity), a case (record, verdict)."""

    def counted(findings, cases, *, role="subject", yuan=1.0):
        record = pa.struct([("source", pa.string()), ("dataset", pa.string()), ("record_id", pa.string())])
        accused = pa.struct([*record, ("role", pa.string())])
        told = pa.table(
            {
                "rule": ["r"] * len(findings),
                "outcome": ["hit"] * len(findings),
                "severity": [severity for _, severity in findings],
                "estimate_low": pa.array([1.0] * len(findings)),
                "estimate_high": pa.array([1.0] * len(findings)),
                "evidence": pa.array([[("s", "d", one, role)] for one, _ in findings], pa.list_(accused)),
            }
        )
        planted = pa.table(
            {
                "number": range(len(cases)),
                "rule": ["r"] * len(cases),
                "kind": [verdict for _, verdict in cases],
                "planted": [verdict for _, verdict in cases],
                "estimate_low": pa.array([yuan] * len(cases)),
                "estimate_high": pa.array([yuan] * len(cases)),
                "records": pa.array([[("s", "d", one)] for one, _ in cases], pa.list_(record)),
            }
        )
        pq.write_table(told, tmp_path / "findings.parquet")
        pq.write_table(planted, tmp_path / "truth.parquet")
        [rule], kinds = judge(tmp_path / "findings.parquet", tmp_path / "truth.parquet")
        return rule, kinds

    return counted


CASES = [("a", "hit"), ("b", "hit"), ("c", "clear"), ("d", "mild"), ("e", "open")]


def test_what_was_planted_and_nothing_else(city):
    rule, _ = city([("a", "high"), ("b", "low")], CASES)
    assert (rule.planted, rule.found, rule.right) == (2, 2, 2)
    assert (rule.precision, rule.recall) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("finding", "found"),
    [
        (("b", "high"), 3),  # a second one about the same
        (("c", "low"), 3),
        (("nobody", "low"), 3),
        (("d", "medium"), 3),
        (("d", "low"), 2),
        (("e", "high"), 2),
    ],
)
def test_what_counts_as_wrong(city, finding, found):
    rule, _ = city([("a", "high"), ("b", "high"), finding], CASES)
    assert (rule.found, rule.right) == (found, 2)


def test_what_is_missed_and_what_only_supports(city):
    rule, kinds = city([("a", "high")], CASES)
    assert rule.recall == 0.5
    assert [(one.planted, one.found, one.cases) for one in kinds if one.kind == "hit"] == [("hit", 1, 2)]
    rule, kinds = city([("a", "high")], CASES, role="support")
    assert (rule.right, rule.found) == (0, 1)
    assert [one.found for one in kinds if one.planted == "unplanted"] == [1]


def test_estimates_agree_to_two_fen(city):
    assert city([("a", "high")], CASES, yuan=1.02)[0].agreed == 1
    assert city([("a", "high")], CASES, yuan=1.03)[0].agreed == 0
