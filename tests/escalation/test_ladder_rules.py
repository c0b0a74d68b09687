"""The pure rules of the ladder: what is next and when, from facts alone."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.escalation_service.domain.case_file import CaseFile, Seen
from services.escalation_service.domain.holds import HoldMark, Span, after_unheld, held_spans, outside
from services.escalation_service.domain.ladder import (
    Breach,
    Closure,
    Facts,
    Fired,
    LadderRules,
    Place,
    RungRule,
    State,
    evaluate,
)
from services.escalation_service.domain.offices import Chart, covered_regions, may_answer, post_office
from shared.kernel.access import actor_of

DUE = datetime(2026, 2, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
AREAS = {9: "D1", 10: "D1", 6: "D2", 7: "D2", 1: "D3", 8: "D3", 2: "D4", 3: "D4", 4: "D5", 5: "D5"}
RULES = LadderRules(
    "branch", 1, datetime(2025, 10, 1, tzinfo=UTC), 24 * HOUR, 24 * HOUR,
    (
        RungRule(1, "branch_manager", Place.OWN, 0 * HOUR),
        RungRule(2, "region_director", Place.REGION, 24 * HOUR),
        RungRule(3, "deputy_governor", Place.AREA, 72 * HOUR),
    ),
)  # fmt: skip


def breach(generation: int = 1, due_at: datetime = DUE, voided_at: datetime | None = None) -> Breach:
    return Breach(UUID(int=generation), generation, due_at, due_at, voided_at)


def test_each_rung_is_scheduled_at_the_deadline_plus_its_offset() -> None:
    facts = Facts((breach(),))
    assert evaluate(facts, RULES).fires_at == DUE
    second = evaluate(Facts((breach(),), fired=(Fired(1, DUE),)), RULES)
    assert (second.scheduled_at, second.fires_at) == (DUE + 24 * HOUR, DUE + 24 * HOUR)
    third = evaluate(Facts((breach(),), fired=(Fired(1, DUE), Fired(2, DUE + 24 * HOUR))), RULES)
    assert third.fires_at == DUE + 72 * HOUR


def test_a_late_rung_gives_the_officer_before_it_the_minimum_gap() -> None:
    late = DUE + 500 * HOUR
    plan = evaluate(Facts((breach(),), fired=(Fired(1, late),)), RULES)
    assert (plan.scheduled_at, plan.fires_at) == (DUE + 24 * HOUR, late + 24 * HOUR)


def test_an_acknowledgement_puts_off_only_the_next_rung() -> None:
    until = DUE + 40 * HOUR
    plan = evaluate(Facts((breach(),), fired=(Fired(1, DUE, until),)), RULES)
    assert (plan.scheduled_at, plan.fires_at) == (DUE + 24 * HOUR, until)


def test_a_hold_after_the_breach_delays_the_rungs_that_have_not_fired_by_its_length() -> None:
    marks = (HoldMark(1, True, DUE + 10 * HOUR), HoldMark(2, False, DUE + 15 * HOUR))
    plan = evaluate(Facts((breach(),), marks, (Fired(1, DUE),)), RULES)
    assert plan.fires_at == DUE + 29 * HOUR


def test_a_hold_that_is_told_again_with_another_beginning_was_put_right() -> None:
    marks = (HoldMark(1, True, DUE + 10 * HOUR), HoldMark(2, True, DUE + 4 * HOUR), HoldMark(3, False, DUE + 15 * HOUR))
    assert held_spans(reversed(marks)) == (Span(DUE + 4 * HOUR, DUE + 15 * HOUR),)


def test_nothing_fires_while_the_clock_is_held() -> None:
    marks = (HoldMark(1, True, DUE + HOUR),)
    plan = evaluate(Facts((breach(),), marks, (Fired(1, DUE),)), RULES)
    assert (plan.state, plan.fires_at) == (State.HELD, None)


def test_a_closed_case_never_escalates_and_its_rungs_lapse() -> None:
    plan = evaluate(Facts((breach(),), fired=(Fired(1, DUE),), closure=Closure("resolved", DUE + HOUR)), RULES)
    assert plan.state is State.ENDED
    assert plan.fires_at is None
    assert [lapsed.rule.rung for lapsed in plan.lapsed] == [2, 3]
    assert (plan.ended_reason, plan.ended_at) == ("resolved", DUE + HOUR)


def test_a_voided_breach_ends_the_ladder_and_a_later_real_one_goes_on_above_the_rungs_that_fired() -> None:
    voided = breach(voided_at=DUE + 2 * HOUR)
    assert evaluate(Facts((voided,), fired=(Fired(1, DUE),)), RULES).ended_reason == "voided"
    again = breach(2, DUE + 96 * HOUR)
    plan = evaluate(Facts((voided, again), fired=(Fired(1, DUE),)), RULES)
    assert plan.next_rung is not None
    assert plan.next_rung.rung == 2
    assert plan.fires_at == DUE + 120 * HOUR


def test_the_order_in_which_facts_arrive_does_not_matter() -> None:
    marks = [HoldMark(n, n % 2 == 1, DUE + n * HOUR) for n in range(1, 5)]
    plans = {
        evaluate(Facts((breach(),), tuple(order), (Fired(1, DUE),)), RULES).fires_at for order in permutations(marks)
    }
    assert len(plans) == 1


hours = st.integers(0, 300)


@given(st.lists(st.tuples(hours, hours), max_size=5), hours)
def test_held_time_is_never_counted_and_time_outside_always_is(pairs: list[tuple[int, int]], amount: int) -> None:
    marks = []
    for nr, (begin, length) in enumerate(pairs):
        marks += [
            HoldMark(2 * nr, True, DUE + begin * HOUR),
            HoldMark(2 * nr + 1, False, DUE + (begin + length) * HOUR),
        ]
    held = {h for begin, length in pairs for h in range(begin, begin + length)}
    at, left = 0, amount
    while left:
        left -= at not in held
        at += 1
    assert after_unheld(DUE, amount * HOUR, held_spans(marks)) == DUE + at * HOUR


def test_an_instant_inside_a_hold_moves_to_its_end() -> None:
    spans = (Span(DUE, DUE + HOUR),)
    assert outside(DUE, spans) == DUE + HOUR
    assert outside(DUE + HOUR, spans) == DUE + HOUR
    assert outside(DUE, (Span(DUE, None),)) is None


def test_an_older_fact_that_arrives_late_does_not_move_the_case_back() -> None:
    newer = Seen(5, 1, "1102", 1, "complaint", False)
    older = Seen(2, 1, "HQ", None, "unclassified", False)
    file = CaseFile(UUID(int=1))
    assert file.see(newer).see(older) == file.see(newer)
    assert file.see(older).see(newer).office == "1102"


def test_a_case_that_never_had_a_region_calls_upon_the_head_office() -> None:
    never, chart = CaseFile(UUID(int=1)), Chart(AREAS, {})
    assert post_office(Place.AREA, never, chart) == "HQ"
    bounced = never.see(Seen(2, 1, "1102", 1, "complaint", False)).see(Seen(3, 1, "HQ", None, "complaint", False))
    assert post_office(Place.AREA, bounced, chart) == "D3"
    assert post_office(Place.OWN, bounced, chart) == "HQ"


def test_only_the_officer_of_the_post_or_the_complaints_division_may_answer_for_it() -> None:
    manager = actor_of("m", ["branch_manager"], offices=["1102"])
    director = actor_of("d", ["region_director"], regions=[1])
    deputy = actor_of("g", ["deputy_governor"], offices=["D3"])
    division = actor_of("c", ["complaints_division"])
    assert may_answer(manager, "branch_manager", "1102", AREAS)
    assert not may_answer(manager, "branch_manager", "1103", AREAS)
    assert not may_answer(manager, "region_director", "R01", AREAS)
    assert may_answer(director, "region_director", "R01", AREAS)
    assert not may_answer(director, "deputy_governor", "D3", AREAS)
    assert may_answer(deputy, "deputy_governor", "D3", AREAS)
    assert not may_answer(deputy, "deputy_governor", "D1", AREAS)
    assert may_answer(division, "deputy_governor", "D1", AREAS)
    assert covered_regions(["D3", "R02"], AREAS) == {1, 8, 2}
    assert covered_regions(["R11", "1102", "HQ"], AREAS) == {11}  # a region without an area has its own office


def test_what_is_told_of_all_held_time_takes_the_place_of_what_was_told_before() -> None:
    whole = (Span(DUE + HOUR, DUE + 2 * HOUR), Span(DUE + 6 * HOUR, None))
    marks = [
        HoldMark(1, True, DUE), HoldMark(2, False, DUE + 5 * HOUR), HoldMark(3, False, DUE + 7 * HOUR, whole),
        HoldMark(4, False, DUE + 8 * HOUR),
    ]  # fmt: skip
    assert held_spans(marks[:3]) == whole
    assert held_spans(reversed(marks)) == (Span(DUE + HOUR, DUE + 2 * HOUR), Span(DUE + 6 * HOUR, DUE + 8 * HOUR))
    assert held_spans([*marks, HoldMark(5, False, DUE + 9 * HOUR, ())]) == ()


def test_held_time_told_as_a_whole_is_known_up_to_an_instant_by_its_own_times() -> None:
    whole = HoldMark(1, False, DUE + 50 * HOUR, (Span(DUE + HOUR, DUE + 3 * HOUR), Span(DUE + 6 * HOUR, None)))
    found = [held_spans([mark] if (mark := whole.until(DUE + n * HOUR)) else []) for n in (0, 2, 4)]
    assert found == [(), (Span(DUE + HOUR, None),), (Span(DUE + HOUR, DUE + 3 * HOUR),)]
