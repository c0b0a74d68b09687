"""A notice to the customer and its deliveries, channel after channel (step 4; "Messages to people" in the design)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.survey_service.domain.rules import NoticeRules
from shared.kernel.delivery import WITH_RECEIPTS, Delivery, DeliveryState
from shared.kernel.errors import Conflict, NotFound


class NoticeState(StrEnum):
    """Where the notice stands as a whole."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    TOLD = "told"
    PHONE = "phone"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


S, N = DeliveryState, NoticeState
_LIVE = frozenset({N.PENDING, N.ACCEPTED, N.UNKNOWN})
_WITHDRAWN = frozenset({N.SUPERSEDED, N.CANCELLED})
_SHOWN = {S.ACCEPTED: N.ACCEPTED, S.UNKNOWN: N.UNKNOWN, S.DUE: N.PENDING, S.SENDING: N.PENDING}


class NothingToDecide(Conflict):
    """The outcome of this notice is not unknown."""

    code = "nothing_to_decide"


@dataclass(frozen=True)
class Notice:
    """One per case, cycle and purpose; one per extension."""

    id: UUID
    case_id: UUID
    cycle: int
    purpose: str  # resolved | not_repaired | extended
    opened_at: datetime
    deliveries: tuple[Delivery, ...] = ()
    state: NoticeState = N.PENDING
    reason: str | None = None
    told_at: datetime | None = None
    told_channel: str | None = None
    evidence: str | None = None
    extension_id: UUID | None = None

    @property
    def is_live(self) -> bool:
        return self.state in _LIVE

    def delivery(self, delivery_id: UUID) -> Delivery:
        found = next((each for each in self.deliveries if each.id == delivery_id), None)
        if found is None:
            raise NotFound("No such delivery.")
        return found

    def changed(self, delivery_id: UUID, change: Callable[[Delivery], Delivery]) -> "Notice":
        parts = tuple(change(each) if each.id == delivery_id else each for each in self.deliveries)
        return replace(self, deliveries=parts)

    def settled(self, at: datetime, rules: NoticeRules, *, has_phone: bool) -> "Notice":
        """What the deliveries say together: told, on its way, to be decided, or the next means of telling."""
        accepted = self._first(S.ACCEPTED)
        if accepted and accepted.channel not in WITH_RECEIPTS:
            return self.told(at, accepted.channel, "accepted").silenced()
        if not self.is_live:
            return self.silenced()
        if current := accepted or self._first(S.UNKNOWN) or self._first(S.DUE) or self._first(S.SENDING):
            return replace(self, state=_SHOWN[current.state], reason=current.reason)
        if waiting := self._first(S.WAITING):
            return replace(self.changed(waiting.id, lambda each: each.activated(at, rules)), state=N.PENDING)
        return self.given_up(self._last_reason(), has_phone=has_phone)

    def overdue(self, delivery_id: UUID, at: datetime, rules: NoticeRules, *, has_phone: bool) -> "Notice":
        """A delivery that nobody finished: a call without a result, no receipt in time, or a provider away too long."""
        match self.delivery(delivery_id).state:
            case S.SENDING:
                changed = self.changed(delivery_id, lambda each: each.interrupted(at, rules))
            case S.DUE:
                changed = self.changed(delivery_id, lambda each: each.failed("provider_away"))
            case S.ACCEPTED:
                failed = self.changed(delivery_id, lambda each: replace(each, state=S.FAILED, reason="no_receipt"))
                return failed.given_up("no_receipt", has_phone=has_phone)
            case _:
                return self
        return changed.settled(at, rules, has_phone=has_phone)

    def delivered(self, delivery_id: UUID, at: datetime) -> "Notice":
        """The provider's receipt: the delivery keeps it whenever it comes."""
        channel = self.delivery(delivery_id).channel
        known = self.changed(delivery_id, lambda each: replace(each, state=S.DELIVERED, due_at=None, reason=None))
        return known.told(at, channel, "receipt")

    def undelivered(self, delivery_id: UUID, attempt: int, reason: str) -> "Notice":
        """The provider's word that this attempt did not arrive; words about older attempts are ignored."""
        delivery = self.delivery(delivery_id)
        if attempt != delivery.attempts or delivery.state not in {S.SENDING, S.ACCEPTED, S.UNKNOWN}:
            return self
        return self.changed(delivery_id, lambda each: replace(each, state=S.FAILED, in_doubt=False, reason=reason))

    def resent(self, at: datetime, rules: NoticeRules) -> "Notice":
        """A person took the risk that the customer hears it twice."""
        unknown = self.unknown_delivery()
        again = self.changed(unknown.id, lambda each: replace(each, in_doubt=False).activated(at, rules))
        return replace(again, state=N.PENDING, reason=None)

    def confirmed(self, at: datetime) -> "Notice":
        """A person found out that the message arrived."""
        unknown = self.unknown_delivery()
        known = self.changed(unknown.id, lambda each: replace(each, state=S.DELIVERED, reason="decided"))
        return known.told(at, unknown.channel, "confirmed")

    def given_up(self, reason: str, *, has_phone: bool) -> "Notice":
        """No message can do it (any more): a person calls, where there is a phone."""
        stopped = self.stopped(N.PHONE if has_phone else N.FAILED, reason)
        return stopped if self.is_live else self

    def stopped(self, state: NoticeState, reason: str) -> "Notice":
        """Nothing more is sent; what is on its way or in doubt stays as it is."""
        if self.state in {N.TOLD, state}:
            return self
        return replace(self, state=state, reason=reason).silenced()

    def silenced(self) -> "Notice":
        """A notice that has ended sends nothing more, whatever its last attempt came to."""
        if self.is_live:
            return self
        parts = tuple(
            replace(each, state=S.CANCELLED, due_at=None) if each.state in {S.WAITING, S.DUE} else each
            for each in self.deliveries
        )
        return replace(self, deliveries=parts)

    def told(self, at: datetime, channel: str, evidence: str) -> "Notice":
        """The customer knows; the first evidence stands. What was withdrawn is told to nobody."""
        if self.told_at is not None or self.state in _WITHDRAWN:
            return self
        done = self.stopped(N.TOLD, "")
        return replace(done, state=N.TOLD, reason=None, told_at=at, told_channel=channel, evidence=evidence)

    def unknown_delivery(self) -> Delivery:
        found = self._first(S.UNKNOWN)
        if self.state is not N.UNKNOWN or found is None:
            raise NothingToDecide("The outcome of this notice is not unknown.")
        return found

    def _first(self, state: DeliveryState) -> Delivery | None:
        return next((each for each in self.deliveries if each.state is state), None)

    def _last_reason(self) -> str:
        failed = [each.reason for each in self.deliveries if each.state is S.FAILED and each.reason]
        return failed[-1] if failed else "no_channel"
