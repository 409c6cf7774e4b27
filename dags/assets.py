"""The assets that chain the DAGs. An event carries the day (`as_of`) and the versions it stands for, never rows."""

from datetime import date
from typing import Any

from airflow.sdk import Asset, Context

from sitong.settings import today

ACCEPTED = Asset(name="accepted", uri="sitong://accepted", group="sitong")
PERSON_MATCH = Asset(name="person_match", uri="sitong://matching/person", group="sitong")
ENTERPRISE_MATCH = Asset(name="enterprise_match", uri="sitong://matching/enterprise", group="sitong")
BASE_DATABASES = Asset(name="base_databases", uri="sitong://published", group="sitong")
FINDINGS = Asset(name="findings", uri="sitong://reports", group="sitong")
DELIVERIES = Asset(name="deliveries", uri="sitong://deliveries", group="sitong")


def day_of(context: Context) -> date:
    """The day on which the run judges clocks.

    In this order: the parameter `as_of`, the day that the triggering events carry (the latest of several), the
    logical date of a scheduled or backfilled run, today in Asia/Shanghai.
    """
    if given := context["params"].get("as_of"):
        return date.fromisoformat(given)
    carried = [
        event.extra["as_of"]
        for events in (context.get("triggering_asset_events") or {}).values()
        for event in events
        if "as_of" in (event.extra or {})
    ]
    if carried:
        return date.fromisoformat(max(carried))
    logical = context.get("logical_date")
    return today(logical) if logical else today()


def carried(context: Context, asset: Asset) -> str | None:
    """The version in the latest triggering event of an asset; None for a run that a person triggered."""
    for key, events in (context.get("triggering_asset_events") or {}).items():
        if key.name == asset.name and events:
            version = (events[-1].extra or {}).get("version")
            return str(version) if version else None
    return None


def announce(context: Context, asset: Asset, as_of: date, **facts: Any) -> None:
    """Attach the day and facts (versions, counts) to the event that the task emits for `asset`."""
    context["outlet_events"][asset].extra = {"as_of": as_of.isoformat(), **facts}
