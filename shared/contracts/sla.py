"""What sla tells: clocks, warnings and breaches (process steps 2 and 3; sla.md)."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import SLA, CaseEvent, Event, Instant, event
from shared.contracts.values import MetricText, one_of


class HeldTime(BaseModel):
    """A half-open time in which a clock was held; without an end while it still is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    begin: Instant
    end: Instant | None = None


@event("pwa.sla.clock-armed.v1", topic=SLA)
class ClockArmed(CaseEvent):
    """A clock runs: `due_at` is the earliest instant at which its budget is used up."""

    metric: MetricText
    started_at: Instant
    due_at: Instant
    policy: str
    calendar: str


@event("pwa.sla.clock-held.v1", topic=SLA)
class ClockHeld(CaseEvent):
    """The clock is paused: nothing fires, the remainder is frozen."""

    metric: MetricText
    reason: str
    held_at: Instant
    remaining_seconds: int
    holds: tuple[HeldTime, ...] | None = None  # all held time of the cycle, as it is known by now


@event("pwa.sla.clock-rescheduled.v1", topic=SLA)
class ClockRescheduled(CaseEvent):
    """A running clock has another deadline: resumed, retargeted, recomputed or reopened."""

    metric: MetricText
    due_at: Instant
    previous_due_at: Instant | None = None
    cause: Annotated[str, one_of("resume", "retarget", "calendar", "correction", "extension")]
    rescheduled_at: Instant
    resumed_at: Instant | None = None  # when the hold ended, which may have been told later; of a resume only
    holds: tuple[HeldTime, ...] | None = None  # all held time of the cycle, as it is known by now
    warned: tuple[str, ...] | None = None  # levels of warning that stand; the others come again in their time


@event("pwa.sla.clock-stopped.v1", topic=SLA)
class ClockStopped(CaseEvent):
    """The clock ended. met <=> stopped_at <= due_at; `cancelled` where there was nothing left to measure."""

    metric: MetricText
    stopped_at: Instant
    due_at: Instant | None
    verdict: Annotated[str, one_of("met", "breached", "cancelled")]
    consumed_seconds: int
    overrun_seconds: int


@event("pwa.sla.warned.v1", topic=SLA)
class SlaWarned(CaseEvent):
    """The deadline comes near; once per level and cycle, and again where the deadline was put off far enough."""

    metric: MetricText
    level: str
    due_at: Instant
    warned_at: Instant


@event("pwa.sla.breached.v1", topic=SLA)
class SlaBreached(CaseEvent):
    """The deadline passed without a resolution at or before it. A fact: may be voided, never erased."""

    breach_id: UUID
    metric: MetricText
    due_at: Instant
    breached_at: Instant
    cause: Annotated[str, one_of("elapsed", "retarget", "calendar")]
    generation: int
    policy: str | None = None  # code/version
    ladder: str | None = None  # the ladder that the policy names; None: escalation's selectors choose


@event("pwa.sla.breach-voided.v1", topic=SLA)
class BreachVoided(CaseEvent):
    """A recomputation showed that the breach had not happened (late fact, calendar)."""

    breach_id: UUID
    metric: MetricText
    reason: str
    voided_at: Instant


@event("pwa.sla.very-late.v1", topic=SLA)
class VeryLate(CaseEvent):
    """A breached clock that still runs has used up a multiple of its budget; once per tier and breach."""

    breach_id: UUID
    metric: MetricText
    tier: int  # 2 | 3: times the budget
    due_at: Instant
    reached_at: Instant


@event("pwa.sla.clock-extended.v1", topic=SLA)
class ClockExtended(CaseEvent):
    """Two persons gave a clock more time; the customer is told the new date."""

    extension_id: UUID
    metric: MetricText
    previous_due_at: Instant | None = None  # None: the clock was held
    due_at: Instant | None = None
    reason: str
    granted_at: Instant


@event("pwa.sla.recomputed.v1", topic=SLA)
class ClockRecomputed(CaseEvent):
    """A hold was entered or changed after the fact; what it did to the deadline, or that it did nothing to it."""

    metric: MetricText
    reason: str
    previous_due_at: Instant | None = None
    due_at: Instant | None = None
    recomputed_at: Instant
    holds: tuple[HeldTime, ...] | None = None  # all held time of the cycle: rungs that have not fired wait by it


class ExceptionDay(BaseModel):
    """A date whose windows replace those of its weekday: none when closed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: str  # 2027-04-13
    name: str
    windows: tuple[str, ...] = ()


@event("pwa.sla.calendar-published.v1", topic=SLA)
class CalendarPublished(Event):
    """A calendar version is in force for new clocks; it never changes."""

    code: str
    version: int
    name_th: str
    zone: str
    weekly: list[list[str]]  # seven lists of HH:MM-HH:MM, Monday first
    exceptions: tuple[ExceptionDay, ...] = ()
    horizon_on: str | None = None  # the last day whose closures are known
    published_at: Instant

    @property
    def key(self) -> str:
        return f"calendar/{self.code}"


@event("pwa.sla.ladder-named.v1", topic=SLA)
class LadderNamed(Event):
    """A published policy names the ladder of its late cases; told again when the policy's range gets an end."""

    policy: str
    version: int
    ladder: str
    valid_from: Instant
    valid_to: Instant | None = None
    told_at: Instant

    @property
    def key(self) -> str:
        return f"policy/{self.policy}"
