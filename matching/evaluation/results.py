"""An evaluation as a whole, and as JSON: every figure in full, derived ones beside what they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from matching.evaluation.agreement import Agreement
from matching.evaluation.calibration import Calibration
from matching.evaluation.estimate import ClericalEstimate
from matching.evaluation.weighed import WeighedEvaluation


@dataclass(frozen=True)
class Evaluation:
    """What is known of a match; null where the truth, the tables or the decisions were not given.

    Attributes:
        records: calibration of the crosswalk's probability that a record belongs to its cluster.
    """

    model: str
    agreement: Agreement | None = None
    records: Calibration | None = None
    weighed: WeighedEvaluation | None = None
    clerical: ClericalEstimate | None = None


def plain(found: object) -> Any:  # noqa: ANN401 - JSON has no closed type
    """Dataclasses, with their properties, as JSON values; a mapping keyed by two names becomes a list."""
    if is_dataclass(found) and not isinstance(found, type):
        properties = [name for name, kind in vars(type(found)).items() if isinstance(kind, property)]
        return {name: plain(getattr(found, name)) for name in [*(f.name for f in fields(found)), *properties]}
    if isinstance(found, Mapping):
        if any(isinstance(key, tuple) for key in found):
            return [{"datasets": list(key), **plain(value)} for key, value in found.items()]
        return {str(key): plain(value) for key, value in found.items()}
    if isinstance(found, (tuple, list)):
        return [plain(one) for one in found]
    return found
