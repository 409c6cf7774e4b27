"""An Airflow of its own for the DAG tests: a fresh home, the repository's airflow.cfg, a SQLite file."""

import os
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Before the first import of airflow, which reads these once.
_HOME = Path(tempfile.mkdtemp(prefix="sitong-airflow-"))
os.environ.update(
    {
        "AIRFLOW_HOME": str(_HOME),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__API_AUTH__JWT_SECRET": "only for the tests of this process",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_HOME}/airflow.db",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }
)

import pytest  # noqa: E402


@pytest.fixture(scope="session")
def airflow_database():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.utils.db import initdb

        initdb()
    return _HOME


@pytest.fixture(scope="session")
def dags(airflow_database):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags
