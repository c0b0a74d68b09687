"""The fold: any order, any repeats, the same case; and nothing told is forgotten."""

from hypothesis import given as sample
from hypothesis import settings
from hypothesis import strategies as st

from services.reporting_service.service import SERVICE
from services.reporting_service.store.codec import decode, encode
from services.reporting_service.store.facts import Fact
from services.reporting_service.use_cases.fold import fold
from services.reporting_service.use_cases.steps import STEPS, WITHOUT_EFFECT
from shared.contracts import sla, survey
from shared.kernel.ids import uuid7
from tests.reporting.given import HOUR, NINE, Story


def whole_life() -> Story:
    """A case through everything: late, escalated, told, called, reopened, held, resolved again."""
    story = Story(channel="contact_center_1662").received().waiting(NINE + HOUR, NINE + 2 * HOUR)
    story.breached(NINE + 24 * HOUR).escalated(1, NINE + 24 * HOUR).escalated(2, NINE + 48 * HOUR)
    story.resolved(NINE + 50 * HOUR, mister_prapa="MP-1").informed(NINE + 51 * HOUR)
    story.called(NINE + 52 * HOUR, repair=1, satisfied=False, contact_center=4)
    story.reopened(NINE + 60 * HOUR, due=NINE + 70 * HOUR).waiting(NINE + 61 * HOUR, NINE + 62 * HOUR)
    return story.resolved(NINE + 63 * HOUR).informed(NINE + 64 * HOUR).called(NINE + 65 * HOUR, outcome="no_answer")


LIFE = whole_life()
FACTS = LIFE.facts()


@sample(st.permutations(FACTS), st.lists(st.sampled_from(FACTS), max_size=20))
@settings(max_examples=200)
def test_shuffled_and_repeated_facts_fold_into_the_same_case(shuffled: list[Fact], repeated: list[Fact]) -> None:
    assert fold(LIFE.case_id, [*repeated, *shuffled, *repeated]) == fold(LIFE.case_id, FACTS)


def test_a_case_through_everything_is_told_as_it_was() -> None:
    case = LIFE.record()
    assert (case.state, case.last.number, case.closed_at) == ("resolved", 2, NINE + 63 * HOUR)
    assert case.first.breach is not None
    assert [rung.rung for rung in case.first.rungs] == [1, 2]
    assert case.first.told_at == NINE + 51 * HOUR
    call = case.first.call("satisfaction")
    assert call is not None
    assert call.answers is not None
    assert (call.reached, call.answers.repair, call.answers.contact_center) == (True, 1, 4)
    second = case.last.call("satisfaction")
    assert second is not None
    assert (second.reached, second.answers, second.outcome) == (False, None, "no_answer")
    assert [hold.cycle for hold in case.holds] == [1, 2]


def test_an_extension_and_a_recomputation_move_the_deadline_of_the_published_metric_only() -> None:
    story = Story().received(due=NINE + 24 * HOUR)
    given = {"reason": "parts", "granted_at": NINE + HOUR, "extension_id": uuid7()}
    story.say(sla.ClockExtended, NINE + HOUR, metric="resolve", due_at=NINE + 48 * HOUR, **given)
    assert story.record().first.deadline == NINE + 48 * HOUR
    story.say(sla.ClockExtended, NINE + 2 * HOUR, metric="acknowledge", due_at=NINE + 99 * HOUR, **given)
    again = {"reason": "hold entered", "recomputed_at": NINE + 3 * HOUR}
    story.say(sla.ClockRecomputed, NINE + 3 * HOUR, metric="resolve", due_at=NINE + 50 * HOUR, **again)
    story.say(sla.ClockRecomputed, NINE + 4 * HOUR, metric="resolve", due_at=None, **again)
    assert story.record().first.deadline == NINE + 50 * HOUR


def test_a_call_that_ended_without_a_phone_and_was_opened_again_counts_as_it_ended_at_last() -> None:
    story = Story().received().resolved(NINE + HOUR).called(NINE + 2 * HOUR, outcome="no_phone")
    story.called(NINE + 3 * HOUR, outcome="no_answer")
    call = story.record().first.call("satisfaction")
    assert call is not None
    assert (call.outcome, call.no_phone, call.closed_at) == ("no_answer", False, NINE + 3 * HOUR)


def test_only_notices_that_tell_the_outcome_count_as_told() -> None:
    story = Story().received().resolved(NINE + HOUR)
    notice = {"notice_id": uuid7(), "purpose": "received"}
    story.say(survey.CustomerTold, NINE + HOUR, channel="sms", evidence="receipt", told_at=NINE + HOUR, **notice)
    failed = {"reason": "unreachable", "phone_task": True, "failed_at": NINE + HOUR}
    story.say(survey.NoticeFailed, NINE + HOUR, **failed, **notice)
    cycle = story.record().first
    assert (cycle.told_at, cycle.notice_failed_at) == (None, None)


def test_a_record_survives_being_written_and_read() -> None:
    case = LIFE.record()
    assert decode(encode(case)) == case


def test_every_event_of_the_publishers_is_folded_or_knowingly_left_out() -> None:
    assert SERVICE.events == STEPS.keys() | WITHOUT_EFFECT
    assert not STEPS.keys() & WITHOUT_EFFECT


def test_the_word_of_intake_on_office_and_kind_outweighs_older_words_of_others() -> None:
    story = Story().received()
    story.office = "1103"
    moved = story.received(NINE + HOUR)
    moved.office = "1102"
    assert moved.breached(NINE + 25 * HOUR).record().office == "1103"


def test_facts_that_come_before_the_registration_wait_in_a_case_without_number() -> None:
    story = Story().received()
    only_clock = [fact for fact in story.facts() if fact.topic == "pwa.sla.v1"]
    case = fold(story.case_id, only_clock).case
    assert (case.number, case.office, case.region) == (None, "1102", 1)


def test_a_voided_breach_no_longer_stands() -> None:

    breach_id, due = uuid7(), NINE + 24 * HOUR
    story = Story().received().breached(due, breach_id).resolved(due - HOUR)
    assert story.record().first.breach is not None
    story.say(sla.BreachVoided, due + HOUR, breach_id=breach_id, metric="resolve", reason="late", voided_at=due + HOUR)
    case = story.record()
    assert case.first.breach is None
    assert case.first.on_time


def test_information_supplied_brings_the_state_before_back() -> None:
    story = Story().received().waiting(NINE + HOUR)
    assert story.record().state == "awaiting_information"
    assert Story().received().waiting(NINE + HOUR, NINE + 2 * HOUR).record().state == "routed"


def test_a_clock_that_stopped_while_held_was_met() -> None:

    story = Story().received()
    held = {"metric": "resolve", "reason": "information", "held_at": NINE + HOUR, "remaining_seconds": 82800}
    story.say(sla.ClockHeld, NINE + HOUR, **held).resolved(NINE + 30 * HOUR)
    stopped = {"metric": "resolve", "stopped_at": NINE + 30 * HOUR, "due_at": None, "verdict": "met"}
    story.say(sla.ClockStopped, NINE + 30 * HOUR, consumed_seconds=3600, overrun_seconds=0, **stopped)
    assert story.record().first.on_time
