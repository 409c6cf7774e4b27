"""What holds after some judgements: a pure function of the ledger's rows, whatever order they are handed over in.

Judgements are taken from the newest back to the oldest. One that was withdrawn is as if it had never been. One that
contradicts what newer ones say in all is *overruled*: it holds no more, and holds again when those are withdrawn. Links
and not-links contradict each other also through others: a link, b link, and a not-link between the two ends.
Invariant: no link that holds joins, through whatever other links, two records that a not-link holds apart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry.judgements.judgement import Judgement, RecordKey
from registry.policy import Entity


@dataclass(frozen=True)
class Live:
    """What holds. Judgements stand in the order of their numbers.

    Attributes:
        links, not_links: pairs of records.
        suppressed: records that are left out.
        values: (master id, attribute) → the judgement that says the value.
        overruled: numbers of judgements that newer ones contradict.
        withdrawn: number of a judgement → number of the one that took it back.
    """

    links: tuple[Judgement, ...] = ()
    not_links: tuple[Judgement, ...] = ()
    suppressed: Mapping[RecordKey, Judgement] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Judgement] = field(default_factory=dict)
    overruled: frozenset[int] = frozenset()
    withdrawn: Mapping[int, int] = field(default_factory=dict)

    def of(self, entity: Entity) -> "Live":
        """What holds of one base; what does not hold is left out."""
        return Live(
            tuple(one for one in self.links if one.said.entity == entity),
            tuple(one for one in self.not_links if one.said.entity == entity),
            {key: one for key, one in self.suppressed.items() if one.said.entity == entity},
            {key: one for key, one in self.values.items() if one.said.entity == entity},
        )

    def state_of(self, judgement: Judgement) -> str:
        """Whether a judgement is `live`, `overruled` or `withdrawn`; a withdrawal is always `live`."""
        if judgement.number in self.withdrawn:
            return "withdrawn"
        return "overruled" if judgement.number in self.overruled else "live"


def replay(judgements: Iterable[Judgement]) -> Live:
    """What holds after these rows of the ledger."""
    rows = sorted(judgements, key=lambda one: one.number, reverse=True)
    withdrawn = {one.said.withdraws: one.number for one in rows if one.said.withdraws is not None}
    sides = _Sides()
    values: dict[tuple[str, str], Judgement] = {}
    suppressed: dict[RecordKey, Judgement] = {}
    pairs: dict[str, list[Judgement]] = {"link": [], "not_link": []}
    overruled = set()
    for one in rows:
        said = one.said
        if one.number in withdrawn:
            continue
        if said.master_id is not None and said.attribute is not None:
            holds = values.setdefault((said.master_id, said.attribute), one) is one
        elif said.record is not None and said.other is not None:
            holds = sides.take(said.kind == "link", said.record, said.other)
            pairs[said.kind] += [one] * holds
        elif said.record is not None:
            holds = suppressed.setdefault(said.record, one) is one
        else:
            continue
        if not holds:
            overruled.add(one.number)
    return Live(
        tuple(reversed(pairs["link"])), tuple(reversed(pairs["not_link"])), dict(reversed(suppressed.items())),
        dict(reversed(values.items())), frozenset(overruled), withdrawn,
    )  # fmt: skip


class _Sides:
    """Groups of records that links made one, and groups that must stay two."""

    def __init__(self) -> None:
        self._group: dict[RecordKey, RecordKey] = {}
        self._members: dict[RecordKey, list[RecordKey]] = {}
        self._apart: dict[RecordKey, set[RecordKey]] = {}

    def take(self, together: bool, one: RecordKey, other: RecordKey) -> bool:
        """Take a link or a not-link in; false where it contradicts those taken before."""
        ours, theirs = self._of(one), self._of(other)
        if together:
            return ours == theirs or self._join(ours, theirs)
        if ours == theirs:
            return False
        self._apart[ours].add(theirs)
        self._apart[theirs].add(ours)
        return True

    def _of(self, record: RecordKey) -> RecordKey:
        if record not in self._group:
            self._group[record], self._members[record], self._apart[record] = record, [record], set()
        return self._group[record]

    def _join(self, ours: RecordKey, theirs: RecordKey) -> bool:
        if theirs in self._apart[ours]:
            return False
        if len(self._members[ours]) < len(self._members[theirs]):
            ours, theirs = theirs, ours
        for member in self._members[theirs]:
            self._group[member] = ours
        self._members[ours] += self._members.pop(theirs)
        for enemy in self._apart[theirs]:
            self._apart[enemy].discard(theirs)
            self._apart[enemy].add(ours)
        self._apart[ours] |= self._apart.pop(theirs)
        return True
