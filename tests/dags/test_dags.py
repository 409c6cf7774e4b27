"""The DAGs are exactly these, chained by these assets, with what every DAG must have."""

import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

EXPECTED = {
    "pull": {"scan", "dataset.take_in", "dataset.check_quality", "admit"},
    "reconcile_persons": {"match"},
    "reconcile_enterprises": {"match"},
    "publish": {"swap"},
    "cross_check": {"find"},
    "deliver": {"agreements", "hand_over", "tell"},
    "backup": {"copy"},
    "drill": {"rehearse"},
}
BY_CLOCK = {"pull", "backup", "drill"}
CHAIN = {
    "reconcile_persons": {"accepted"},
    "reconcile_enterprises": {"accepted"},
    "publish": {"person_match", "enterprise_match"},
    "cross_check": {"base_databases"},
    "deliver": {"base_databases"},
}
OUTLETS = {
    "pull": "accepted",
    "reconcile_persons": "person_match",
    "reconcile_enterprises": "enterprise_match",
    "publish": "base_databases",
    "cross_check": "findings",
    "deliver": "deliveries",
}


def test_the_dags_and_their_tasks_are_exactly_these(dags):
    assert {name: set(dag.task_ids) for name, dag in dags.items()} == EXPECTED


def test_each_dag_waits_for_the_assets_before_it(dags):
    waits = {
        name: {asset.name for asset in dag.timetable.asset_condition.objects}
        for name, dag in dags.items()
        if name not in BY_CLOCK
    }
    assert waits == CHAIN


def test_each_dag_emits_one_asset(dags):
    emitted = {name: [asset.name for task in dag.tasks for asset in task.outlets] for name, dag in dags.items()}
    assert emitted == {name: [OUTLETS[name]] if name in OUTLETS else [] for name in EXPECTED}


def test_pull_runs_at_two_in_the_morning_of_the_city(dags):
    timetable = dags["pull"].timetable
    assert timetable.expression == "0 2 * * *"
    assert str(timetable.timezone) == "Asia/Shanghai" or timetable.timezone.name == "Asia/Shanghai"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_dag_has_an_owner_tags_documentation_and_limits(dags, name):
    dag = dags[name]
    assert "sitong" in dag.tags
    assert len(dag.tags) == 2
    assert "When it fails" in dag.doc_md
    assert not dag.catchup
    assert dag.max_active_runs == 1
    assert dag.dagrun_timeout >= timedelta(hours=1)
    assert "as_of" in dag.params
    for task in dag.tasks:
        arguments = getattr(task, "partial_kwargs", None) or vars(task)
        assert arguments["owner"] == "data-engineering"
        assert arguments["retries"] == 2
        assert arguments["retry_delay"] == timedelta(minutes=2)
        assert timedelta() < arguments["execution_timeout"] <= timedelta(hours=3)
        assert arguments["retry_policy"] is not None
        assert arguments["on_failure_callback"]


@pytest.mark.parametrize(
    ("family", "retried"),
    [
        ("storage.errors.SourceRejected", False),
        ("storage.errors.PublicationHeld", False),
        ("storage.errors.BadSpecification", False),
        ("builtins.TypeError", False),
        ("storage.errors.SourceUnavailable", True),
        ("storage.errors.Busy", True),
        ("builtins.ConnectionResetError", True),
    ],
)
def test_only_what_may_pass_later_is_retried(dags, family, retried):
    from importlib import import_module

    from airflow.sdk import RetryAction

    from dags.defaults import RETRY_POLICY

    module, _, name = family.rpartition(".")
    error = getattr(import_module(module), name)("it failed")
    decision = RETRY_POLICY.evaluate(error, try_number=1, max_tries=2)
    assert decision.action is (RetryAction.RETRY if retried else RetryAction.FAIL)


def _context(error, **arguments):
    instance = SimpleNamespace(dag_id="pull", task_id="dataset.take_in", run_id="r1", try_number=3)
    return {"ti": instance, "exception": error, **arguments}


def test_an_alert_names_dataset_cause_and_remedy(dags):
    from dags.alerts import describe
    from storage.errors import SourceRejected

    error = SourceRejected("the file ends too early", "tax.wage.20260331.parquet", "a whole file", "send it again")
    message = describe(_context(error, dataset="tax.wage"))
    assert message == {
        "dag": "pull", "task": "dataset.take_in", "run": "r1", "try": 3, "dataset": "tax.wage",
        "cause": "SourceRejected",
        "what": "the file ends too early", "where": "tax.wage.20260331.parquet", "expected": "a whole file",
        "remedy": "send it again",
    }  # fmt: skip


def test_an_alert_about_an_unknown_error_does_not_repeat_its_text(dags):
    from dags.alerts import describe

    message = describe(_context(ValueError("110105194912310021")))
    assert "110105194912310021" not in str(message)
    assert message["cause"] == "ValueError"
    assert message["remedy"]


def test_an_alert_is_posted_to_the_receiver(dags, monkeypatch):
    import json
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from dags.alerts import alert
    from storage.errors import PublicationHeld

    received = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    monkeypatch.setenv("SITONG_ALERT_URL", f"http://127.0.0.1:{server.server_port}/alert")
    alert(_context(PublicationHeld("fewer persons than before", "population", "at least 80 %", "ask police")))
    thread.join(timeout=10)
    server.server_close()
    assert received[0]["cause"] == "PublicationHeld"
    assert received[0]["remedy"] == "ask police"


def test_a_failed_alert_does_not_raise(dags, monkeypatch):
    from dags.alerts import alert

    monkeypatch.setenv("SITONG_ALERT_URL", "http://127.0.0.1:9/nobody")
    assert alert(_context(ValueError("x"))) is None


@pytest.mark.parametrize(
    ("params", "events", "logical", "expected"),
    [
        ({"as_of": "2026-04-01"}, {}, None, "2026-04-01"),
        ({}, {"a": ["2026-03-01", "2026-03-02"]}, None, "2026-03-02"),
        ({}, {}, datetime(2026, 3, 30, 18, 0, tzinfo=UTC), "2026-03-31"),
    ],
)
def test_the_day_of_a_run(dags, params, events, logical, expected):
    from dags.assets import day_of

    triggering = {name: [SimpleNamespace(extra={"as_of": day}) for day in days] for name, days in events.items()}
    context = {"params": params, "triggering_asset_events": triggering, "logical_date": logical}
    assert day_of(context).isoformat() == expected


def test_airflows_menu_leads_to_the_portal_where_its_address_is_known():
    from airflow.plugins_manager import AirflowPlugin  # only now: the fixtures say where Airflow's home is

    (entry,) = entry_points(group="airflow.plugins", name="sitong")
    plugin = entry.load()
    assert issubclass(plugin, AirflowPlugin)
    [link] = sys.modules[plugin.__module__].links("https://portal.example")
    assert (link["href"], link["destination"]) == ("https://portal.example", "nav")
    assert plugin.external_views == []
