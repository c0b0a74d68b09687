"""What another calendar version does to a clock, against deadlines found by walking over the days."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sla_service.domain.calendar import CalendarVersion, ExceptionDay
from services.sla_service.domain.changes import Recorded, StandingBreach, decide
from services.sla_service.domain.effects import effects
from services.sla_service.domain.evaluate import evaluate
from services.sla_service.domain.facts import Pin
from services.sla_service.use_cases.news import FIRE_NOTHING
from tests.sla.given import bangkok as at
from tests.sla.given import book, calendar, facts, policy, resolve

KEY = ("resolve", 1)
MONDAY = date(2026, 2, 2)
DAYS = st.frozensets(st.integers(0, 20).map(lambda n: MONDAY + timedelta(days=n)), max_size=6)


def version(number: int, closed: frozenset[date]) -> CalendarVersion:
    return calendar("office", [ExceptionDay(day, "closed") for day in sorted(closed)], version=number)


def walked(start: date, amount: int, closed: frozenset[date]) -> datetime:
    """The close of the last of so many working days after the first."""
    day = start
    while amount:
        day += timedelta(days=1)
        amount -= day.weekday() < 5 and day not in closed
    return at(f"{day.isoformat()} 16:30")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DAYS, DAYS, st.integers(0, 11), st.integers(1, 5), st.integers(0, 40 * 24))
def test_deadlines_breaches_and_voids_are_those_of_the_new_days(
    old: frozenset[date], new: frozenset[date], day: int, amount: int, now: int
) -> None:
    first, second = version(1, old), version(2, new)
    start = MONDAY + timedelta(days=day)
    received_at, moment = at(f"{start.isoformat()} 10:00"), at("2026-02-02 00:00") + timedelta(hours=now, minutes=1)
    if moment <= received_at:
        return
    before, after = walked(start, amount, old), walked(start, amount, new)
    rules = policy("A", resolve(amount, "working_day"), subject="A")
    was_late = before < moment
    standing = (StandingBreach(UUID(int=1), due_at=before),) if was_late else ()
    recorded = {KEY: Recorded(rules.id, first.id, before, None, None, None, standing=standing)}
    case = replace(facts(received_at), pins={KEY: Pin(second.id, moment)})
    clocks = evaluate(book(rules, calendars=[first, second]), case, moment)
    found = effects(decide(clocks, recorded, FIRE_NOTHING), recorded, {KEY})
    if before == after:
        assert found == []
        return
    [effect] = found
    assert (effect.old_due_at, effect.new_due_at) == (before, after)
    assert effect.voided == (was_late and after > before)
    assert effect.breached == (after < moment and (effect.voided or not was_late))
