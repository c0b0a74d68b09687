"""Changes of clocks as the events that other services read."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import (
    AT_DUE,
    Armed,
    Breached,
    Change,
    Dropped,
    Held,
    Overdue,
    Repaused,
    Rescheduled,
    Stopped,
    Voided,
    Warned,
)
from services.sla_service.domain.evaluate import NOTHING_LEFT, Clock
from services.sla_service.store.clocks import breach_id
from shared.contracts.base import CaseEvent
from shared.contracts.sla import (
    BreachVoided,
    ClockArmed,
    ClockExtended,
    ClockHeld,
    ClockRecomputed,
    ClockRescheduled,
    ClockStopped,
    HeldTime,
    SlaBreached,
    SlaWarned,
    VeryLate,
)
from shared.db import Row

Head = dict[str, Any]


def _head(file: CaseFile, metric: str, cycle: int) -> Head:
    return {
        "case_id": file.case_id,
        "office": file.office,
        "region": file.region,
        "kind": file.kind,
        "restricted": file.restricted,
        "cycle": cycle,
        "metric": metric,
    }


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _armed(head: Head, change: Armed, _now: datetime) -> CaseEvent:
    policy, calendar = change.clock.policy, change.clock.calendar
    return ClockArmed(
        **head,
        started_at=change.clock.started_at,
        due_at=change.due_at,
        policy=policy.name,
        calendar=f"{calendar.code}/{calendar.version}",
    )


def _held(head: Head, change: Held, _now: datetime) -> CaseEvent:
    left = _seconds(change.remaining)
    reason, holds = change.clock.hold_reason or "", _holds(change.clock)
    return ClockHeld(**head, reason=reason, held_at=change.held_at, remaining_seconds=left, holds=holds)


def _holds(clock: Clock) -> tuple[HeldTime, ...]:
    return tuple(HeldTime(begin=begin, end=end) for begin, end in clock.pauses)


def _rescheduled(head: Head, change: Rescheduled, now: datetime) -> CaseEvent:
    return ClockRescheduled(
        **head,
        due_at=change.due_at,
        previous_due_at=change.previous_due_at,
        cause=change.cause,
        rescheduled_at=now,
        resumed_at=change.resumed_at,
        holds=_holds(change.clock),
        warned=tuple(sorted(change.warned)),
    )


def _repaused(head: Head, change: Repaused, now: datetime) -> CaseEvent:
    due_at = change.clock.due_at
    return ClockRecomputed(
        **head,
        reason=change.reason,
        previous_due_at=due_at,
        due_at=due_at,
        recomputed_at=now,
        holds=_holds(change.clock),
    )


def _warned(head: Head, change: Warned, now: datetime) -> CaseEvent:
    return SlaWarned(**head, level=change.level, due_at=change.due_at, warned_at=now)


def _breached(head: Head, change: Breached, _now: datetime) -> CaseEvent:
    return SlaBreached(
        **head,
        breach_id=breach_id(head["case_id"], change),
        due_at=change.due_at,
        breached_at=change.breached_at,
        cause=change.cause,
        generation=change.generation,
        policy=change.clock.policy.name,
        ladder=change.clock.policy.ladder,
    )


def _very_late(head: Head, change: Overdue, _now: datetime) -> CaseEvent:
    return VeryLate(
        **head,
        breach_id=breach_id(head["case_id"], change),
        tier=change.tier,
        due_at=change.clock.due_at,
        reached_at=change.reached_at,
    )


def _stopped(head: Head, change: Stopped, _now: datetime) -> CaseEvent:
    clock = change.clock
    return ClockStopped(
        **head,
        stopped_at=change.stopped_at,
        due_at=clock.due_at,
        verdict=change.verdict,
        consumed_seconds=_seconds(clock.consumed),
        overrun_seconds=_seconds(clock.overrun),
    )


_EVENT_OF: Mapping[type[Change], Callable[[Head, Any, datetime], CaseEvent]] = {
    Armed: _armed,
    Held: _held,
    Rescheduled: _rescheduled,
    Repaused: _repaused,
    Warned: _warned,
    Breached: _breached,
    Overdue: _very_late,
    Stopped: _stopped,
}


def event_of(file: CaseFile, change: Change | Voided, now: datetime) -> CaseEvent | None:
    """The event that tells one change; a very late tier that was none is told by the end of its clock."""
    if isinstance(change, Voided):
        if change.level != AT_DUE:
            return None
        head = _head(file, *change.key)
        return BreachVoided(**head, breach_id=change.breach_id, reason=change.reason, voided_at=now)
    head = _head(file, change.clock.metric, change.clock.cycle)
    return _EVENT_OF[type(change)](head, change, now)


def dropped_event(file: CaseFile, dropped: Dropped, now: datetime) -> ClockStopped:
    """The clock ended because its policy sets no target any more."""
    return ClockStopped(
        **_head(file, *dropped.key),
        stopped_at=now,
        due_at=None,
        verdict=NOTHING_LEFT,
        consumed_seconds=0,
        overrun_seconds=0,
    )


def recomputed_event(
    file: CaseFile, clock: Clock, previous: datetime | None, reason: str, now: datetime
) -> ClockRecomputed:
    """Something was entered after the fact, and moved a deadline."""
    head = _head(file, clock.metric, clock.cycle)
    return ClockRecomputed(
        **head,
        reason=reason,
        previous_due_at=previous,
        due_at=clock.due_at,
        recomputed_at=now,
        holds=_holds(clock),
    )


def extended_event(file: CaseFile, granted: Row[Any]) -> ClockExtended:
    """Two persons gave a clock more time."""
    return ClockExtended(
        **_head(file, granted.metric, granted.cycle),
        extension_id=granted.id,
        previous_due_at=granted.previous_due_at,
        due_at=granted.due_at,
        reason=granted.reason,
        granted_at=granted.decided_at,
    )
