"""Trained parameters: m and u of every level, how common values are, and the prior.

Owns their readable form in model.json. Invariant: weights never fall from a level to a better one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.model import ComparisonSpec, MatchModel, as_json, what_is_wrong
from storage.errors import BadSpecification

LEAST_POPULATION: Final = 1000.0
"""Persons over whom shared values are spread at least: a handful of records is a sample of more people."""

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Round:
    """One round of EM: the largest change of an m, and the expected number of matches."""

    change: float
    matches: float


@dataclass(frozen=True)
class Parameters:
    """What training found.

    Attributes:
        m, u: field → probability by level.
        prior: probability that two random records are one's.
        persons: estimated number of persons (or enterprises) behind the records.
        evidence: field → expected matches that its m rests on.
        notes: where declared values stand for want of evidence.
        rounds: the course of EM, empty where parameters were given.
        bounds: blocking rule → nodes of a block up to which training paired it in full; empty before.
    """

    m: Mapping[str, Probabilities]
    u: Mapping[str, Probabilities]
    prior: float
    persons: float
    evidence: Mapping[str, float]
    notes: tuple[str, ...]
    rounds: tuple[Round, ...]
    bounds: Mapping[str, int] = field(default_factory=dict)

    def prior_bits(self) -> float:
        """The prior as log odds in bits."""
        return float(np.log2(self.prior / (1 - self.prior)))


def declared(model: MatchModel, records: int) -> Parameters:
    """The parameters a model declares, before any data."""
    persons = float(max(records, 2))
    m = {spec.field: _share(np.array([level.m for level in spec.levels])) for spec in model.comparisons}
    u = {spec.field: declared_u(spec, persons) for spec in model.comparisons}
    return Parameters(m, u, 1 / persons, persons, dict.fromkeys(m, 0.0), (), ())


def declared_u(spec: ComparisonSpec, persons: float) -> Probabilities:
    """P(level | non-match) as declared: `shared` counts are spread over the persons there are."""
    spread = max(persons, LEAST_POPULATION)
    u = np.array([level.u if level.u is not None else (level.shared or 0.0) / spread for level in spec.levels])
    return _share(np.minimum(u, 0.5 * np.where(u == u.max(), 2, 1)))


def _share(values: Probabilities) -> Probabilities:
    return np.asarray(values / values.sum(), np.float64)


def write(path: Path, model: MatchModel, parameters: Parameters) -> None:
    """Write declaration and parameters as JSON, weights in bits beside them."""
    fields = {
        spec.field: {
            "evidence": round(parameters.evidence[spec.field], 1),
            "levels": [
                {"level": level.level, "m": m, "u": u, "weight": round(float(np.log2(m / u)), 3)}
                for level, m, u in zip(
                    spec.levels,
                    map(float, parameters.m[spec.field]),
                    map(float, parameters.u[spec.field]),
                    strict=True,
                )
            ],
        }
        for spec in model.comparisons
    }
    content = {
        "declaration": as_json(model),
        "trained": {
            "prior": parameters.prior,
            "persons": parameters.persons,
            "fields": fields,
            "notes": list(parameters.notes),
            "rounds": [vars(one) for one in parameters.rounds],
            "bounds": dict(parameters.bounds),
        },
    }
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> tuple[MatchModel, Parameters]:
    """Read what `write` wrote.

    Raises:
        BadSpecification: the file is not such a model.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        model = MatchModel.model_validate(content["declaration"])
        trained = content["trained"]
        fields = trained["fields"]
        m = {f: np.array([level["m"] for level in fields[f]["levels"]], float) for f in fields}
        u = {f: np.array([level["u"] for level in fields[f]["levels"]], float) for f in fields}
        evidence = {f: float(fields[f]["evidence"]) for f in fields}
        rounds = tuple(Round(**one) for one in trained["rounds"])
        bounds = {rule: int(largest) for rule, largest in trained["bounds"].items()}
        return model, Parameters(
            m, u, float(trained["prior"]), float(trained["persons"]), evidence, tuple(trained["notes"]), rounds, bounds
        )
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSpecification(
            f"the trained model cannot be used: {what_is_wrong(error)}",
            path.name,
            "a model.json of an earlier match",
            "train it anew or name another file",
        ) from error
