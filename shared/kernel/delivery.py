"""One means of telling somebody something: its attempts, what became of them, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from shared.kernel.outcome import Accepted, Failed, Outcome, Refused, Unknown

# The far side ignores a second message with the same key: only here may the machine repeat an unknown outcome.
WITH_RETRY_KEY = frozenset({"line", "webhook"})
RETRY_KEY_LIFE = timedelta(hours=24)
WITH_RECEIPTS = frozenset({"sms"})


class DeliveryState(StrEnum):
    """Where one channel stands."""

    WAITING = "waiting"
    DUE = "due"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SendingRules(Protocol):
    """How messages are retried and given up."""

    @property
    def max_attempts(self) -> int: ...
    @property
    def backoff_cap_seconds(self) -> int: ...
    @property
    def patience_hours(self) -> int: ...
    @property
    def receipt_hours(self) -> int: ...
    def backoff(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the nth failed attempt."""
        ...


S = DeliveryState


@dataclass(frozen=True)
class Delivery:
    """One channel's attempts to bring a message through."""

    id: UUID
    channel: str
    position: int
    state: DeliveryState = S.WAITING
    attempts: int = 0
    in_doubt: bool = False  # an earlier attempt may have been accepted
    due_at: datetime | None = None
    give_up_at: datetime | None = None
    first_sent_at: datetime | None = None
    sending_at: datetime | None = None
    accepted_at: datetime | None = None
    receipt_due_at: datetime | None = None
    reason: str | None = None

    def reference(self, attempt: int) -> str:
        """What the provider repeats in its receipts."""
        return f"{self.id.hex}-{attempt}"

    def activated(self, at: datetime, rules: SendingRules) -> "Delivery":
        return replace(self, state=S.DUE, due_at=at, give_up_at=at + timedelta(hours=rules.patience_hours))

    def postponed(self, until: datetime, rules: SendingRules) -> "Delivery":
        """Quiet hours: neither an attempt nor time that counts as waiting for the provider."""
        return replace(self, due_at=until, give_up_at=until + timedelta(hours=rules.patience_hours))

    def begun(self, at: datetime) -> "Delivery":
        first = self.first_sent_at or at
        sending = replace(self, state=S.SENDING, attempts=self.attempts + 1, due_at=None)
        return replace(sending, sending_at=at, first_sent_at=first)

    def failed(self, reason: str) -> "Delivery":
        """Definitely not through by this channel, unless an earlier attempt is in doubt."""
        return replace(self, state=S.UNKNOWN if self.in_doubt else S.FAILED, reason=reason, due_at=None)

    def recorded(self, attempt: int, outcome: Outcome, at: datetime, rules: SendingRules, jitter: float) -> "Delivery":
        """The result of an attempt. A late 'accepted' still counts; any other late result does not."""
        if isinstance(outcome, Accepted):
            return self._accepted(at, rules) if self.state in {S.SENDING, S.UNKNOWN, S.DUE} else self
        if self.state is not S.SENDING or attempt != self.attempts:
            return self
        match outcome:
            case Refused(reason):
                return self.failed(reason)
            case Failed(reason, retry_after):
                wait = max(rules.backoff(attempt, jitter), min(retry_after or 0, rules.backoff_cap_seconds))
                return self._again(reason, at + timedelta(seconds=wait), rules)
            case Unknown(reason):
                wait = rules.backoff(attempt, jitter)
                return self._doubted(reason, at, at + timedelta(seconds=wait), rules)

    def interrupted(self, at: datetime, rules: SendingRules) -> "Delivery":
        """Nobody recorded a result within the lease: the process died, or is frozen, somewhere around the call."""
        return self._doubted("interrupted", at, at, rules)

    def _accepted(self, at: datetime, rules: SendingRules) -> "Delivery":
        until = at + timedelta(hours=rules.receipt_hours) if self.channel in WITH_RECEIPTS else None
        taken = replace(self, state=S.ACCEPTED, in_doubt=False, due_at=None, reason=None)
        return replace(taken, accepted_at=at, receipt_due_at=until)

    def _again(self, reason: str, due_at: datetime, rules: SendingRules) -> "Delivery":
        if self.attempts >= rules.max_attempts:
            return self.failed(reason)
        return replace(self, state=S.DUE, due_at=due_at, reason=reason)

    def _doubted(self, reason: str, at: datetime, due_at: datetime, rules: SendingRules) -> "Delivery":
        """Without a retry key a person decides; with one, the same key is sent again while it is remembered."""
        remembered = self.first_sent_at is not None and at - self.first_sent_at < RETRY_KEY_LIFE
        may_repeat = self.channel in WITH_RETRY_KEY and remembered and self.attempts < rules.max_attempts
        state = S.DUE if may_repeat else S.UNKNOWN
        return replace(self, in_doubt=True, state=state, reason=reason, due_at=due_at if may_repeat else None)


def planned(ids: Sequence[UUID], channels: Sequence[str]) -> tuple[Delivery, ...]:
    """A delivery per channel, in the order in which they are tried."""
    return tuple(Delivery(i, channel, n) for n, (i, channel) in enumerate(zip(ids, channels, strict=True), start=1))
