"""What escalation tells: the ladder of command (process step 3)."""

from typing import Annotated
from uuid import UUID

from shared.contracts.base import ESCALATION, CaseEvent, Instant, event
from shared.contracts.values import PostText, one_of


@event("pwa.escalation.rung-fired.v1", topic=ESCALATION)
class RungFired(CaseEvent):
    """An officer was called upon. Once per (case, cycle, rung), in order, never early."""

    rung_id: UUID
    breach_id: UUID
    rung: int
    post: PostText
    post_office: str  # the office whose post it is: BA code, R01..R10, D1..D5 or HQ
    officer: str | None  # staff code; None = the post is vacant
    scheduled_at: Instant
    fired_at: Instant


@event("pwa.escalation.rung-acknowledged.v1", topic=ESCALATION)
class RungAcknowledged(CaseEvent):
    """The officer took notice; the next rung is deferred for a bounded time."""

    rung: int
    acknowledged_by: str
    acknowledged_at: Instant
    deferred_until: Instant | None = None
    promised_at: Instant | None = None


@event("pwa.escalation.ladder-ended.v1", topic=ESCALATION)
class LadderEnded(CaseEvent):
    """Nothing more will fire in this cycle; `lapsed` rungs had not fired."""

    fired: int
    lapsed: int
    reason: Annotated[str, one_of("resolved", "cancelled", "answered", "voided", "complete")]
    ended_at: Instant


@event("pwa.escalation.officer-told.v1", topic=ESCALATION)
class OfficerTold(CaseEvent):
    """A message about a rung was taken over for an officer; once more when another means had to do it."""

    rung: int
    post: PostText
    officer: str  # staff code
    purpose: Annotated[str, one_of("call", "correction", "hand_over")]
    means: Annotated[str, one_of("email", "line", "webhook")]
    evidence: Annotated[str, one_of("accepted", "receipt", "confirmed")]
    digest: bool  # it went in a list with others
    told_at: Instant


@event("pwa.escalation.rung-handed-over.v1", topic=ESCALATION)
class RungHandedOver(CaseEvent):
    """Somebody else answers for a rung from now on."""

    rung: int
    handed_from: str | None  # staff code; None: the post was vacant
    handed_to: str
    taken: bool  # by whoever it is now, not given by another
    handed_by: str
    handed_at: Instant


@event("pwa.escalation.date-promised.v1", topic=ESCALATION)
class DatePromised(CaseEvent):
    """An officer promises that the case will be done by a date."""

    rung: int
    promised_by: str
    promised_at: Instant
    said_at: Instant
