"""What survey tells: notices, calls, answers, samples (process steps 4, 5 and 7)."""

from typing import Annotated
from uuid import UUID

from shared.contracts.base import SURVEY, CaseEvent, Event, Instant, event
from shared.contracts.values import (
    CallOutcomeText,
    CallPurposeText,
    ChannelText,
    NoticeChannelText,
    NoticePurposeText,
    ReachText,
    one_of,
)


@event("pwa.survey.notice-accepted.v1", topic=SURVEY)
class NoticeAccepted(CaseEvent):
    """A provider took the message over. Accepted is not delivered."""

    notice_id: UUID
    purpose: NoticePurposeText
    channel: ReachText
    accepted_at: Instant


@event("pwa.survey.customer-told.v1", topic=SURVEY)
class CustomerTold(CaseEvent):
    """The customer knows.

    `evidence`: a receipt, acceptance where the channel has no receipts, a call, or somebody's decision on an unknown
    outcome (confirmed).
    """

    notice_id: UUID
    purpose: NoticePurposeText
    channel: NoticeChannelText
    evidence: Annotated[str, one_of("receipt", "accepted", "call", "confirmed")]
    told_at: Instant


@event("pwa.survey.notice-failed.v1", topic=SURVEY)
class NoticeFailed(CaseEvent):
    """No channel brought the message through; a phone task was made where there is a phone."""

    notice_id: UUID
    purpose: NoticePurposeText
    reason: str
    phone_task: bool
    failed_at: Instant


@event("pwa.survey.call-opened.v1", topic=SURVEY)
class CallOpened(CaseEvent):
    """A call is due: one per (case, cycle, purpose)."""

    task_id: UUID
    purpose: CallPurposeText
    opened_at: Instant


@event("pwa.survey.call-attempted.v1", topic=SURVEY)
class CallAttempted(CaseEvent):
    """Somebody dialled."""

    task_id: UUID
    purpose: CallPurposeText
    attempt: int
    outcome: CallOutcomeText
    attempted_at: Instant


@event("pwa.survey.call-closed.v1", topic=SURVEY)
class CallClosed(CaseEvent):
    """The call task ended: answered, or given up with its last outcome. Unreached is never satisfied."""

    task_id: UUID
    purpose: CallPurposeText
    outcome: CallOutcomeText
    attempts: int
    closed_at: Instant


@event("pwa.survey.answered.v1", topic=SURVEY)
class SurveyAnswered(CaseEvent):
    """The customer's answers on the 1-5 scale; a question not asked is None."""

    task_id: UUID
    purpose: CallPurposeText
    questionnaire: str  # version
    channel: ChannelText  # by which the case came
    mister_prapa: str | None = None
    called_back_by_contact_center: bool = False
    channel_convenience: int | None = None
    channel_variety: int | None = None
    speed: int | None = None
    repair: int | None = None
    contact_center: int | None = None
    fixed: bool | None = None
    satisfied: bool
    answered_at: Instant


@event("pwa.survey.reopen-requested.v1", topic=SURVEY)
class ReopenRequested(CaseEvent):
    """Not fixed, or dissatisfied: somebody other than the handler shall decide on reopening."""

    request_id: UUID
    reason: Annotated[str, one_of("not_fixed", "dissatisfied")]
    requested_at: Instant


@event("pwa.survey.sample-drawn.v1", topic=SURVEY)
class SampleDrawn(Event):
    """A month's sample of a region was drawn; the draw can be repeated from its seed."""

    sample_id: UUID
    region: int
    month: str  # 2026-11
    frame: int
    quota: int
    seed: str
    drawn_at: Instant

    @property
    def key(self) -> str:
        return str(self.sample_id)
