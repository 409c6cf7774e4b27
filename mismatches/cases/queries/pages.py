"""One finding in full: what it rests on, with the values of then, how it changed, and what was done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, select

from mismatches.cases.access import Actor, readable
from mismatches.cases.actions import unknown
from mismatches.cases.queries.listing import COLUMNS, FindingRow
from mismatches.cases.queries.looks import log_look
from mismatches.cases.replay import Event
from mismatches.names import fold_names
from mismatches.store.tables import case_event, finding, observation, rule_state, run
from mismatches.wording import masked
from schemas.contract import Contract, PersonalData, source_contract

_OBSERVED = ("run", "as_of", "change", "rule_version", "outcome", "reason", "severity", "estimate_likely", "master_id")


@dataclass(frozen=True)
class EvidenceRecord:
    """A cited record as it was when the finding was made.

    `values`: column → text, null where the record has none; identifiers and telephones of persons are masked unless
    revealed.
    `master_id`, `match_probability`: whom the registry holds it to be, and how sure. `version`, `received_at`: of the
    accepted data that it was read from. `differs`: columns in which records of the same master say different things,
    judged before anything is masked.
    """

    source: str
    dataset: str
    record_id: str
    role: str
    master_id: str | None
    match_probability: float | None
    values: Mapping[str, str | None]
    version: str | None
    received_at: datetime | None
    differs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class IdentityLink:
    """The weakest link that joins cited records of one master, as the match of then weighed it.

    `left`, `right`: dataset (`department.dataset`) and record id. `how`: linked (by its own weight), judged (by a
    steward), collapsed (identical evidence made the two one before pairs were weighed). `joins`: false where only one
    record of the master is cited and the link leads to another of its records. `fields`: field, level reached (null
    where it says nothing), bits. `link_bits`: total from which pairs are linked.
    """

    left: tuple[str, str]
    right: tuple[str, str]
    how: str
    joins: bool
    prior_bits: float
    fields: tuple[tuple[str, str | None, float], ...]
    total_bits: float
    match_probability: float
    link_bits: float


@dataclass(frozen=True)
class Observation:
    """What a run saw of the finding when something had changed; all but the change is null where it was gone."""

    run: int
    as_of: date
    change: str
    rule_version: str | None
    outcome: str | None
    reason: str | None
    severity: str | None
    estimate_likely: Decimal | None
    master_id: str | None


@dataclass(frozen=True)
class FindingPage:
    """A finding in full.

    `observed_on`: the day of the values and figures shown; `last_seen`: the last day on which it was found. `year`,
    `parameters`: what the rule was run with. `events`: the case's history, oldest first. `made_by`: DAG and run of the
    scheduler that found it so, as `dag/run`; null from the command line. `link`: null where it rests on none, or was
    found before links were kept.
    """

    row: FindingRow
    evidence: tuple[EvidenceRecord, ...]
    observed_on: date
    last_seen: date
    year: int | None
    parameters: Mapping[str, Decimal]
    observations: tuple[Observation, ...]
    events: tuple[Event, ...]
    revealed: bool
    made_by: str | None
    link: IdentityLink | None = None


def finding_page(
    connection: Connection, actor: Actor, finding_id: str, *, at: datetime, reveal: bool = False
) -> FindingPage:
    """One finding; with `reveal` the identifiers are shown whole and the look is written down.

    Raises:
        NotAllowed: the role may not read, or not reveal.
        UnknownFinding: there is none of that id for the actor.
    """
    row = connection.execute(
        select(*COLUMNS, finding.c.last_seen, rule_state.c.as_of.label("rule_as_of"))
        .join(rule_state, rule_state.c.rule == finding.c.rule)
        .where(and_(readable(actor), finding.c.finding_id == finding_id))
    ).mappings()
    found = row.one_or_none()
    if found is None:
        raise unknown(finding_id)
    if reveal:
        log_look(connection, actor, finding_id, "identifiers revealed", at=at)
    latest = _latest(connection, finding_id)
    facts = latest["rules"].get(found["rule"], {})
    shown = FindingRow(**{name: found[name] for name in FindingRow.__annotations__})
    return FindingPage(
        row=shown,
        evidence=evidence_records(latest["evidence"], latest["inputs"], hide=not reveal),
        observed_on=latest["as_of"],
        last_seen=found["last_seen"] or found["rule_as_of"],
        year=facts.get("year"),
        parameters={name: Decimal(value) for name, value in facts.get("parameters", {}).items()},
        observations=_observations(connection, finding_id),
        events=history(connection, actor, finding_id),
        revealed=reveal,
        made_by=latest["made_by"],
        link=_link(latest["link"]),
    )


def history(connection: Connection, actor: Actor, finding_id: str) -> tuple[Event, ...]:
    """What was done about a finding, oldest first.

    Raises:
        NotAllowed: the role reads no findings.
    """
    rows = connection.execute(
        select(case_event)
        .join(finding, finding.c.finding_id == case_event.c.finding_id)
        .where(and_(readable(actor), case_event.c.finding_id == finding_id))
        .order_by(case_event.c.sequence)
    ).mappings()
    return tuple(Event(**row) for row in rows)


def _latest(connection: Connection, finding_id: str) -> Mapping[str, Any]:
    return dict(
        connection.execute(
            select(
                observation.c.evidence,
                observation.c.link,
                observation.c.as_of,
                run.c.rules,
                run.c.inputs,
                run.c.made_by,
            )
            .join(run, run.c.run == observation.c.run)
            .where(observation.c.finding_id == finding_id, observation.c.evidence.is_not(None))
            .order_by(observation.c.run.desc())
            .limit(1)
        )
        .mappings()
        .one()
    )


def _link(kept: Mapping[str, Any] | None) -> IdentityLink | None:
    if kept is None:
        return None
    left, right = ((kept[side]["dataset"], kept[side]["record_id"]) for side in ("left", "right"))
    fields = tuple((one["field"], one["level"], one["bits"]) for one in kept["fields"])
    rest = {name: kept[name] for name in ("how", "joins", "prior_bits", "total_bits", "match_probability", "link_bits")}
    return IdentityLink(left, right, fields=fields, **rest)


def _observations(connection: Connection, finding_id: str) -> tuple[Observation, ...]:
    rows = connection.execute(
        select(*(observation.c[name] for name in _OBSERVED))
        .where(observation.c.finding_id == finding_id)
        .order_by(observation.c.run)
    ).mappings()
    return tuple(Observation(**row) for row in rows)


def evidence_records(
    cited: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any], *, hide: bool
) -> tuple[EvidenceRecord, ...]:
    """Cited records with their differences, which are judged before anything is masked.

    Args:
        cited: source, dataset, record_id, role, master_id, match_probability and values of each.
        inputs: dataset → version and moment of the accepted data.
        hide: mask identifiers of persons.
    """
    differing = _differing(cited)
    return tuple(
        replace(
            _record(one, inputs, hide=hide),
            differs=frozenset(name for name in one.get("values", {}) if (one.get("master_id"), name) in differing),
        )
        for one in cited
    )


def _differing(cited: Sequence[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Master and column where the records of the master do not all say the same; null says nothing."""
    said: dict[tuple[str, str], set[str]] = {}
    for one in cited:
        for name, text in one.get("values", {}).items():
            if text and one.get("master_id"):
                said.setdefault((one["master_id"], name), set()).update(fold_names([text]))
    return frozenset(key for key, texts in said.items() if len(texts) > 1)


def _record(cited: Mapping[str, Any], inputs: Mapping[str, Any], *, hide: bool) -> EvidenceRecord:
    dataset = f"{cited['source']}.{cited['dataset']}"
    contract, kept = source_contract(dataset), cited.get("values", {})
    came = inputs.get(dataset, {})
    moment = came.get("received_at")
    return EvidenceRecord(
        source=cited["source"],
        dataset=cited["dataset"],
        record_id=cited["record_id"],
        role=cited["role"],
        master_id=cited.get("master_id"),
        match_probability=cited.get("match_probability"),
        values={
            name: masked(text) if hide and text and _secret(contract, name) else text for name, text in kept.items()
        },
        version=came.get("version"),
        received_at=datetime.fromisoformat(moment) if moment else None,
    )


_CALLED = frozenset({"mobile"})
"""Columns of numbers at which a person is called."""


def _secret(contract: Contract, name: str) -> bool:
    column = contract.column(name.removesuffix("_raw"))
    numbered = column.identifier is not None or column.name in _CALLED
    return numbered and column.personal is not PersonalData.NONE
