"""The clocks of a case as a pure function of its facts."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla_service.domain.evaluate import Clock, evaluate
from services.sla_service.domain.facts import CaseFacts, Milestone, Pin
from services.sla_service.domain.policy import Selector, Target, Traits
from tests.sla.given import (
    ALWAYS_V1,
    OFFICE_V1,
    bangkok,
    book,
    calendar,
    classified,
    closed,
    facts,
    held,
    hours,
    office_days,
    policy,
    reopened,
    resolve,
)

MONDAY = bangkok("2026-02-09 08:30")
A16 = policy("A", resolve(16), subject="A")
B8 = policy("B", resolve(8), subject="B")
ACKNOWLEDGE = policy("C", Target("acknowledge", 4, "office", "office"), subject="C")
NONE = policy("N", resolve(0), subject="N")
TRIAGE = policy("triage", resolve(24, "wall", "always"), kind="unclassified")
BOOK = book(A16, B8, ACKNOWLEDGE, NONE, TRIAGE)


def _clocks(ledger: CaseFacts, now: datetime) -> list[Clock]:
    return list(evaluate(BOOK, ledger, now))


def test_reopening_goes_on_with_what_was_left() -> None:
    stopped, opened = bangkok("2026-02-09 12:30"), bangkok("2026-02-12 10:30")
    first, second = _clocks(facts(MONDAY, closed(stopped), reopened(opened)), opened)
    assert (first.verdict, first.stopped_at) == ("met", stopped)
    assert (second.cycle, second.started_at, second.due_at) == (2, MONDAY, bangkok("2026-02-13 14:30"))


def test_a_new_cycle_has_the_full_budget_from_the_reopening() -> None:
    opened = bangkok("2026-02-12 10:30")
    ledger = facts(MONDAY, closed(bangkok("2026-02-09 12:30")), reopened(opened, mode="new_cycle"))
    assert _clocks(ledger, opened)[1].due_at == bangkok("2026-02-16 10:30")


def test_counting_all_counts_the_closed_time_too() -> None:
    opened = bangkok("2026-02-12 10:30")
    ledger = facts(MONDAY, closed(bangkok("2026-02-09 12:30")), reopened(opened, mode="count_all"))
    assert _clocks(ledger, opened)[1].due_at == bangkok("2026-02-10 16:30")


def test_a_breach_stays_a_breach_when_the_case_is_reopened() -> None:
    late, opened = bangkok("2026-02-11 09:00"), bangkok("2026-02-12 10:30")
    first, second = _clocks(facts(MONDAY, closed(late), reopened(opened)), opened)
    assert first.verdict == "breached"
    assert (second.due_at, second.breached_at, second.cause) == (first.due_at, opened, "elapsed")


def test_a_hold_after_the_breach_does_not_undo_it() -> None:
    hold = (bangkok("2026-02-11 09:00"), None)
    (clock,) = _clocks(facts(MONDAY, *held([hold])), bangkok("2026-02-12 09:00"))
    assert clock.due_at == bangkok("2026-02-10 16:30")
    assert (clock.breached_at, clock.held_at, clock.remaining) == (clock.due_at, hold[0], timedelta(0))


def test_a_case_resolved_while_held_is_met() -> None:
    stop = bangkok("2026-02-20 09:00")
    (clock,) = _clocks(facts(MONDAY, *held([(bangkok("2026-02-09 10:30"), None)]), closed(stop)), stop)
    assert (clock.verdict, clock.consumed, clock.held_at) == ("met", hours(2), None)


def test_a_hold_of_which_the_policy_knows_no_reason_does_not_count() -> None:
    edge = held([(bangkok("2026-02-09 10:30"), None)])[0]
    other = type(edge)(edge.kind, edge.cycle, edge.seq, "lunch", edge.began_at, edge.ended_at)
    (clock,) = _clocks(facts(MONDAY, other), MONDAY)
    assert clock.due_at == bangkok("2026-02-10 16:30")


def test_a_cancelled_case_has_nothing_left_to_measure_unless_it_was_late() -> None:
    early, late = bangkok("2026-02-09 10:00"), bangkok("2026-02-11 10:00")
    verdicts = [_clocks(facts(MONDAY, closed(at, reason="cancelled")), at)[0].verdict for at in (early, late)]
    assert verdicts == ["cancelled", "breached"]


def test_an_unclassified_case_runs_under_the_triage_policy() -> None:
    (clock,) = _clocks(CaseFacts(MONDAY, "website", "1102"), MONDAY)
    assert (clock.policy, clock.due_at) == (TRIAGE, MONDAY + hours(24))


def test_a_correction_after_the_case_was_closed_leaves_its_clock_alone() -> None:
    stop = bangkok("2026-02-10 10:00")
    ledger = facts(MONDAY, closed(stop, seq=5), classifications=[classified("B", stop, seq=6)])
    (clock,) = _clocks(ledger, stop)
    assert (clock.policy, clock.verdict) == (A16, "met")


def test_a_target_of_zero_makes_no_clock() -> None:
    assert _clocks(facts(MONDAY, classifications=[classified("N", MONDAY)]), MONDAY) == []


def test_acceptance_ends_the_clock_of_acknowledging_and_a_reopening_starts_none() -> None:
    ledger = facts(MONDAY, classifications=[classified("C", MONDAY)])
    accepted = Milestone("acknowledge", 1, 3, bangkok("2026-02-09 12:30"))
    ledger = CaseFacts(
        ledger.received_at, "website", "1102",
        (closed(bangkok("2026-02-09 13:00")), reopened(bangkok("2026-02-10 09:00"))),
        ledger.classifications, (accepted,),
    )  # fmt: skip
    (clock,) = _clocks(ledger, bangkok("2026-02-10 09:00"))
    assert (clock.metric, clock.verdict, clock.stopped_at) == ("acknowledge", "met", accepted.at)


def test_a_pinned_clock_keeps_its_calendar_until_a_new_version_is_applied() -> None:
    friday = date(2026, 2, 20)
    newer = calendar("office", office_days([(friday, ()), (friday + timedelta(days=1), ())]), version=2)
    both = book(A16, calendars=[ALWAYS_V1, OFFICE_V1, newer])
    start = bangkok("2026-02-19 08:30")
    ledger = facts(start)
    pinned = CaseFacts(
        start, "website", "1102", (), ledger.classifications, pins={("resolve", 1): Pin(OFFICE_V1.id)}
    )  # fmt: skip
    assert evaluate(both, pinned, start)[0].due_at == bangkok("2026-02-20 16:30")
    assert evaluate(both, ledger, start)[0].due_at == bangkok("2026-02-23 16:30")


def test_the_more_specific_policy_wins() -> None:
    traits = Traits("complaint", "A", "high", "line", "1102")
    ranks = [Selector(), Selector(kind="complaint"), Selector(channel="line"), Selector(severity="high")]
    assert all(selector.matches(traits) for selector in ranks)
    assert [s.rank for s in ranks] == sorted(s.rank for s in ranks)
    assert Selector(subject="A").rank > Selector(severity="high", channel="line", office="1102").rank


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_facts_in_any_order_give_the_same_clocks(chance: random.Random, cycles: int) -> None:
    edges, at = [], MONDAY
    for cycle in range(1, cycles + 1):
        begin, end, stop = (at + timedelta(minutes=chance.randrange(1, 5000)) for _ in range(3))
        edges += [*held([(min(begin, end), max(begin, end))], cycle), closed(stop, cycle=cycle, seq=500 + 10 * cycle)]
        at = stop + timedelta(minutes=chance.randrange(1, 5000))
        edges.append(reopened(at, cycle=cycle + 1, seq=505 + 10 * cycle))
    ledger = facts(MONDAY, *edges, classifications=[classified("B", MONDAY + hours(1))])
    shuffled = list(edges)
    chance.shuffle(shuffled)
    other = CaseFacts(MONDAY, "website", "1102", tuple(shuffled), ledger.classifications[::-1])
    assert _clocks(other, at) == _clocks(ledger, at)


def test_a_calendar_that_was_applied_later_dates_no_breach_after_the_instant_asked_for() -> None:
    applied_at, asked_for = MONDAY + hours(100), MONDAY + hours(60)
    ledger = replace(facts(MONDAY), pins={("resolve", 1): Pin(OFFICE_V1.id, applied_at)})
    [now] = _clocks(ledger, applied_at)
    assert (now.breached_at, now.cause) == (applied_at, "calendar")
    [then] = _clocks(ledger.until(asked_for), asked_for)
    assert (then.breached_at, then.cause) == (then.due_at, "elapsed")
