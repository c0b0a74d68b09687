"""What broke in systems like this one, as far as the clocks answer for it."""

from datetime import date, timedelta

from services.sla_service.domain.calendar import ExceptionDay
from services.sla_service.domain.evaluate import evaluate
from shared.reference import holidays
from tests.sla.given import (
    ALWAYS_V1,
    bangkok,
    book,
    calendar,
    closed,
    facts,
    hours,
    office_days,
    policy,
    reopened,
    resolve,
)

START = bangkok("2026-02-03 09:00")
A24 = policy("A", resolve(24, "wall", "always"), subject="A")
MINUTE = timedelta(minutes=1)


def test_26_a_closure_over_new_year_closes_the_days_of_both_years() -> None:
    """failures.md 26: there are dated days only, so 30 December to 2 January needs no rule that ends with the year."""
    closure = [ExceptionDay(date(2026, 12, 30) + timedelta(days=n), "closed") for n in range(4)]
    known = {one.day for one in closure}
    rest = [one for one in office_days() if one.day not in known]
    rest += [ExceptionDay(one.day, one.name_th) for one in holidays(2027) if one.day not in known]
    both = calendar("office", [*rest, *closure])
    start = bangkok("2026-12-29 15:30")
    assert both.working.add(start, hours(2)) == bangkok("2027-01-04 09:30")
    assert both.working.used(bangkok("2026-12-30 00:00"), bangkok("2027-01-03 00:00")) == timedelta(0)
    assert calendar("office", rest).working.add(start, hours(2)) < both.working.add(start, hours(2))


def test_34_closed_a_minute_early_and_reopened_the_clock_has_that_minute_left_and_no_more() -> None:
    """failures.md 34: the clock of the second cycle is met; counted from the first receipt the case is late."""
    shut, again = START + hours(24) - MINUTE, START + hours(96)
    fixed = closed(again + MINUTE, cycle=2, seq=700)
    goes_on = facts(START, closed(shut), reopened(again), fixed)
    first, second = evaluate(book(A24, calendars=[ALWAYS_V1]), goes_on, again + hours(1))
    assert (first.verdict, second.verdict, second.due_at) == ("met", "met", again + MINUTE)
    whole = facts(START, closed(shut), reopened(again, mode="count_all"), fixed)
    assert evaluate(book(A24, calendars=[ALWAYS_V1]), whole, again + hours(1))[1].verdict == "breached"


def test_16_closing_early_and_reopening_gives_no_mode_more_time_than_its_name_says() -> None:
    """failures.md 16: what the second cycle may still use, with 20 of 24 hours used before the closing."""
    shut, again = START + hours(20), START + hours(60)
    left = {"continue": hours(4), "new_cycle": hours(24), "count_all": hours(24 - 60)}
    for mode, budget in left.items():
        ledger = facts(START, closed(shut), reopened(again, mode=mode))
        assert evaluate(book(A24, calendars=[ALWAYS_V1]), ledger, again)[1].due_at == again + budget
