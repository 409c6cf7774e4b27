"""What holds of one base, for a match: links, not-links and suppressed records.

Values are none of it: publication reads them from the ledger.
"""

from pathlib import Path

from matching.judgements import Judgements, Key, write
from registry.judgements.judgement import Judgement, RecordKey
from registry.judgements.replay import Live
from storage.errors import Internal


def for_matching(live: Live) -> Judgements:
    """What holds, of one base (`Live.of`)."""
    return Judgements(
        frozenset(map(_pair, live.links)), frozenset(map(_pair, live.not_links)), frozenset(map(_key, live.suppressed))
    )


def write_judgements(live: Live, path: Path) -> int:
    """Write `for_matching` as `sitong match --judgements` reads it; how many judgements."""
    judgements = for_matching(live)
    write(judgements, path)
    return len(judgements.links) + len(judgements.not_links) + len(judgements.suppressed)


def _pair(one: Judgement) -> tuple[Key, Key]:
    if one.said.record is None or one.said.other is None:
        raise Internal("a judged pair lacks a record", f"judgement {one.number}")
    first, second = sorted((_key(one.said.record), _key(one.said.other)))
    return (first, second)


def _key(record: RecordKey) -> Key:
    return (record.table, record.record_id)
