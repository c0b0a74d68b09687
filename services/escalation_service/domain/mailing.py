"""A mailing to an officer, by one means after the other until one takes it (the same shape as survey's notices)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.kernel.delivery import Delivery, DeliveryState, SendingRules
from shared.kernel.errors import Conflict, NotFound


class MailingState(StrEnum):
    """Where a mailing stands as a whole."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    NOT_TOLD = "not_told"
    WITHDRAWN = "withdrawn"


S, M = DeliveryState, MailingState


@dataclass(frozen=True)
class Rules:
    """How mailings are retried and given up."""

    max_attempts: int
    backoff_seconds: int
    backoff_cap_seconds: int
    patience_hours: int
    receipt_hours: int = 0  # no means of ours must have a receipt

    def backoff(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the nth failed attempt; `jitter` in [0, 1) spreads them over half to one and a half."""
        return min(self.backoff_seconds * 2.0 ** (attempt - 1), float(self.backoff_cap_seconds)) * (0.5 + jitter)


@dataclass(frozen=True)
class Mailing:
    """One message or a digest, on its way to one officer."""

    mailing_id: UUID
    recipient: str
    recipient_name: str
    kind: str
    size: int
    created_at: datetime
    deliveries: tuple[Delivery, ...] = ()
    state: MailingState = M.PENDING
    reason: str | None = None
    told_at: datetime | None = None
    told_by: str | None = None
    evidence: str | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether some attempt may have reached the officer without our knowing."""
        return any(each.in_doubt or each.state in {S.ACCEPTED, S.UNKNOWN} for each in self.deliveries)

    def delivery(self, delivery_id: UUID) -> Delivery:
        found = next((each for each in self.deliveries if each.id == delivery_id), None)
        if found is None:
            raise NotFound("No such delivery.")
        return found

    def changed(self, delivery_id: UUID, change: Callable[[Delivery], Delivery]) -> "Mailing":
        parts = tuple(change(each) if each.id == delivery_id else each for each in self.deliveries)
        return replace(self, deliveries=parts)

    def settled(self, at: datetime, rules: SendingRules) -> "Mailing":
        """What the deliveries say together: taken, in doubt, on its way, the next means, or not told."""
        if self.state is M.WITHDRAWN or self.state is M.DELIVERED:
            return self
        if taken := self._first(S.ACCEPTED):
            return self.known(M.ACCEPTED, at, taken.channel, "accepted")
        if doubted := self._first(S.UNKNOWN):
            return replace(self, state=M.UNKNOWN, reason=doubted.reason)
        if going := self._first(S.DUE) or self._first(S.SENDING):
            return replace(self, state=M.PENDING, reason=going.reason)
        if waiting := self._first(S.WAITING):
            return replace(self.changed(waiting.id, lambda each: each.activated(at, rules)), state=M.PENDING)
        return replace(self, state=M.NOT_TOLD, reason=self._last_reason(), told_at=None, told_by=None, evidence=None)

    def overdue(self, delivery_id: UUID, at: datetime, rules: SendingRules) -> "Mailing":
        """A delivery that nobody finished: a call without a result, or a provider away for too long."""
        match self.delivery(delivery_id).state:
            case S.SENDING:
                return self.changed(delivery_id, lambda each: each.interrupted(at, rules)).settled(at, rules)
            case S.DUE:
                return self.changed(delivery_id, lambda each: each.failed("provider_away")).settled(at, rules)
        return self

    def delivered(self, delivery_id: UUID, at: datetime) -> "Mailing":
        """The provider's receipt: the officer has it."""
        if self.state is M.WITHDRAWN or self.state is M.DELIVERED:
            return self
        channel = self.delivery(delivery_id).channel
        known = self.changed(
            delivery_id, lambda each: replace(each, state=S.DELIVERED, in_doubt=False, due_at=None, reason=None)
        )
        return known.silenced().known(M.DELIVERED, at, channel, "receipt")

    def bounced(self, delivery_id: UUID, attempt: int, reason: str, at: datetime, rules: SendingRules) -> "Mailing":
        """The provider's word that it did not arrive: the next means. Words about older attempts are ignored."""
        delivery = self.delivery(delivery_id)
        usable = self.state in {M.PENDING, M.ACCEPTED, M.UNKNOWN}
        if not usable or attempt != delivery.attempts or delivery.state not in {S.SENDING, S.ACCEPTED, S.UNKNOWN}:
            return self
        failed = self.changed(delivery_id, lambda each: replace(each, state=S.FAILED, in_doubt=False, reason=reason))
        return replace(failed, told_at=None, told_by=None, evidence=None).settled(at, rules)

    def confirmed(self, at: datetime) -> "Mailing":
        """A person found out that the officer has it."""
        doubted = self._doubted()
        known = self.changed(doubted.id, lambda each: replace(each, state=S.DELIVERED, reason="decided"))
        return known.silenced().known(M.DELIVERED, at, doubted.channel, "confirmed")

    def resent(self, at: datetime, rules: SendingRules) -> "Mailing":
        """A person took the risk that the officer reads it twice."""
        doubted = self._doubted()
        again = self.changed(doubted.id, lambda each: replace(each, in_doubt=False).activated(at, rules))
        return replace(again, state=M.PENDING, reason=None)

    def withdrawn(self, reason: str) -> "Mailing":
        """Nothing of it is true any more, and nothing of it has gone."""
        return replace(self, state=M.WITHDRAWN, reason=reason).silenced()

    def silenced(self) -> "Mailing":
        """Nothing more is sent."""
        parts = tuple(
            replace(each, state=S.CANCELLED, due_at=None) if each.state in {S.WAITING, S.DUE} else each
            for each in self.deliveries
        )
        return replace(self, deliveries=parts)

    def known(self, state: MailingState, at: datetime, channel: str, evidence: str) -> "Mailing":
        """The officer has it, by this evidence; the first instant stands."""
        first = self.told_at or at
        return replace(self, state=state, reason=None, told_at=first, told_by=channel, evidence=evidence)

    def _doubted(self) -> Delivery:
        found = self._first(S.UNKNOWN)
        if self.state is not M.UNKNOWN or found is None:
            raise Conflict("There is nothing to decide about this message.", code="nothing_to_decide")
        return found

    def _first(self, state: DeliveryState) -> Delivery | None:
        return next((each for each in self.deliveries if each.state is state), None)

    def _last_reason(self) -> str:
        failed = [each.reason for each in self.deliveries if each.state is S.FAILED and each.reason]
        return failed[-1] if failed else "no_address"
