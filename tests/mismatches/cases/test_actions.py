"""Steps of a case: the declared ones only, one winner, and a past that nobody rewrites."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mismatches.cases.actions import Step, act
from mismatches.cases.declaration import case_rules
from mismatches.cases.errors import ActionRefused, CaseConflict, NotAllowed
from mismatches.cases.queries.listing import Filter, find
from mismatches.cases.queries.pages import history
from mismatches.cases.replay import CaseState, faults, replay
from mismatches.migration import APPEND_ONLY
from storage.engine import create_engine
from tests.mismatches.cases.conftest import CHIEF, LI, NOON, TODAY, WANG

DAY = timedelta(days=1)


def to_explained(office, finding):
    office.act(LI, finding, "take", 0)
    office.act(LI, finding, "notify", 1)
    return office.act(LI, finding, "record_reply", 2, text="已补缴")


def test_a_case_goes_its_whole_way_to_the_treasury(office):
    finding = office.plant()
    assert to_explained(office, finding).state == "explained"
    office.act(LI, finding, "confirm", 3, reason_code="underpaid")
    office.act(LI, finding, "assess", 4, amount=Decimal("1200.50"))
    office.act(LI, finding, "record_payment", 5, amount=Decimal("1000"), voucher="V1")
    paid = office.act(LI, finding, "record_payment", 6, amount=Decimal("200.50"), voucher="V2")
    closed = office.act(LI, finding, "close", 7, at=NOON + 9 * DAY)
    assert (paid.state, paid.recovered, paid.assessed) == ("paid", Decimal("1200.50"), Decimal("1200.50"))
    assert (closed.state, closed.verdict, closed.judged_version) == ("closed", "confirmed", "1.0.0")
    assert (closed.opened_at, closed.closed_at, closed.owner) == (NOON, NOON + 9 * DAY, "li")


def test_the_notice_gives_twenty_eight_days_and_silence_counts_only_after_them(office):
    finding = office.plant()
    office.act(LI, finding, "take", 0)
    notified = office.act(LI, finding, "notify", 1)
    assert notified.due_on == TODAY + 28 * DAY
    with pytest.raises(ActionRefused, match="not over"):
        office.act(LI, finding, "record_silence", 2, today=TODAY + 28 * DAY)
    assert office.act(LI, finding, "record_silence", 2, today=TODAY + 29 * DAY).state == "explained"


REFUSED = [
    ({"action": "confirm", "reason_code": "underpaid"}, "not possible in state new"),
    ({"action": "nonsense"}, "no action is called"),
    ({"action": "note"}, "needs text"),
    ({"action": "take", "voucher": "V"}, "does not take voucher"),
    ({"action": "note", "text": "x" * 4001}, "too long"),
    ({"action": "note", "text": "a\0b"}, "cannot be stored"),
    ({"action": "suppress", "reason_code": "nonsense", "until": TODAY + DAY}, "no reason"),
    ({"action": "suppress", "reason_code": "other", "until": TODAY}, "expiry"),
    ({"action": "suppress", "reason_code": "other", "until": TODAY + 367 * DAY}, "expiry"),
    ({"action": "set_due", "due_on": TODAY - DAY}, "due day is over"),
]


@pytest.mark.parametrize(("step", "said"), REFUSED)
def test_what_is_not_declared_is_refused_and_changes_nothing(office, step, said):
    finding = office.plant()
    with pytest.raises(ActionRefused, match=said):
        office.act(LI, finding, step["action"], 0, **{name: step[name] for name in step if name != "action"})
    assert (office.row(finding)["version"], office.ask(history, LI, finding)) == (0, ())


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "1e14"])
def test_an_amount_is_yuan_above_zero(office, amount):
    finding = office.plant()
    to_explained(office, finding)
    office.act(LI, finding, "confirm", 3, reason_code="underpaid")
    with pytest.raises(ActionRefused, match="amount"):
        office.act(LI, finding, "assess", 4, amount=Decimal(amount))


def to_assessed(office, finding, yuan):
    to_explained(office, finding)
    office.act(LI, finding, "confirm", 3, reason_code="underpaid")
    return office.act(LI, finding, "assess", 4, amount=Decimal(yuan))


def test_no_more_is_paid_than_was_assessed(office):
    finding = office.plant()
    to_assessed(office, finding, "100.50")
    office.act(LI, finding, "record_payment", 5, amount=Decimal("50.25"), voucher="A1")
    for over in ("99999999", "50.26"):
        with pytest.raises(ActionRefused, match="more would be paid") as told:
            office.act(LI, finding, "record_payment", 6, amount=Decimal(over), voucher="A2")
        assert told.value.kind == "overpaid"
    assert office.row(finding)["recovered"] == Decimal("50.25")
    paid = office.act(LI, finding, "record_payment", 6, amount=Decimal("50.25"), voucher="A2")
    assert paid.recovered == Decimal("100.50")


def test_a_payment_is_taken_back_by_an_entry_of_its_own_and_recorded_anew(office):
    finding = office.plant()
    to_assessed(office, finding, 100)
    office.act(LI, finding, "record_payment", 5, amount=Decimal(30), voucher="B1")
    office.act(LI, finding, "record_payment", 6, amount=Decimal(70), voucher="B2")
    with pytest.raises(ActionRefused, match="no payment stands"):
        office.act(LI, finding, "void_payment", 7, voucher="B3", reason_code="wrong_amount")
    after = office.act(LI, finding, "void_payment", 7, voucher="B2", reason_code="wrong_amount")
    assert (after.state, after.recovered, after.reason_code) == ("assessed", Decimal(30), "underpaid")
    with pytest.raises(ActionRefused, match="no payment stands"):
        office.act(LI, finding, "void_payment", 8, voucher="B2", reason_code="wrong_amount")
    with pytest.raises(ActionRefused, match="less would be assessed"):
        office.act(LI, finding, "assess", 8, amount=Decimal("29.99"))
    again = office.act(LI, finding, "record_payment", 8, amount=Decimal(7), voucher="B2")
    assert (again.state, again.recovered) == ("paid", Decimal(37))
    events = office.ask(history, LI, finding)
    assert (events[7].details["amount"], len(events), faults(events)) == ("70.00", 9, [])
    assert replay(events) == CaseState.of(office.row(finding))
    with office.engine.connect() as connection:
        [row] = find(connection, LI, Filter(id_starts=finding), today=TODAY).rows
    assert row.recovered == Decimal(37)


@pytest.mark.parametrize("reopened", [False, True])
def test_a_payment_of_a_closed_or_reopened_case_is_taken_back(office, reopened):
    finding = office.plant()
    to_assessed(office, finding, 100)
    office.act(LI, finding, "record_payment", 5, amount=Decimal(100), voucher=f"C{reopened}")
    office.act(LI, finding, "close", 6)
    if reopened:
        office.act(CHIEF, finding, "reopen", 7, text="凭证有误")
    who, before = (CHIEF if reopened else LI), office.row(finding)
    after = office.act(who, finding, "void_payment", before["version"], voucher=f"C{reopened}", reason_code="paid_back")
    assert (after.state, after.recovered, after.closed_at) == (before["state"], 0, before["closed_at"])
    with pytest.raises(ActionRefused, match="needs a payment"):
        office.act(who, finding, "void_payment", after.version, voucher="C", reason_code="other")


def test_a_case_that_was_paid_before_it_was_opened_again_can_be_closed(office):
    finding = office.plant()
    to_assessed(office, finding, 100)
    with pytest.raises(ActionRefused, match="needs a payment"):
        office.act(LI, finding, "close", 5)
    office.act(LI, finding, "record_payment", 5, amount=Decimal(100), voucher="D1")
    office.act(LI, finding, "close", 6)
    office.act(CHIEF, finding, "reopen", 7, text="复核")
    office.act(LI, finding, "notify", 8)
    office.act(LI, finding, "record_reply", 9, text="无异议")
    office.act(LI, finding, "confirm", 10, reason_code="underpaid")
    office.act(LI, finding, "assess", 11, amount=Decimal(100))
    assert office.act(LI, finding, "close", 12).state == "closed"


def test_closing_with_less_than_assessed_says_why_and_closing_in_full_does_not(office):
    finding, full = office.plant(), office.plant()
    for one, yuan, voucher in ((finding, 60, "E1"), (full, 100, "E2")):
        to_assessed(office, one, 100)
        office.act(LI, one, "record_payment", 5, amount=Decimal(yuan), voucher=voucher)
    with pytest.raises(ActionRefused, match=r"40\.00 yuan .* say why") as told:
        office.act(LI, finding, "close", 6)
    assert told.value.kind == "short"
    closed = office.act(LI, finding, "close", 6, reason_code="uncollectable")
    assert (closed.state, closed.reason_code, closed.shortfall) == ("closed", "uncollectable", Decimal(40))
    with pytest.raises(ActionRefused, match="does not take reason_code"):
        office.act(LI, full, "close", 6, reason_code="uncollectable")


def test_a_voucher_counts_on_one_case_until_it_is_void_there(office):
    first, second = office.plant(), office.plant()
    for one in (first, second):
        to_assessed(office, one, 100)
    office.act(LI, first, "record_payment", 5, amount=Decimal(5), voucher="F1")
    with pytest.raises(ActionRefused, match="on another case") as told:
        office.act(LI, second, "record_payment", 5, amount=Decimal(5), voucher="F1")
    assert (told.value.kind, first in str(told.value)) == ("voucher_elsewhere", False)
    office.act(LI, first, "void_payment", 6, voucher="F1", reason_code="wrong_case")
    assert office.act(LI, second, "record_payment", 5, amount=Decimal(5), voucher="F1").recovered == 5


def test_of_two_who_record_one_voucher_at_the_same_moment_one_is_refused(office):
    first, second = office.plant(), office.plant()
    for one in (first, second):
        to_assessed(office, one, 100)
    payment = {"amount": Decimal(5), "voucher": "G1"}
    outcomes = []

    def late():
        try:
            office.act(CHIEF, second, "record_payment", 5, **payment)
        except ActionRefused as told:
            outcomes.append(told.kind)

    with office.engine.begin() as connection:
        act(connection, LI, Step(first, "record_payment", 5, **payment), at=NOON, today=TODAY)
        thread = threading.Thread(target=late)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()  # it waits for the first
    thread.join(10)
    assert outcomes == ["voucher_elsewhere"]


def test_a_voucher_counts_once(office):
    finding = office.plant()
    to_assessed(office, finding, 10)
    office.act(LI, finding, "record_payment", 5, amount=Decimal(5), voucher="H1")
    with pytest.raises(ActionRefused, match="recorded already"):
        office.act(LI, finding, "record_payment", 6, amount=Decimal(5), voucher="H1")


def test_only_a_supervisor_assigns_and_reopens(office):
    finding = office.plant()
    with pytest.raises(NotAllowed):
        office.act(LI, finding, "assign", 0, owner="li")
    assert office.act(CHIEF, finding, "assign", 0, owner="li").owner == "li"
    office.act(LI, finding, "exclude", 1, reason_code="source_error")
    with pytest.raises(NotAllowed):
        office.act(LI, finding, "reopen", 2, text="新证据")
    again = office.act(CHIEF, finding, "reopen", 2, text="新证据")
    assert (again.state, again.verdict, again.reason_code) == ("assigned", None, None)


@pytest.mark.parametrize("kind", [{"outcome": "not_comparable"}, {"shadow": True}])
def test_what_accuses_nobody_or_is_in_shadow_has_no_case(office, kind):
    finding = office.plant(**kind)
    with pytest.raises(ActionRefused, match="no case"):
        office.act(CHIEF, finding, "take", 0)


def test_who_acts_on_an_old_version_is_told_who_was_first(office):
    finding = office.plant()
    office.act(CHIEF, finding, "assign", 0, owner="li")
    with pytest.raises(CaseConflict, match="chief has acted on this case: assign") as told:
        office.act(LI, finding, "take", 0)
    assert (told.value.actor, told.value.action, told.value.at, told.value.version) == ("chief", "assign", NOON, 1)


def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(office):
    finding = office.plant()
    outcomes, waiting = [], threading.Event()

    def second():
        waiting.set()
        try:
            office.act(CHIEF, finding, "assign", 0, owner="wang")
        except CaseConflict as told:
            outcomes.append(told.actor)

    with office.engine.begin() as first:
        act(first, LI, Step(finding, "take", 0), at=NOON, today=TODAY)
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        thread.join(0.3)
        assert thread.is_alive()  # it waits for the row of the first
    thread.join(10)
    assert outcomes == ["li"]
    assert (office.row(finding)["owner"], office.row(finding)["version"]) == ("li", 1)


def draw_step(data, state, finding):
    """An action, most often one that the state allows, with everything that it needs."""
    rules = case_rules()
    possible = [action.name for action in rules.possible(state) if action.name != "attach"]
    action = rules.actions[data.draw(st.sampled_from(possible) | st.sampled_from(sorted(rules.actions)))]
    values = {
        "owner": st.sampled_from(["li", "wang"]),
        "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
        "reason_code": st.sampled_from(sorted(action.reasons) or ["none"]),
        "amount": st.decimals("0.01", "99999", places=2),
        "voucher": st.sampled_from([f"{finding}-{part}" for part in range(3)]),
        "due_on": st.dates(TODAY, date(2027, 1, 1)),
        "until": st.dates(TODAY + DAY, TODAY + 366 * DAY),
    }
    carried = action.needs | data.draw(st.sets(st.sampled_from(sorted(action.may) or ["text"])))
    return action, {name: data.draw(values[name]) for name in sorted(carried) if name != "file"}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(0, 16))
def test_replaying_the_events_gives_the_live_state_and_every_move_is_declared(office, data, length):
    finding, version = office.plant(), 0
    for _ in range(length):
        state = office.row(finding)["state"]
        action, carried = draw_step(data, state, finding)
        today = TODAY + data.draw(st.sampled_from([0, 40])) * DAY
        try:
            after = office.act(CHIEF, finding, action.name, version, today=today, **carried)
        except ActionRefused:
            assert office.row(finding)["version"] == version
            continue
        version += 1
        assert after.state == action.moves[state]
        assert CaseState.of(office.row(finding)) == after
    events = office.ask(history, CHIEF, finding)
    assert len(events) == version
    assert replay(events) == CaseState.of(office.row(finding))
    assert faults(events) == []


def test_an_altered_history_no_longer_fits_its_hashes(office):
    finding = office.plant()
    to_explained(office, finding)
    events = list(office.ask(history, LI, finding))
    assert faults(events) == []
    forged = type(events[1])(**{**vars(events[1]), "actor": "nobody"})
    assert faults([events[0], forged, events[2]]) == ["event 2 differs from its hash"]
    assert faults([events[0], events[2]])
    assert faults([events[0].sealed(""), forged.sealed(events[0].hash), events[2]]) == ["event 3 differs from its hash"]


@pytest.mark.parametrize("table", [*APPEND_ONLY, "finding"])
def test_nobody_rewrites_a_history_not_even_its_owner(office, table):
    finding = office.plant()
    office.act(LI, finding, "take", 0)
    column = {"case_event": "actor", "look": "actor", "observation": "change", "run": "city"}.get(table)
    statements = [f"DELETE FROM mismatches.{table}", f"TRUNCATE mismatches.{table} CASCADE"]
    if column:
        statements.append(f"UPDATE mismatches.{table} SET {column} = 'x'")
    with office.engine.begin() as connection:
        connection.execute(text("INSERT INTO mismatches.look (at, actor, role, finding_id, what)"
                                " VALUES (now(), 'a', 'b', 'c', 'd')"))  # fmt: skip
    for statement in statements:
        with office.engine.connect() as connection, pytest.raises(DBAPIError, match="cannot be rewritten"):
            connection.execute(text(statement))


def test_the_writer_works_on_cases_and_has_no_right_to_anything_else(office, server):
    finding = office.plant()
    office.act(LI, finding, "take", 0)
    name = office.engine.url.database
    writer, reader = (create_engine(server.url(role, name)) for role in ("writer", "reader"))
    try:
        with writer.begin() as connection:
            act(connection, LI, Step(finding, "note", 1, text="见附件"), at=NOON, today=TODAY)
        for statement in (
            "UPDATE mismatches.case_event SET actor = 'x'",
            "DELETE FROM mismatches.case_event",
            "TRUNCATE mismatches.case_event",
            "UPDATE mismatches.finding SET division = '370203'",
            "INSERT INTO mismatches.observation (finding_id, run, as_of, change) VALUES ('x', 1, now(), 'gone')",
            "DELETE FROM mismatches.look",
        ):
            with writer.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
                connection.execute(text(statement))
        with reader.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text("SELECT * FROM mismatches.finding"))
    finally:
        writer.dispose()
        reader.dispose()


def test_another_district_has_no_way_to_act(office):
    finding = office.plant()
    with pytest.raises(Exception, match="no such finding") as told:
        office.act(WANG, finding, "take", 0)
    assert type(told.value).__name__ == "UnknownFinding"
