"""Replay of the ledger, against a slow oracle and under other orders."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.judgements import acts
from registry.judgements.judgement import (
    Author,
    Judgement,
    RecordKey,
    Statement,
    link,
    not_link,
    override,
    suppress,
    withdraw,
)
from registry.judgements.replay import replay
from registry.master_ids import master_ids
from storage.errors import BadSpecification

RECORDS = [RecordKey("police", "resident", f"R{number}") for number in range(6)]
MASTERS = master_ids("person", np.arange(3), b"key").to_pylist()
AT = datetime(2026, 3, 1, tzinfo=UTC)
AUTHOR = Author("wang", "because")


def numbered(statements):
    return [Judgement(number, AT, AUTHOR, said) for number, said in enumerate(statements, 1)]


pair = st.lists(st.sampled_from(RECORDS), min_size=2, max_size=2, unique=True)
said = st.one_of(
    pair.map(lambda two: link(*two)),
    pair.map(lambda two: not_link(*two)),
    st.sampled_from(RECORDS).map(suppress),
    st.builds(override, st.sampled_from(MASTERS), st.just("name"), st.sampled_from(["甲", "乙"])),
)


@st.composite
def ledgers(draw):
    rows: list[Judgement] = []
    for number in range(1, draw(st.integers(0, 14)) + 1):
        back = {one.said.withdraws for one in rows}
        free = [one for one in rows if one.said.kind != "withdraw" and one.number not in back]
        if free and draw(st.booleans()):
            rows.append(Judgement(number, AT, AUTHOR, withdraw(draw(st.sampled_from(free)))))
        else:
            rows.append(Judgement(number, AT, AUTHOR, draw(said)))
    return rows


def connected(links, one, other):
    reached, edge = {one}, [one]
    while edge:
        here = edge.pop()
        for two in ({a, b} for a, b in links):
            if here in two and not two <= reached:
                edge += two - reached
                reached |= two
    return other in reached


def consistent(rows):
    links = [(one.said.record, one.said.other) for one in rows if one.said.kind == "link"]
    return not any(connected(links, one.said.record, one.said.other) for one in rows if one.said.kind == "not_link")


def slow(rows):
    """Numbers of the judgements that hold, by the words of the documentation."""
    taken_back = {one.said.withdraws for one in rows}
    kept = []
    for one in reversed([row for row in rows if row.number not in taken_back and row.said.kind != "withdraw"]):
        key = (one.said.record, one.said.master_id, one.said.attribute)
        if one.said.other is None and any(
            other.said.other is None and (other.said.record, other.said.master_id, other.said.attribute) == key
            for other in kept
        ):
            continue
        if one.said.other is None or consistent([*kept, one]):
            kept.append(one)
    return {one.number for one in kept}


def holding(live):
    every = (*live.links, *live.not_links, *live.suppressed.values(), *live.values.values())
    return {one.number for one in every}


@given(ledgers())
def test_what_holds_is_what_the_slow_reading_finds_after_every_prefix(rows):
    for stop in range(len(rows) + 1):
        live = replay(rows[:stop])
        assert holding(live) == slow(rows[:stop])
        states = {live.state_of(one) for one in rows[:stop] if one.number in holding(live)}
        assert states <= {"live"}


@given(ledgers(), st.randoms())
def test_the_order_in_which_rows_are_handed_over_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert replay(shuffled) == replay(rows)


@given(st.lists(said, max_size=8), st.randoms())
def test_judgements_that_do_not_conflict_hold_in_any_order(statements, random):
    distinct = list(dict.fromkeys(statements))
    if replay(numbered(distinct)).overruled:
        return
    other = replay(numbered(random.sample(distinct, len(distinct))))
    one = replay(numbered(distinct))
    assert not other.overruled
    assert {item.said for item in (*one.links, *one.not_links)} == {
        item.said for item in (*other.links, *other.not_links)
    }
    assert one.suppressed.keys() == other.suppressed.keys()
    assert {key: item.said.value for key, item in one.values.items()} == {
        key: item.said.value for key, item in other.values.items()
    }


@given(ledgers(), said)
def test_withdrawing_the_last_judgement_restores_what_held(rows, statement):
    last = Judgement(len(rows) + 1, AT, AUTHOR, statement)
    back = Judgement(len(rows) + 2, AT, AUTHOR, withdraw(last))
    assert holding(replay([*rows, last, back])) == holding(replay(rows))


def test_a_split_overrules_a_merge_and_an_unmerge_names_its_links():
    one, other = RECORDS[:2], RECORDS[2:4]
    merged = acts.merge(one, other)
    rows = numbered([*merged, *acts.split(other, one)])
    live = replay(rows)
    links = [(item.said.record, item.said.other) for item in live.links]
    assert all(not connected(links, a, b) for a in one for b in other)
    assert connected(links, *other)
    assert connected(links, *one)
    assert acts.unmerge(replay(rows[: len(merged)]), [*one, *other]) == [1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: link(RECORDS[0], RECORDS[0]),
        lambda: link(RECORDS[0], RecordKey("commerce", "enterprise", "E1")),
        lambda: suppress(RecordKey("police", "nothing", "1")),
        lambda: RecordKey.parse("police/1"),
        lambda: override("P000", "name", "甲"),
        lambda: override(MASTERS[0], "colour", "red"),
        lambda: override(MASTERS[0], "name", None),
        lambda: override(MASTERS[0], "birth_date", "1980-13-01"),
        lambda: override(MASTERS[0], "birth_date", "9999-12-31"),
        lambda: override(MASTERS[0], "birth_date", "1700-01-01"),
        lambda: override(MASTERS[0], "sex", "banana"),
        lambda: override(MASTERS[0], "sex", "男"),
        lambda: override(MASTERS[0], "division_code", "zzz"),
        lambda: Author("wang", " "),
        lambda: withdraw(Judgement(2, AT, AUTHOR, Statement("person", "withdraw", withdraws=1))),
        lambda: acts.split(RECORDS[:1], RECORDS[:1]),
        lambda: suppress(RecordKey("police", "resident", "x" * 2001)),
    ],
)
def test_what_cannot_be_said_is_refused(wrong):
    with pytest.raises(BadSpecification):
        wrong()


@pytest.mark.parametrize("text", ["\0", "\ud800", "甲\x1b[2J", "甲\n乙", "\u202e甲"])
def test_what_cannot_be_kept_or_would_play_with_the_screen_is_refused(text):
    for said in (
        lambda: suppress(RecordKey("police", "resident", text)),
        lambda: link(RECORDS[0], RecordKey("police", "resident", text)),
        lambda: override(MASTERS[0], "name", text),
        lambda: Author(text, "paper file").refuse_unreadable(),
    ):
        with pytest.raises(BadSpecification, match="no control characters"):
            said()
    if "\n" in text:
        Author("wang", text).refuse_unreadable()  # a reason may have lines
    else:
        with pytest.raises(BadSpecification, match="no control characters"):
            Author("wang", text).refuse_unreadable()
