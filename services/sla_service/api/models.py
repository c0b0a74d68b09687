"""What the SLA service's REST interface takes and gives."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.sla_service.domain.evaluate import Clock
from services.sla_service.domain.explain import Stretch
from services.sla_service.domain.policy import Target
from services.sla_service.use_cases.reading import Calculated, CaseClocks, CaseExplained, Explained, why
from shared.db import Row
from shared.web.types import Instant, StrictModel

Metric = Literal["acknowledge", "first_contact", "resolve", "notify_customer", "survey_call", "ois_record"]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")]


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


class ClockShown(BaseModel):
    """One clock of a case, as of now."""

    metric: Metric
    cycle: int
    state: str = Field(description="running | held | stopped", examples=["running"])
    policy: str = Field(description="code/version", examples=["L01/1"])
    calendar: str = Field(description="code/version", examples=["always/1"])
    amount: int = Field(examples=[24])
    unit: str = Field(description="wall | office | working_day | calendar_day")
    started_at: Instant
    due_at: Instant | None = Field(description="null while a hold freezes what is left")
    budget_seconds: int
    used_seconds: int = Field(description="counted so far, holds left out")
    gross_seconds: int = Field(description="counted so far, holds included")
    remaining_seconds: int = Field(description="0 when the budget is used up")
    held_at: Instant | None
    hold_reason: str | None
    warn_at: dict[str, Instant] = Field(
        description="when each warning is due", examples=[{"75%": "2026-02-04T03:00:00Z"}]
    )
    stopped_at: Instant | None
    verdict: str | None = Field(description="met | breached | cancelled, once stopped")
    overrun_seconds: int = Field(description="working time after the deadline; may be 0 on a breach")
    breached: bool


class BreachOfCase(BaseModel):
    """A missed deadline on record. A voided one did not happen after all; it is kept."""

    breach_id: UUID
    metric: Metric
    cycle: int
    level: int
    generation: int
    due_at: Instant
    breached_at: Instant
    declared_at: Instant
    cause: str = Field(description="elapsed | retarget | calendar")
    voided_at: Instant | None
    void_reason: str | None


class BreachShown(BreachOfCase):
    """A missed deadline with its case."""

    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    office: str
    region: int | None
    kind: str
    stopped_at: Instant | None = Field(description="when the clock stopped; null while it is overdue")


class CaseClocksShown(BaseModel):
    """All clocks of a case and every breach on record."""

    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    office: str
    region: int | None
    received_at: Instant | None
    as_of: Instant
    clocks: list[ClockShown]
    breaches: list[BreachOfCase]


class StretchShown(BaseModel):
    """A counted or skipped stretch of time."""

    began_at: Instant
    ended_at: Instant
    counted: bool
    reason: str = Field(description="working_time | outside_hours | case_closed | hold | the reason of a pause")
    day_name: str | None = Field(description="the holiday, where one is the reason", examples=["วันสงกรานต์"])
    overdue: bool = Field(description="lies after the deadline")
    used_seconds: int = Field(description="of the budget, by the end of this stretch")


class DecisionShown(BaseModel):
    """What was decided about a clock when its facts, its policy or the time had changed."""

    decided_at: Instant
    metric: Metric | None = Field(description="null: about the case")
    cycle: int | None
    what: str = Field(
        description="armed, held, rescheduled, warned, breached, very_late, voided, stopped, dropped or held_back"
    )
    reason: str | None = Field(
        description="the policy, the cause and generation, the level, the verdict; of held_back: blind or parked"
    )
    instant: Instant | None = Field(description="the deadline, or the instant that the decision is about")


class ExplainedClock(ClockShown):
    """A clock and why it stands so."""

    why: str = Field(
        description="stopped | breached | held | not_due_yet | held_back (see the decisions) | awaits_timer",
        examples=["not_due_yet"],
    )
    extended_seconds: int = Field(description="more time that two persons gave; part of the budget")
    stretches: list[StretchShown]


class Explanation(BaseModel):
    """Why the clocks of a case stood as they did at an instant, by the facts known today."""

    case_id: UUID
    number: str | None
    at: Instant
    clocks: list[ExplainedClock]
    decisions: list[DecisionShown] = Field(description="taken by then, the last 200, oldest first")


class TargetBody(StrictModel):
    """What is promised. Hours are `wall` (always) or `office`; days leave the first day out."""

    amount: int = Field(ge=1, le=2000, examples=[3])
    unit: Literal["wall", "office", "working_day", "calendar_day"]
    calendar: Code = Field(examples=["office"])
    version: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="of the calendar, a draft too; without it: the newest published", examples=[2]
    )

    def target(self) -> Target:
        return Target("resolve", self.amount, self.unit, "always" if self.unit == "wall" else self.calendar)


class HoldBody(StrictModel):
    """A pause; without an end it has not ended."""

    began_at: Instant
    ended_at: Instant | None = None


class CalculatorBody(StrictModel):
    """A target, a start and pauses: when would it be due?"""

    target: TargetBody
    start: Instant
    holds: list[HoldBody] = Field(default=[], max_length=20)


class CalculatorAnswer(BaseModel):
    """The deadline, and the stretches that lead to it."""

    calendar: str = Field(examples=["office/1"])
    budget_seconds: int
    due_at: Instant | None = Field(description="null when a pause has not ended before the budget is used up")
    stretches: list[StretchShown]


def _clock(one: Clock) -> dict[str, Any]:
    left = max(one.budget - one.consumed, timedelta(0))
    return {
        "metric": one.metric,
        "cycle": one.cycle,
        "state": "stopped" if one.stopped_at else "held" if one.held_at else "running",
        "policy": f"{one.policy.code}/{one.policy.version}",
        "calendar": f"{one.calendar.code}/{one.calendar.version}",
        "amount": one.target.amount,
        "unit": one.target.unit,
        "started_at": one.started_at,
        "due_at": one.due_at,
        "budget_seconds": _seconds(one.budget),
        "used_seconds": _seconds(one.consumed),
        "gross_seconds": _seconds(one.gross),
        "remaining_seconds": _seconds(left),
        "held_at": one.held_at,
        "hold_reason": one.hold_reason,
        "warn_at": dict(one.warn_at),
        "stopped_at": one.stopped_at,
        "verdict": one.verdict,
        "overrun_seconds": _seconds(one.overrun),
        "breached": one.breached_at is not None,
    }


def _stretch(one: Stretch) -> StretchShown:
    return StretchShown(
        began_at=one.began_at, ended_at=one.ended_at, counted=one.counted, reason=one.reason, day_name=one.day_name,
        overdue=one.overdue, used_seconds=_seconds(one.used) or 0,
    )  # fmt: skip


def _named(model: type[BaseModel], row: Row[Any], **more: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields if name not in more} | more


def breach_shown(row: Row[Any]) -> BreachShown:
    return BreachShown(**_named(BreachShown, row, breach_id=row.id))


def case_clocks(found: CaseClocks) -> CaseClocksShown:
    return CaseClocksShown(
        case_id=found.file.case_id, number=found.file.number, office=found.file.office, region=found.file.region,
        received_at=found.file.received_at, as_of=found.at, clocks=[ClockShown(**_clock(c)) for c in found.clocks],
        breaches=[BreachOfCase(**_named(BreachOfCase, row, breach_id=row.id)) for row in found.breaches],
    )  # fmt: skip


def explanation(found: CaseExplained) -> Explanation:
    """The answer to "why did it fire, why did it not"."""
    return Explanation(
        case_id=found.file.case_id, number=found.file.number, at=found.at,
        clocks=[_explained(one, found) for one in found.clocks],
        decisions=[DecisionShown(**_named(DecisionShown, row)) for row in found.decisions],
    )  # fmt: skip


def _explained(one: Explained, found: CaseExplained) -> ExplainedClock:
    return ExplainedClock(
        **_clock(one.clock),
        why=why(one.clock, found.decisions),
        extended_seconds=_seconds(one.clock.extended) or 0,
        stretches=[_stretch(piece) for piece in one.stretches],
    )


def calculated(found: Calculated) -> CalculatorAnswer:
    return CalculatorAnswer(
        calendar=found.calendar, budget_seconds=_seconds(found.budget) or 0, due_at=found.due_at,
        stretches=[_stretch(piece) for piece in found.stretches],
    )  # fmt: skip
