"""A model trained anew on the records of a finished match and what changed since, and what that does to links.

Owns the comparison of the two: the changes are first applied with the model as it is, then all records are matched with
parameters trained on them, and every link on which the two differ is written down. It refuses what `advance` refuses.
Values that were placeholders to the old model stay out of the training of the new one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from matching import outputs
from matching.incremental import link_changes, state
from matching.incremental.advance import advance
from matching.incremental.run import ChangeOptions, Sent, trained_of
from matching.records import read
from matching.run import MatchOptions, MatchSummary, match_standardised
from matching.stages import Stopwatch


@dataclass(frozen=True)
class Retrained:
    """What training anew did: the summary of the match, and how many parts of clusters it joins and parts."""

    summary: MatchSummary
    joined: int
    parted: int


def match_retrained(
    previous: Path, sent: Mapping[str, Sent], out: Path, *, how: ChangeOptions | None = None
) -> Retrained:
    """Match all records of a finished match and of some changes with a model trained on them.

    Args:
        previous: the folder of the match before; it stays as it is.
        sent: by dataset.
        out: folder for what a match writes, and for link_changes.parquet (see `link_changes.write`).
        how: as for `matching.incremental.run.match_changes`.

    Raises:
        BadSpecification: as `matching.incremental.run.match_changes`.
    """
    how = how or ChangeOptions()
    outputs.prepare(out)
    watch = Stopwatch()
    with watch.stage("apply changes with the model as it is") as stage:
        trained = trained_of(previous)
        before = state.load(previous / state.FOLDER)
        records = read({name: one.rows for name, one in sent.items()}, trained.model)
        withdrawn = {name: one.withdrawn for name, one in sent.items()}
        judgements = before.judgements if how.judgements is None else how.judgements
        after = advance(before, records, withdrawn, trained, judgements)
        stage.rows = len(records)
    options = MatchOptions(how.only, judgements=judgements)
    summary = match_standardised(trained.model, after.state.records, out, watch, options)
    anew = state.load(out / state.FOLDER)
    found = link_changes.link_changes(after.state.root[after.state.nodes.of_record], anew.root[anew.nodes.of_record])
    link_changes.write(out / link_changes.FILE, after.state.records, found)
    joined = int(found.joined.sum())
    retrained = Retrained(summary, joined, len(found) - joined)
    told = asdict(summary) | {"links_joined": retrained.joined, "links_parted": retrained.parted}
    outputs.write_json(out / "summary.json", json.loads(json.dumps(told)))
    return retrained
