"""A call to a customer: claimed, tried, answered or given up (process steps 5 and 7)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.survey_service.domain.rules import CallRules
from shared.kernel.errors import Conflict, Forbidden

AGAIN = frozenset({"no_answer", "busy"})
OUTCOMES = ("answered", "no_answer", "busy", "refused", "wrong_number")


class CallState(StrEnum):
    """Where a call task stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


class CallIsClosed(Conflict):
    """This call has ended."""

    code = "call_closed"


class NotYours(Conflict):
    """Somebody else has this call, or nobody has claimed it."""

    code = "not_claimed_by_you"


class OwnWork(Forbidden):
    """Whoever handled the case does not ask whether the customer is satisfied."""

    code = "own_work"


@dataclass(frozen=True)
class Call:
    """One per case, cycle and purpose."""

    id: UUID
    case_id: UUID
    cycle: int
    purpose: str  # satisfaction | sample
    opened_at: datetime
    due_at: datetime | None
    handler: str | None = None
    state: CallState = CallState.OPEN
    attempts: int = 0
    reached: bool = False
    outcome: str | None = None
    closed_at: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    sample_id: UUID | None = None
    checklist: str | None = None

    def claimed(self, by: str, at: datetime, rules: CallRules) -> "Call":
        if self.state is CallState.CLOSED:
            raise CallIsClosed("This call has ended.")
        if by == self.handler:
            raise OwnWork("Somebody other than the handler of the case makes this call.")
        if self.claimed_by not in {None, by} and self.claimed_until is not None and self.claimed_until > at:
            raise NotYours("Somebody else has claimed this call.")
        until = at + timedelta(minutes=rules.claim_minutes)
        return replace(self, state=CallState.CLAIMED, claimed_by=by, claimed_until=until)

    def held_by(self, by: str) -> "Call":
        if self.state is CallState.CLOSED:
            raise CallIsClosed("This call has ended.")
        if self.claimed_by != by:
            raise NotYours("Claim the call first.")
        return self

    def attempted(self, outcome: str, at: datetime, rules: CallRules) -> "Call":
        """No answer and busy are tried again after a while, up to the limit; anything else is final or answered."""
        tried = replace(self, attempts=self.attempts + 1, outcome=outcome)
        if outcome == "answered":
            return replace(tried, reached=True)
        if outcome in AGAIN and tried.attempts < rules.max_attempts:
            due_at = at + timedelta(minutes=rules.retry_minutes)
            return replace(tried, state=CallState.OPEN, due_at=due_at, claimed_by=None, claimed_until=None)
        return tried.closed(outcome, at)

    def closed(self, outcome: str, at: datetime) -> "Call":
        return replace(self, state=CallState.CLOSED, outcome=outcome, closed_at=at, due_at=None, claimed_until=None)

    def reopened(self, at: datetime) -> "Call":
        """A number came after the call had ended for want of one."""
        return replace(self, state=CallState.OPEN, due_at=at, outcome=None, closed_at=None, claimed_by=None)

    def is_held(self, at: datetime) -> bool:
        """Somebody may be speaking with the customer."""
        return self.state is CallState.CLAIMED and self.claimed_until is not None and self.claimed_until > at

    def sampled(self, sample_id: UUID, version: str, at: datetime) -> "Call":
        """Drawn into a sample: the checklist is added, unless somebody has the call: they keep what they began with."""
        return replace(self, sample_id=sample_id, checklist=None if self.is_held(at) else version)


@dataclass(frozen=True)
class PhoneTask:
    """กสส. tells the customer by telephone because no message could; one per notice."""

    id: UUID
    notice_id: UUID
    case_id: UUID
    cycle: int
    reason: str
    opened_at: datetime
    state: CallState = CallState.OPEN
    outcome: str | None = None
    closed_at: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None

    def claimed(self, by: str, at: datetime, rules: CallRules) -> "PhoneTask":
        if self.state is CallState.CLOSED:
            raise CallIsClosed("This task has ended.")
        if self.claimed_by not in {None, by} and self.claimed_until is not None and self.claimed_until > at:
            raise NotYours("Somebody else has claimed this task.")
        until = at + timedelta(minutes=rules.claim_minutes)
        return replace(self, state=CallState.CLAIMED, claimed_by=by, claimed_until=until)

    def is_held(self, at: datetime) -> bool:
        return self.state is CallState.CLAIMED and self.claimed_until is not None and self.claimed_until > at

    def held_by(self, by: str) -> "PhoneTask":
        if self.state is CallState.CLOSED:
            raise CallIsClosed("This task has ended.")
        if self.claimed_by != by:
            raise NotYours("Claim the task first.")
        return self

    def closed(self, outcome: str, at: datetime) -> "PhoneTask":
        return replace(self, state=CallState.CLOSED, outcome=outcome, closed_at=at, claimed_until=None)
