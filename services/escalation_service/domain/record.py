"""The ladder of one cycle of a case as it is kept: what facts have settled and what the plan says next."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.escalation_service.domain.ladder import Closure, Facts, Plan, State


@dataclass(frozen=True)
class Ladder:
    """One row per (case, cycle): aggregate, timer and line of the follow-up list at once."""

    case_id: UUID
    cycle: int
    state: str = State.QUIET
    next_due_at: datetime | None = None
    next_rung: int | None = None
    next_scheduled_at: datetime | None = None
    due_at: datetime | None = None
    due_seq: int = 0
    warned_at: datetime | None = None
    warned_seq: int = 0
    breached_at: datetime | None = None
    last_rung: int = 0
    last_fired_at: datetime | None = None
    last_acknowledged_at: datetime | None = None
    promised_at: datetime | None = None
    closed_at: datetime | None = None
    closed_reason: str | None = None
    closed_seq: int | None = None
    repaired: bool | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None
    next_chase_on: date | None = None
    last_chased_at: datetime | None = None
    stalled: str | None = None
    calendar: str | None = None

    @property
    def key(self) -> tuple[UUID, int]:
        return self.case_id, self.cycle

    @property
    def has_breached(self) -> bool:
        """Whether a breach was ever told; without one there is nothing to plan."""
        return self.breached_at is not None or self.ended_at is not None

    @property
    def closure(self) -> Closure | None:
        if self.closed_at is None or self.closed_reason is None:
            return None
        return Closure(self.closed_reason, self.closed_at)

    @property
    def is_on_the_list(self) -> bool:
        """Whether กสส. follows the case up: open and warned or late, or reported done without repair."""
        if self.closed_at is not None:
            return self.repaired is False
        return self.breached_at is not None or self.warned_at is not None

    def learn_due(self, due_at: datetime, seq: int) -> "Ladder":
        """Take a deadline, unless a later fact gave another."""
        return replace(self, due_at=due_at, due_seq=seq) if seq >= self.due_seq else self

    def warn(self, at: datetime | None, seq: int) -> "Ladder":
        """Warned of the deadline, or (None) not any more, because it was put off; the later fact counts."""
        return replace(self, warned_at=at, warned_seq=seq) if seq >= self.warned_seq else self

    def close(self, closure: Closure, *, seq: int, repaired: bool | None = None) -> "Ladder":
        """The cycle's first closing counts."""
        if self.closed_seq is not None and self.closed_seq <= seq:
            return self
        return replace(self, closed_at=closure.at, closed_reason=closure.reason, closed_seq=seq, repaired=repaired)

    def promise(self, at: datetime | None) -> "Ladder":
        return replace(self, promised_at=at) if at is not None else self

    def follow(self, plan: Plan, facts: Facts) -> "Ladder":
        """Take over what the plan says."""
        standing, last = facts.standing, facts.last
        is_new_rung = last is not None and last.rung != self.last_rung
        return replace(
            self,
            state=plan.state,
            next_due_at=plan.fires_at,
            next_rung=plan.next_rung.rung if plan.next_rung else None,
            next_scheduled_at=plan.scheduled_at,
            breached_at=standing.breached_at if standing else None,
            last_rung=last.rung if last else 0,
            last_fired_at=last.fired_at if last else None,
            last_acknowledged_at=None if is_new_rung else self.last_acknowledged_at,
            ended_at=plan.ended_at,
            ended_reason=plan.ended_reason,
            stalled=plan.waits_for,
            calendar=plan.next_rung.calendar if plan.next_rung else None,
        )

    def stall(self, why: str, *, until: datetime) -> "Ladder":
        """Hold fire for a while: something must be settled first."""
        return replace(self, stalled=why, next_due_at=until)
