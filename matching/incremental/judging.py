"""Judgements that change between a match and the next: the records that they speak of are taken as changed.

Invariant: a record of a pair that is judged otherwise than before gets a node of its own day, so that its component and
that of its node before are decided again.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from matching.incremental.changes import Changed, Withdrawn
from matching.incremental.state import MatchState
from matching.judgements import Judgements, applied, marked, rows_of
from matching.records import Records
from storage.errors import BadSpecification


def without_suppressed(
    before: MatchState, sent: Records, withdrawn: Mapping[str, Withdrawn], judgements: Judgements
) -> tuple[Records, Mapping[str, Withdrawn]]:
    """What was sent without the records that are left out, and these as withdrawn where they were there before.

    Raises:
        BadSpecification: a record that is left out no more is neither sent nor withdrawn.
    """
    _refuse_missing(before, sent, withdrawn, judgements)
    sent = replace(applied(sent, judgements), alone=None)
    gone: dict[str, list[str]] = {}
    for name, record_id in sorted(judgements.suppressed - before.judgements.suppressed):
        gone.setdefault(name, []).append(record_id)
    out = dict(withdrawn)
    for name, ids in gone.items():
        known = out.get(name, Withdrawn(pa.array([], pa.string())))
        both = pa.concat_arrays([known.record_ids.cast(pa.string()), pa.array(ids, pa.string())])
        out[name] = replace(known, record_ids=both)
    return sent, out


def judged_anew(changed: Changed, before: Judgements, now: Judgements) -> Changed:
    """The changes, with the records of pairs that are judged otherwise than before among them."""
    records = marked(changed.records, now)
    rows = np.array(list(rows_of(records, now.changed(before)).values()), np.int64)
    if not len(rows):
        return replace(changed, records=records)
    came_from, stayed = changed.came_from.copy(), changed.stayed.copy()
    old = came_from[rows]
    stayed[old[old >= 0]] = False
    came_from[rows] = -1
    return replace(changed, records=records, came_from=came_from, stayed=stayed)


def _refuse_missing(
    before: MatchState, sent: Records, withdrawn: Mapping[str, Withdrawn], judgements: Judgements
) -> None:
    back = before.judgements.suppressed - judgements.suppressed
    known = rows_of(sent, back).keys()
    gone = {name: frozenset(one.record_ids.to_pylist()) for name, one in withdrawn.items() if back}
    snapshots = {name for name, one in withdrawn.items() if one.others}
    missing = [
        (name, one) for name, one in back - known if name not in snapshots and one not in gone.get(name, frozenset())
    ]
    if missing:
        raise BadSpecification(
            f"{len(missing)} records that are left out no more are not among the changes",
            ", ".join(sorted({name for name, _ in missing})),
            "these records sent again",
            "add them to the drop, or match all records anew, without --since",
        )
