"""What survey tells: notices, calls, answers, samples (process steps 4, 5 and 7)."""

from uuid import UUID

from shared.contracts.base import SURVEY, CaseEvent, Event, Instant, event


@event("pwa.survey.notice-accepted.v1", topic=SURVEY)
class NoticeAccepted(CaseEvent):
    """A provider took the message over. Accepted is not delivered."""

    notice_id: UUID
    purpose: str  # resolved | not_repaired | extended
    channel: str  # sms | line | email
    accepted_at: Instant


@event("pwa.survey.customer-told.v1", topic=SURVEY)
class CustomerTold(CaseEvent):
    """The customer knows. `evidence`: a receipt, acceptance where the channel has no receipts, or a call."""

    notice_id: UUID
    purpose: str
    channel: str  # sms | line | email | phone
    evidence: str  # receipt | accepted | call | confirmed (a person decided on an unknown outcome)
    told_at: Instant


@event("pwa.survey.notice-failed.v1", topic=SURVEY)
class NoticeFailed(CaseEvent):
    """No channel brought the message through; a phone task was made where there is a phone."""

    notice_id: UUID
    purpose: str
    reason: str
    phone_task: bool
    failed_at: Instant


@event("pwa.survey.call-opened.v1", topic=SURVEY)
class CallOpened(CaseEvent):
    """A call is due: one per (case, cycle, purpose)."""

    task_id: UUID
    purpose: str  # satisfaction | sample
    opened_at: Instant


@event("pwa.survey.call-attempted.v1", topic=SURVEY)
class CallAttempted(CaseEvent):
    """Somebody dialled."""

    task_id: UUID
    purpose: str
    attempt: int
    outcome: str  # answered | no_answer | busy | refused | wrong_number | no_phone
    attempted_at: Instant


@event("pwa.survey.call-closed.v1", topic=SURVEY)
class CallClosed(CaseEvent):
    """The call task ended: answered, or given up with its last outcome. Unreached is never satisfied."""

    task_id: UUID
    purpose: str
    outcome: str
    attempts: int
    closed_at: Instant


@event("pwa.survey.answered.v1", topic=SURVEY)
class SurveyAnswered(CaseEvent):
    """The customer's answers on the 1-5 scale; a question not asked is None."""

    task_id: UUID
    purpose: str
    questionnaire: str  # version
    channel: str  # the channel the case came by
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
    reason: str  # not_fixed | dissatisfied
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
