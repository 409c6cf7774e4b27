"""What summary.json says of the monitors."""

from decimal import Decimal

from mismatches.monitors.watching import Watched
from storage.manifest import Json


def monitor_facts(watched: Watched) -> dict[str, Json]:
    """By monitor: why it could not look, or its figures; yuan as decimal text."""
    completed = [one for one in watched.projects if one.completed is not None]
    figures: dict[str, dict[str, Json]] = {
        "key_taxpayer_share": {
            "share": _text(watched.settings.get("key_share")),
            "quarters": [
                {
                    "quarter": one.quarter,
                    "tax": str(one.tax),
                    "unassigned": str(one.unassigned),
                    "payers": one.payers,
                    "carriers": one.carriers,
                    "entries": one.entries,
                    "exits": one.exits,
                    "largest_share": round(one.largest_share, 6),
                }
                for one in watched.quarters
            ],
        },
        "large_projects": {
            "least_investment": _text(watched.settings.get("least_investment")),
            "projects": len(watched.projects),
            "completed": str(sum((one.completed or Decimal(0) for one in completed), Decimal(0))),
            "paid": str(sum((one.paid for one in watched.projects), Decimal(0))),
        },
    }
    return {
        name: {"absent": [{"zh": reason.zh, "en": reason.en} for reason in watched.absent.get(name, ())]}
        | ({} if name in watched.absent else told)
        for name, told in figures.items()
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
