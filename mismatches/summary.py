"""What a cross-check says about itself: which rules ran, on what, with how many of each outcome."""

from collections.abc import Sequence

from mismatches.engine import RuleRun
from mismatches.freshness import InputFact
from mismatches.monitors.facts import monitor_facts
from mismatches.monitors.watching import Watched
from mismatches.request import CrossCheckRequest
from schemas.bilingual import Bilingual
from storage.manifest import Json


def summary_facts(
    request: CrossCheckRequest, runs: Sequence[RuleRun], inputs: Sequence[InputFact], watched: Watched | None = None
) -> dict[str, Json]:
    """The content of summary.json. Estimates are decimal text in yuan, null where a rule has no formula."""
    return {
        "as_of": request.as_of.isoformat(),
        "city": request.settings.city,
        "made_at": request.made_at.isoformat(),
        "totals": {
            outcome: sum(run.counts.get(outcome, 0) for run in runs) for outcome in ("hit", "clear", "not_comparable")
        },
        "rules": {run.rule.id: _rule_facts(run) for run in runs},
        "inputs": {item.name: _input_facts(item) for item in inputs},
        **({"monitors": monitor_facts(watched)} if watched else {}),
    }


def _rule_facts(run: RuleRun) -> dict[str, Json]:
    estimate = run.estimate
    return {
        "version": run.rule.version,
        "title": _both(run.rule.title),
        "ran": run.ran,
        "suspended": run.suspended,
        "shadow": run.rule.shadow,
        "absent": [_both(reason) for reason in run.absent],
        "year": run.year,
        "parameters": {name: str(value) for name, value in run.parameters.items()},
        "counts": {str(outcome): count for outcome, count in run.counts.items()},
        "not_comparable_reasons": dict(run.not_comparable),
        "hits_by_severity": dict(run.severities),
        "estimate": {"low": str(estimate.low), "likely": str(estimate.likely), "high": str(estimate.high)}
        if estimate
        else None,
    }


def _input_facts(item: InputFact) -> dict[str, Json]:
    return {
        "present": item.present,
        "version": item.version,
        "rows": item.rows,
        "received_at": item.received_at.isoformat() if item.received_at else None,
        "latest": item.latest.isoformat() if item.latest else None,
        "days_old": item.days,
        "promised_days": item.promised_days,
    }


def _both(text: Bilingual) -> dict[str, Json]:
    return {"zh": text.zh, "en": text.en}
