"""The way of the demo in small: a real Airflow on an embedded PostgreSQL, from drops to deliveries."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from simulation.city import simulate
from simulation.writing import DEMO
from sitong.demo.chain import CHAIN, ChainFailedError, run_chain
from sitong.demo.local_airflow import LocalAirflow
from sitong.demo.outcome import outcome
from sitong.settings import Settings
from storage.manifest import read_manifest
from storage.server import EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
AS_OF = "2026-04-01"


class Alerts:
    """Receives what the failure callback posts."""

    def __init__(self):
        received = self.received = []

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def alerts():
    alerts = Alerts()
    yield alerts
    alerts.server.shutdown()
    alerts.server.server_close()


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    root = tmp_path_factory.mktemp("airflow-home")
    (root / "airflow.cfg").write_text((ROOT / "airflow.cfg").read_text())
    (root / "dags").symlink_to(ROOT / "dags")
    settings = Settings(home=root / "var" / "demo", drops=root / "drops")
    simulate(400, 7, settings.drops, formats=DEMO)
    return root, settings


@pytest.fixture(scope="module")
def airflow(city, alerts):
    root, settings = city
    with EmbeddedServer(settings.zones.create().postgres) as server:
        server.ensure_database("airflow")
        variables = {
            "SITONG_HOME": str(settings.home),
            "SITONG_DROPS": str(settings.drops),
            "SITONG_PULL_SCHEDULE": "off",
            "SITONG_ALERT_URL": alerts.url,
        }
        local = LocalAirflow(root, server.url("owner", database="airflow"), variables)
        local.start()
        try:
            yield local
        finally:
            local.stop()


@pytest.fixture(scope="module")
def first_run(airflow):
    seen = []
    run_chain(airflow, as_of=AS_OF, progress=lambda states: seen.append(dict(states)))
    return seen


def test_the_chain_of_dags_ends_in_published_bases_a_report_and_deliveries(first_run, city):
    _, settings = city
    zones = settings.zones
    assert set(first_run[-1]) == set(CHAIN)
    assert set(first_run[-1].values()) == {"success"}
    from datetime import date

    found = outcome(zones, settings.drops / "truth", zones.reports(date.fromisoformat(AS_OF)))
    assert all(one.received == one.accepted + one.quarantined for one in found.intake.values())
    assert len(found.intake) == 15
    assert found.published["person"] > 350
    assert found.agreement["person"].precision > 0.98
    assert found.agreement["person"].recall > 0.95
    assert found.agreement["enterprise"].precision > 0.95
    assert list((zones.home / "deliveries").glob("*/*/manifest.json"))
    assert (zones.home / "quality" / "index.html").is_file()


def test_a_second_run_publishes_nothing_new(first_run, airflow, city):
    _, settings = city
    before = read_manifest(settings.zones.current("person"))
    run_chain(airflow, as_of=AS_OF, progress=lambda _: None)
    assert read_manifest(settings.zones.current("person")) == before


def test_a_truncated_file_stops_the_chain_and_tells_who_what_and_how(first_run, airflow, city, alerts):
    _, settings = city
    before = read_manifest(settings.zones.current("person"))
    whole = next(settings.drops.glob("police.resident.*.parquet"))
    broken = settings.drops / "police.resident.20260401.parquet"
    broken.write_bytes(whole.read_bytes()[:-4000])
    with pytest.raises(ChainFailedError) as failure:
        run_chain(airflow, as_of="2026-04-02", progress=lambda _: None)
    assert [(task.dag, task.task) for task in failure.value.tasks] == [("pull", "dataset.take_in")]
    assert read_manifest(settings.zones.current("person")) == before
    assert len(alerts.received) == 1
    alert = alerts.received[0]
    assert alert["dataset"] == "police.resident"
    assert alert["cause"] == "SourceRejected"
    assert "police.resident.20260401.parquet" in alert["what"] + alert["where"]
    assert alert["remedy"]
