"""What figures are counted from: a row for each cycle of a registered case, derived from its record."""

from dataclasses import dataclass
from datetime import datetime

from services.reporting_service.domain.case import CaseRecord, Cycle
from services.reporting_service.domain.judgement import ended_before, is_on_time

SATISFACTION = "satisfaction"
ENDED = frozenset({"answered", "cancelled"})


@dataclass(frozen=True)
class CycleRow:
    """One cycle, with what concerns the whole case beside it. Received and ended stand with the first cycle alone.

    `open_since`, `open_until`: when work on this cycle was outstanding. `judged`: the cycle is one that is kept or
    missed. `rungs`: when each rung fired, from the first on.
    """

    case_id: str
    cycle: int
    is_first: bool
    is_last: bool
    kind: str
    channel: str | None
    dimension: str | None
    subject: str | None
    region: int | None
    received_at: datetime | None
    ended_at: datetime | None
    ended_as: str | None
    reopened_at: datetime | None
    resolved_at: datetime | None
    repaired: bool | None
    cause: str | None
    rungs: tuple[datetime | None, ...] | None
    open_since: datetime | None
    open_until: datetime | None
    due_at: datetime | None
    judged: bool
    on_time: bool
    whole_due_at: datetime | None
    whole_judged: bool
    whole_on_time: bool
    last_not_repaired: bool
    without_clock: bool
    call_began_at: datetime | None
    call_reached: bool | None
    call_no_phone: bool | None
    answered_at: datetime | None
    convenience: int | None
    variety: int | None
    speed: int | None
    repair: int | None
    contact_center: int | None
    called_back: bool | None
    named_prapa: bool


def cycles(case: CaseRecord) -> list[CycleRow]:
    """Rows of a case; none before its registration has arrived."""
    if case.number is None or case.received_at is None:
        return []
    return [_row(case, case.received_at, cycle) for cycle in case.cycles]


def _row(case: CaseRecord, received_at: datetime, cycle: Cycle) -> CycleRow:
    is_first, ended = cycle is case.first, case.state in ENDED
    call = cycle.call(SATISFACTION)
    answers = call.answers if call else None
    return CycleRow(
        case_id=case.case_id, cycle=cycle.number, is_first=is_first, is_last=cycle is case.last, kind=case.kind,
        channel=case.channel, dimension=case.dimension, subject=case.subject, region=case.region,
        received_at=received_at if is_first else None, ended_at=case.closed_at if is_first and ended else None,
        ended_as=case.state if is_first and ended else None, reopened_at=cycle.reopened_at,
        resolved_at=cycle.resolved_at, repaired=cycle.repaired,
        cause=None if case.restricted else cycle.cause or None, rungs=_rungs(cycle),
        open_since=_begun(cycle, received_at), open_until=_over(case, cycle), due_at=cycle.deadline,
        judged=not ended_before(case, cycle.deadline), on_time=cycle.on_time, whole_due_at=case.whole_deadline,
        whole_judged=not ended_before(case, case.whole_deadline), whole_on_time=is_on_time(case),
        last_not_repaired=case.last.repaired is False,
        without_clock=is_first and cycle.due_at is None and case.state != "cancelled",
        call_began_at=call.began_at if call else None, call_reached=call.reached if call else None,
        call_no_phone=call.no_phone if call else None, answered_at=answers.answered_at if answers else None,
        convenience=answers.channel_convenience if answers else None,
        variety=answers.channel_variety if answers else None, speed=answers.speed if answers else None,
        repair=answers.repair if answers else None, contact_center=answers.contact_center if answers else None,
        called_back=answers.called_back if answers else None, named_prapa=bool(cycle.mister_prapa),
    )  # fmt: skip


def _begun(cycle: Cycle, received_at: datetime) -> datetime | None:
    if cycle.number == 1:
        return received_at
    return max(received_at, cycle.reopened_at) if cycle.reopened_at else None


def _over(case: CaseRecord, cycle: Cycle) -> datetime | None:
    """When the cycle was resolved, the case ended otherwise, or a later cycle took over."""
    ends = [cycle.resolved_at, case.closed_at if case.state in ENDED else None]
    ends += [later.reopened_at for later in case.cycles if later.number > cycle.number]
    return min((at for at in ends if at is not None), default=None)


def _rungs(cycle: Cycle) -> tuple[datetime | None, ...] | None:
    fired = {rung.rung: rung.fired_at for rung in cycle.rungs}
    return tuple(fired.get(n) for n in range(1, max(fired) + 1)) if fired else None
