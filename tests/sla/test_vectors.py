"""The 54 vectors derived by hand: every deadline, warning and verdict to the second."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.sla_service.domain.calendar import CalendarVersion, ExceptionDay
from services.sla_service.domain.evaluate import Clock, evaluate
from services.sla_service.domain.facts import CaseFacts
from services.sla_service.domain.policy import PolicyVersion, Target
from shared.kernel.working_time import Hold, NeverOpen, WorkingTime, windows
from tests.sla.given import (
    ALWAYS_V1,
    OFFICE_V1,
    OPEN_HOURS,
    bangkok,
    book,
    calendar,
    classified,
    closed,
    facts,
    held,
    office_days,
    policy,
)  # fmt: skip

VECTORS = json.loads((Path(__file__).parent / "sla_vectors.json").read_text())["vectors"]
Vector = dict[str, Any]
CHANGED_DAYS = {
    "half_day_2026-12-30": (date(2026, 12, 30), windows("08:30-12:00")),
    "working_saturday_2026-02-07": (date(2026, 2, 7), OPEN_HOURS),
    "closed_2026-02-20": (date(2026, 2, 20), ()),
}


def _named(*needs: str, without: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    chosen = [v for v in VECTORS if all(n in v for n in needs) and not any(n in v for n in without)]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=[v["id"] for v in chosen])


def _calendar(vector: Vector) -> CalendarVersion:
    code, _, change = vector["calendar"].partition("+")
    if code == "always":
        return ALWAYS_V1
    return calendar("office", office_days([CHANGED_DAYS[change]])) if change else OFFICE_V1


def _holds(vector: Vector) -> list[Hold]:
    return [(bangkok(begin), bangkok(end) if end else None) for begin, end in vector.get("holds", [])]


def _budget(vector: Vector, working: WorkingTime, start: datetime) -> timedelta:
    for unit, key in (("working_day", "budget_working_days"), ("calendar_day", "budget_calendar_days")):
        if key in vector:
            return Target("resolve", vector[key], unit, "office").budget(working, start)
    return timedelta(seconds=vector["budget_seconds"])


def _policy(code: str, seconds: int) -> PolicyVersion:
    assert seconds % 3600 == 0
    return policy(code, Target("resolve", seconds // 3600, "office", "office"), subject=code)


def _clock(vector: Vector, ledger: CaseFacts, now: datetime) -> Clock:
    policies = [_policy("A", vector["budget_seconds"])]
    if "retarget" in vector:
        policies.append(_policy("B", vector["retarget"]["budget_seconds"]))
    (clock,) = evaluate(book(*policies, calendars=[_calendar(vector), ALWAYS_V1]), ledger, now)
    return clock


@_named("start", "due", without=("retarget", "as_of"))
def test_a_deadline_is_the_earliest_instant_at_which_the_budget_is_used_up(vector: Vector) -> None:
    working, start = _calendar(vector).working, bangkok(vector["start"])
    assert working.due(start, _budget(vector, working, start), _holds(vector)) == bangkok(vector["due"])


@_named("as_of")
def test_a_held_clock_has_no_deadline_and_keeps_its_remainder(vector: Vector) -> None:
    clock = _clock(vector, facts(bangkok(vector["start"]), *held(_holds(vector))), bangkok(vector["as_of"]))
    assert (clock.due_at, clock.remaining) == (None, timedelta(seconds=vector["remaining_seconds"]))


@_named("stopped")
def test_the_verdict_is_decided_by_when_the_clock_stopped(vector: Vector) -> None:
    stopped = bangkok(vector["stopped"])
    ledger = facts(bangkok(vector["start"]), *held(_holds(vector)), closed(stopped))
    clock = _clock(vector, ledger, stopped)
    assert clock.verdict == vector["verdict"]
    assert clock.overrun == timedelta(seconds=vector.get("working_overrun_seconds", 0))
    if "consumed_seconds" in vector:
        assert clock.consumed == timedelta(seconds=vector["consumed_seconds"])


@_named("retarget")
def test_a_retarget_into_the_past_is_a_breach_at_once(vector: Vector) -> None:
    at = bangkok(vector["retarget"]["at"])
    ledger = facts(bangkok(vector["start"]), classifications=[classified("B", at)])
    clock = _clock(vector, ledger, at)
    assert (clock.due_at, clock.breached_at, clock.cause) == (bangkok(vector["due"]), at, "retarget")
    assert clock.overrun == timedelta(seconds=vector["working_overrun_seconds"])


@_named("warn_before_seconds")
def test_a_warning_is_walked_backwards_through_the_calendar(vector: Vector) -> None:
    before = timedelta(seconds=vector["warn_before_seconds"])
    assert OFFICE_V1.working.subtract(bangkok(vector["due"]), before) == bangkok(vector["warn_at"])


@_named("rejected")
def test_a_calendar_that_never_opens_is_refused(vector: Vector) -> None:
    assert vector["calendar"] == "never"
    with pytest.raises(NeverOpen):
        WorkingTime([()] * 7)
    only_once = WorkingTime([()] * 7, {date(2020, 1, 6): OPEN_HOURS})
    with pytest.raises(NeverOpen):
        only_once.refuse_if_never_open(bangkok("2026-02-03 09:00"))
    with pytest.raises(NeverOpen):
        only_once.add(bangkok("2026-02-03 09:00"), timedelta(hours=1))


def test_no_vector_is_left_out() -> None:
    covered = [v for v in VECTORS if {"due", "as_of", "stopped", "rejected", "warn_at"} & v.keys()]
    assert len(covered) == len(VECTORS) == 54


def test_the_exception_days_of_the_vectors_stand_for_named_days() -> None:
    assert OFFICE_V1.name_of(date(2026, 4, 13)) == "วันสงกรานต์"
    assert ExceptionDay(date(2026, 4, 13), "วันสงกรานต์") in OFFICE_V1.exceptions
