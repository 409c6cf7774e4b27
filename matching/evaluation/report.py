"""The evaluation of a match as files: evaluation.json and one offline page in both languages, for their owner only."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matching.evaluation import charts
from matching.evaluation.estimate import StratumDecisions
from matching.evaluation.results import Evaluation, plain
from matching.explaining.page import rendered
from schemas.bilingual import Bilingual

RESULT, PAGE = "evaluation.json", "evaluation.html"

_ORIGINS: Final = {
    "collapsed": Bilingual("证据完全相同，比对前归一", "made one before pairs: identical evidence"),
    "candidate": Bilingual("候选对", "candidate pair"),
    "by_way_of_others": Bilingual("经由其他记录同组", "in one cluster by way of others"),
}


def write(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write both files into a folder, which is made if missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    texts = {RESULT: json.dumps(plain(evaluation), ensure_ascii=False, indent=1) + "\n", PAGE: page(evaluation)}
    for name, text in texts.items():
        path = folder / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def page(evaluation: Evaluation) -> str:
    """The page of an evaluation; it holds counts and no personal data."""
    weighed, agreement = evaluation.weighed, evaluation.agreement
    drawn = weighed is not None and weighed.pairs > 0
    return rendered(
        "evaluation/evaluation.html.j2",
        evaluation=evaluation,
        errors=sorted(agreement.by_error.items(), key=lambda one: -one[1].missed) if agreement else [],
        kinds=charts.kinds_chart(agreement.by_error) if agreement else None,
        threshold=charts.threshold_chart(weighed.thresholds) if weighed and drawn else None,
        wrong_and_missed=charts.error_chart(weighed.thresholds) if weighed and drawn else None,
        reliability=charts.reliability_chart(weighed.calibration, "pairs") if weighed and drawn else None,
        blocking=charts.blocking_chart(weighed.blocking) if weighed and drawn else None,
        strata=_strata(evaluation.clerical.strata) if evaluation.clerical else [],
    )


def _strata(found: Sequence[StratumDecisions]) -> list[tuple[Bilingual, StratumDecisions]]:
    return [(_ORIGINS[one.stratum.origin], one) for one in found]
