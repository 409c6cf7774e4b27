"""What every DAG has: owner, retries, time-outs, the retry policy and the failure callback."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule

from dags.alerts import alert

START = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))

# A refused file, a broken contract, a held publication or a fault of ours is the same a minute later: tell somebody.
# A worker that was killed raises nothing and is tried again.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=["storage.errors.SourceUnavailable", "storage.errors.Busy"],
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=10),
            reason="what is missing now may be there soon",
        ),
        RetryRule(
            exception=[OSError, "sqlalchemy.exc.OperationalError"],
            action=RetryAction.RETRY,
            reason="the disk, the network or the database may recover",
        ),
        RetryRule(exception=Exception, action=RetryAction.FAIL, reason="the same input fails again; it needs a person"),
    ]
)

AS_OF = Param(
    None,
    type=["null", "string"],
    format="date",
    title="数据日期 As-of day",
    description="The day on which clocks are judged; empty: the day of the run in Asia/Shanghai.",
)


def default_args(*, hours: float) -> dict[str, Any]:
    """Arguments of every task; `hours` is the time-out of one try."""
    return {
        "owner": "data-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(hours=hours),
        "on_failure_callback": alert,
    }


def dag_settings(*, hours: float, documentation: str | None, tags: set[str]) -> dict[str, Any]:
    """Settings of every DAG; `hours` is the time-out of one try of a task."""
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "dagrun_timeout": timedelta(hours=hours * 4),
        "default_args": default_args(hours=hours),
        "doc_md": documentation,
        "tags": {"sitong", *tags},
        "params": {"as_of": AS_OF},
    }
