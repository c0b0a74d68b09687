"""Why rungs fired, and why they did not, over REST."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.escalation_service.domain.explain import Why
from services.escalation_service.use_cases.explaining import CycleWhy, RungWhy, explain_case
from shared.db import Row
from shared.kernel.access import Actor
from shared.web import Transaction, needs
from shared.web.types import Instant

router = APIRouter(prefix="/escalation/v1", tags=["step 3: chase until done"])
_WORDS: dict[Why, str] = {
    Why.FIRED: "It fired.",
    Why.VACANT: "It fired, but nobody was at the post to be called upon.",
    Why.NOT_BREACHED: "The deadline had not been declared missed.",
    Why.LAPSED: "The case was closed before its time came.",
    Why.VOIDED: "The deadline had not been missed after all.",
    Why.PASSED: "A higher rung had fired before: each rank is called upon once, in order.",
    Why.LOWER_FIRST: "A lower rung comes first.",
    Why.HELD: "The clock is held: rungs wait as long.",
    Why.SCHEDULED: "Its hours after the deadline have not passed.",
    Why.GAP: "The officer before it is given time to act.",
    Why.DEFERRED: "An acknowledgement put it off.",
    Why.LADDER: "No ladder is in force for such a case.",
    Why.NAMED: "The policy of the case names a ladder that is not in force.",
    Why.CALENDAR: "No copy of its calendar has arrived, or it is never open for so long.",
    Why.PARKED: "An event of the case was set aside and must be settled first.",
    Why.FAILED: "The ladder could not be judged; the log says why.",
    Why.WATERMARK: "A publisher has not been heard up to its time: a resolution may be on its way.",
    Why.DUE: "Its time has come: the timer fires it next.",
}


class RungExplained(BaseModel):
    """One rung at the instant asked for."""

    rung: int
    post: str
    post_office: str
    why: str = Field(examples=["gap"])
    detail: str
    until: Instant | None = Field(description="when the reason ends, where that is known")
    scheduled_at: Instant | None
    gap_ends_at: Instant | None
    deferred_until: Instant | None
    calendar: str
    fired_at: Instant | None
    ready_at: Instant | None = Field(description="the earliest instant at which it might have fired")
    officer: str | None = Field(description="staff code, frozen when it fired")
    called_as: str | None = Field(description="holder | acting | vacant | on_leave")
    absent: str | None = Field(description="staff code of the holder in whose place somebody, or nobody, acted")
    unheard: list[str] = Field(description="publishers that must be heard first")


class HeldSpan(BaseModel):
    begin: Instant
    end: Instant | None


class DecisionShown(BaseModel):
    """What was decided then, as it was kept."""

    at: Instant
    what: str = Field(description="quiet | climbing | held | complete | ended, or what it waits for")
    rung: int | None
    scheduled_at: Instant | None
    fires_at: Instant | None
    facts: dict[str, Any]


class CycleExplained(BaseModel):
    """The ladder of one cycle at the instant asked for."""

    cycle: int
    ladder: str | None
    version: int | None
    due_at: Instant | None
    breached_at: Instant | None
    voided_at: Instant | None
    held: list[HeldSpan]
    rungs: list[RungExplained]
    decisions: list[DecisionShown]


class CaseExplained(BaseModel):
    """Every rung of every cycle, and why it fired or did not."""

    case_id: UUID
    at: Instant
    cycles: list[CycleExplained]


@router.get("/cases/{case_id}/explain", summary="Why did a rung fire, why did it not?")
async def explain(
    case_id: UUID,
    tx: Transaction,
    _actor: Annotated[Actor, needs("follow_ups:read")],
    at: Annotated[Instant | None, Query(description="as it was at this instant; without it: now")] = None,
) -> CaseExplained:
    until, cycles = await explain_case(tx, case_id, at)
    return CaseExplained(case_id=case_id, at=until, cycles=[_cycle(cycle) for cycle in cycles])


def _cycle(why: CycleWhy) -> CycleExplained:
    breach, rules = why.breach, why.rules
    return CycleExplained(
        cycle=why.ladder.cycle, ladder=rules.ladder or None, version=rules.version or None,
        due_at=breach.due_at if breach else None, breached_at=breach.breached_at if breach else None,
        voided_at=breach.voided_at if breach else None,
        held=[HeldSpan(begin=span.begin, end=span.end) for span in why.held],
        rungs=[_rung(rung) for rung in why.rungs], decisions=[_decision(row) for row in why.decisions],
    )  # fmt: skip


def _rung(why: RungWhy) -> RungExplained:
    said, record, limits = why.said, why.record, why.said.limits
    return RungExplained(
        rung=said.rule.rung, post=said.rule.post, post_office=why.post_office, why=said.why, detail=_WORDS[said.why],
        until=said.until, scheduled_at=record.scheduled_at if record else said.scheduled_at,
        gap_ends_at=limits.gap_ends_at if limits else None, deferred_until=limits.deferred_until if limits else None,
        calendar=said.rule.calendar, fired_at=record.fired_at if record else None,
        ready_at=record.ready_at if record else None, officer=record.officer_code if record else None,
        called_as=record.reason if record else None, absent=record.absent_code if record else None,
        unheard=list(why.unheard),
    )  # fmt: skip


def _decision(row: Row[Any]) -> DecisionShown:
    return DecisionShown(**{name: getattr(row, name) for name in DecisionShown.model_fields})
