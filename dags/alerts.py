"""The failure callback: says which dataset, what happened and what to do, to the log and to `SITONG_ALERT_URL`.

The text comes from the error's own fields, which hold no personal value (errors redact them).
"""

import json
import logging
import urllib.error
import urllib.request
from typing import Any

from airflow.sdk import Context

from sitong.settings import load_settings

log = logging.getLogger(__name__)

ALERT_SECONDS = 10  # a slow receiver must not hold the worker


def alert(context: Context) -> None:
    """Tell that a task has failed for good. Never raises: the failure itself is already recorded."""
    message = describe(context)
    log.error("task failed: %s", json.dumps(message, ensure_ascii=False))
    url = load_settings().alert_url
    if url:
        _post(url, message)


def describe(context: Context) -> dict[str, Any]:
    """dag, task, run, try, dataset, cause (error family), what, where, expected and remedy, all text."""
    instance = context["ti"]
    error = context.get("exception")
    fields = {
        name: str(getattr(error, name)) for name in ("what", "where", "expected", "remedy") if hasattr(error, name)
    }
    if "remedy" not in fields:
        fields["remedy"] = "read the task's log, correct the cause, then clear the task; running it again is safe"
    if "what" not in fields:
        fields["what"] = "an error that Sitong does not know; its text is in the task's log only"
    return {
        "dag": instance.dag_id,
        "task": instance.task_id,
        "run": instance.run_id,
        "try": instance.try_number,
        "dataset": _dataset(context) or "all",
        "cause": type(error).__name__ if error else "unknown",
        **fields,
    }


def _dataset(context: Context) -> str | None:
    for kind in ("dataset", "recipient"):
        if name := context.get(kind):
            return str(name)
    return None


def _post(url: str, message: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked on the next line
        url, json.dumps(message, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
    )
    if request.type not in {"http", "https"}:
        log.error("alert not sent: SITONG_ALERT_URL must be http or https")
        return
    try:
        with urllib.request.urlopen(request, timeout=ALERT_SECONDS):  # noqa: S310 - checked above
            return
    except (urllib.error.URLError, TimeoutError) as error:
        log.error("alert not sent: %s", type(error).__name__)  # noqa: TRY400 - the stack says nothing more
