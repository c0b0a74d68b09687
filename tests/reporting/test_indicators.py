"""O1, O2, O3, P1, P2: named after the promises they keep."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as sample
from hypothesis import strategies as st
from sqlalchemy import text

from services.reporting_service.domain.indicators import Period, headline_value
from services.reporting_service.store import cases
from services.reporting_service.store.figures import count
from shared.contracts import intake, sla
from tests.reporting.given import HOUR, NINE, Desk, Story

MONTH = Period(NINE - timedelta(days=2), NINE + timedelta(days=28), NINE + timedelta(days=28))


async def figures(desk: Desk, *stories: Story, period: Period = MONTH) -> dict[str, dict[str, Any]]:
    """Of these stories alone, as the store counts them."""
    async with desk.db.transaction() as tx:
        await tx.execute(text("DELETE FROM reporting.case_cycle"))
        await cases.save_cycles(tx, [story.record() for story in stories])
        counted = await count(tx, period)
    return counted.indicators.figures()


async def test_on_time_figures_include_due_and_still_open_cases_in_the_denominator(desk: Desk) -> None:
    """failures.md 22."""
    told = (await figures(desk, Story().received().resolved(NINE + HOUR), Story().received(), Story().received()))[
        "O1"
    ]["headline"]
    assert (told["due"], told["on_time"], told["value"]) == (3, 1, 0.3333)


async def test_closed_in_time_reopened_days_later_as_not_fixed_and_fixed_in_a_minute_is_late(desk: Desk) -> None:
    """failures.md 34."""
    closed = NINE + timedelta(hours=23, minutes=59)
    reopened = closed + timedelta(days=3)
    story = Story().received().resolved(closed).reopened(reopened, due=reopened + timedelta(minutes=1))
    told = (await figures(desk, story.resolved(reopened + timedelta(minutes=1))))["O1"]
    assert (told["headline"]["due"], told["headline"]["on_time"]) == (1, 0)
    assert told["first_cycle"]["on_time"] == 1
    assert told["last_cycle"]["on_time"] == 1


async def test_due_at_ten_resolved_at_three_past_is_late_whenever_somebody_looks(desk: Desk) -> None:
    due = NINE + 24 * HOUR
    told = await figures(
        desk, Story().received(due=due).resolved(due + timedelta(minutes=3)), Story().received(due=due).resolved(due)
    )
    assert (told["O1"]["headline"]["due"], told["O1"]["headline"]["on_time"]) == (2, 1)


async def test_a_case_not_due_yet_is_no_failure_and_no_success(desk: Desk) -> None:
    running = Period(MONTH.since, MONTH.until, NINE + HOUR)
    told = (await figures(desk, Story().received(), Story().received().resolved(NINE + HOUR), period=running))["O1"][
        "headline"
    ]
    assert told["due"] == 0
    assert told["value"] is None


async def test_a_case_that_waits_for_the_complainant_is_not_due(desk: Desk) -> None:

    story = Story().received().waiting(NINE + HOUR)
    held = {"metric": "resolve", "reason": "information", "held_at": NINE + HOUR, "remaining_seconds": 82800}
    assert (await figures(desk, story.say(sla.ClockHeld, NINE + HOUR, **held)))["O1"]["headline"]["due"] == 0


async def test_a_true_hold_of_a_later_cycle_moves_the_whole_cases_deadline(desk: Desk) -> None:
    story = Story().received().resolved(NINE + 20 * HOUR).reopened(NINE + 21 * HOUR, due=NINE + 25 * HOUR)
    story.waiting(NINE + 22 * HOUR, NINE + 30 * HOUR).resolved(NINE + 31 * HOUR)
    assert (await figures(desk, story))["O1"]["headline"]["on_time"] == 1


async def test_incident_reports_and_cancelled_cases_are_in_no_indicator(desk: Desk) -> None:

    cancelled = Story().received()
    cancelled.say(intake.CaseCancelled, NINE + HOUR, reason="duplicate", cancelled_at=NINE + HOUR)
    told = (await figures(desk, Story(subject="I02").received(), cancelled))["O1"]["headline"]
    assert told["due"] == 0


QUESTIONS = ("repair", "speed", "contact_center", "channel_convenience", "channel_variety")


async def test_cancelling_a_case_that_is_late_already_does_not_take_the_failure_away(desk: Desk) -> None:

    late = Story().received().breached(NINE + 24 * HOUR)
    late.say(intake.CaseCancelled, NINE + 30 * HOUR, reason="withdrawn", cancelled_at=NINE + 30 * HOUR)
    told = (await figures(desk, late))["O1"]["headline"]
    assert (told["due"], told["on_time"]) == (1, 0)


async def test_cancelling_a_reopened_case_that_is_late_does_not_improve_the_figure(desk: Desk) -> None:
    def reopened() -> Story:
        story = Story().received().resolved(NINE + HOUR).reopened(NINE + 20 * HOUR, due=NINE + 44 * HOUR)
        return story.breached(NINE + 44 * HOUR)

    def cancelled(story: Story, at: datetime) -> Story:
        return story.say(intake.CaseCancelled, at, reason="withdrawn", cancelled_at=at)

    assert (await figures(desk, cancelled(reopened(), NINE + 50 * HOUR)))["O1"] == (await figures(desk, reopened()))[
        "O1"
    ]
    unbroken = Story().received().resolved(NINE + HOUR).reopened(NINE + 20 * HOUR, due=NINE + 44 * HOUR)
    told = (await figures(desk, cancelled(unbroken, NINE + 30 * HOUR)))["O1"]
    seen = {view: (each["due"], each["on_time"]) for view, each in told.items()}
    assert seen == {"headline": (1, 0), "first_cycle": (1, 1), "last_cycle": (0, 0)}


async def test_a_reopened_case_cancelled_before_its_deadline_is_in_no_view(desk: Desk) -> None:
    story = Story().received().resolved(NINE + HOUR).reopened(NINE + 2 * HOUR, due=NINE + 26 * HOUR)
    story.say(intake.CaseCancelled, NINE + 3 * HOUR, reason="withdrawn", cancelled_at=NINE + 3 * HOUR)
    assert {each["due"] for each in (await figures(desk, story))["O1"].values()} == {0}


async def test_done_in_time_without_repair_is_told_apart(desk: Desk) -> None:
    told = (await figures(desk, Story().received().resolved(NINE + HOUR, repaired=False)))["O1"]["headline"]
    assert (told["on_time"], told["on_time_not_repaired"]) == (1, 1)


scores = st.integers(1, 5)
delays = st.integers(1, 40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@sample(delays, scores, st.lists(st.tuples(delays, scores, st.sampled_from(["not_fixed", "dissatisfied"])), max_size=3))
async def test_closing_early_and_reopening_never_improves_any_headline_figure(
    desk: Desk, honest: int, final: int, extra: list[tuple[int, int, str]]
) -> None:
    """failures.md 16: the same work and the same last answer, once plainly and once cut into several cycles."""
    end = NINE + (honest + sum(delay for delay, _, _ in extra)) * HOUR

    def answered(story: Story, at: datetime, score: int) -> Story:
        rated: dict[str, Any] = dict.fromkeys(
            ("repair", "speed", "contact_center", "channel_convenience", "channel_variety"), score
        )
        return story.resolved(at, mister_prapa="MP-1").called(at, **rated)

    plain = answered(Story(channel="contact_center_1662").received(), end, final)
    cut, at = Story(channel="contact_center_1662").received(), NINE
    for delay, score, reason in extra:
        at += delay * HOUR
        answered(cut, at, score).reopened(at, reason, due=at + 24 * HOUR)
    answered(cut, end, final)
    honestly, cleverly = await figures(desk, plain), await figures(desk, cut)
    for name in honestly:
        best, got = (headline_value(name, told[name]["headline"]) for told in (honestly, cleverly))
        assert best is not None
        assert got is not None
        assert got <= best, name


async def test_asked_reached_answered_and_no_phone_stand_beside_every_satisfaction_figure(desk: Desk) -> None:
    done = NINE + 2 * HOUR
    stories = [
        Story().received().resolved(done).called(done, outcome) for outcome in ("no_answer", "refused", "no_phone")
    ]
    stories += [Story().received().resolved(done).called(done, speed=2)]
    told = (await figures(desk, *stories))["O3"]["headline"]
    assert [told[name] for name in ("asked", "reached", "answered", "no_phone", "n")] == [4, 2, 1, 1, 1]
    assert told["value"] == 2.0


async def test_unreached_customers_are_never_counted_as_satisfied(desk: Desk) -> None:
    done = NINE + 2 * HOUR
    silent = Story().received().resolved(done, mister_prapa="MP-1").called(done, "no_phone")
    told = (await figures(desk, silent))["P1"]["headline"]
    assert (told["n"], told["satisfied"], told["value"], told["no_phone"]) == (0, 0, None, 1)


async def test_p1_counts_only_resolutions_that_name_a_mister_prapa(desk: Desk) -> None:
    done = NINE + 2 * HOUR
    named = Story().received().resolved(done, mister_prapa="MP-1").called(done, repair=5)
    unnamed = Story().received().resolved(done).called(done, repair=1)
    told = (await figures(desk, named, unnamed))["P1"]["headline"]
    assert (told["n"], told["value"]) == (1, 1.0)


async def test_p2_counts_complaints_received_by_or_called_back_from_1662(desk: Desk) -> None:
    done = NINE + 2 * HOUR
    by_phone = Story(channel="contact_center_1662").received().resolved(done).called(done, contact_center=5)
    called_back = Story().received().resolved(done).called(done, contact_center=2, called_back_by_contact_center=True)
    neither = Story().received().resolved(done).called(done)
    told = (await figures(desk, by_phone, called_back, neither))["P2"]["headline"]
    assert (told["n"], told["satisfied"], told["asked"]) == (2, 1, 2)


async def test_convenience_is_told_per_channel_and_variety_about_all(desk: Desk) -> None:
    done = NINE + 2 * HOUR
    told = (
        await figures(
            desk,
            Story(channel="line").received().resolved(done).called(done, channel_convenience=5, channel_variety=4),
            Story(channel="website").received().resolved(done).called(done, channel_convenience=3, channel_variety=2),
        )
    )["O2"]["headline"]
    assert {name: each["value"] for name, each in told["convenience_by_channel"].items()} == {
        "line": 5.0,
        "website": 3.0,
    }
    assert told["variety"]["value"] == 3.0


@pytest.mark.parametrize("view", ["headline", "first_cycle", "last_cycle"])
async def test_every_view_of_every_indicator_is_told(desk: Desk, view: str) -> None:
    assert all(view in told for told in (await figures(desk)).values())
