"""What survey's REST interface takes and gives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.survey_service.domain.calls import Call, PhoneTask
from services.survey_service.domain.card import Card, mask_phone
from services.survey_service.domain.notice import Notice
from services.survey_service.domain.questionnaire import CODE_LENGTH
from shared.db import Row
from shared.web.types import Instant, StrictModel

Score = Annotated[int, Field(ge=1, le=5, description="1 very dissatisfied … 5 very satisfied", examples=[5])]
Code = Annotated[str, Field(min_length=1, max_length=CODE_LENGTH)]
ContactPurpose = Literal["satisfaction_call", "sample_call", "notice_call"]


class DeliveryView(BaseModel):
    """One channel of a notice."""

    channel: str = Field(examples=["sms"])
    state: str = Field(description="waiting, due, sending, accepted, delivered, unknown, failed or cancelled")
    attempts: int
    recipient: str | None = Field(None, description="masked", examples=["08x-xxx-1234"])
    due_at: Instant | None = None
    accepted_at: Instant | None = None
    receipt_due_at: Instant | None = None
    reason: str | None = None


class NoticeView(BaseModel):
    """A notice to the customer; accepted is not delivered."""

    id: UUID
    case_id: UUID
    number: str | None = Field(None, examples=["1102-2569-000001"])
    office: str | None = None
    cycle: int
    purpose: str = Field(description="resolved, not_repaired or extended")
    state: str = Field(description="pending, accepted, unknown, told, phone, failed, superseded or cancelled")
    reason: str | None = None
    opened_at: Instant
    told_at: Instant | None = None
    told_channel: str | None = None
    evidence: str | None = Field(None, description="receipt, accepted (no receipts on this channel), call or confirmed")
    deliveries: list[DeliveryView] = []


def delivery_view(row: Row[Any]) -> DeliveryView:
    return DeliveryView(
        channel=row.channel, state=row.state, attempts=row.attempts, recipient=row.recipient, due_at=row.due_at,
        accepted_at=row.accepted_at, receipt_due_at=row.receipt_due_at, reason=row.reason,
    )  # fmt: skip


def notice_view(row: Row[Any], deliveries: Sequence[Row[Any]]) -> NoticeView:
    return NoticeView(
        id=row.id, case_id=row.case_id, number=row.number, office=row.office, cycle=row.cycle, purpose=row.purpose,
        state=row.state, reason=row.reason, opened_at=row.opened_at, told_at=row.told_at,
        told_channel=row.told_channel, evidence=row.evidence,
        deliveries=[delivery_view(each) for each in deliveries],
    )  # fmt: skip


class DecisionBody(StrictModel):
    """What a person says about an unknown outcome."""

    decision: Literal["told", "resend", "phone"] = Field(
        description="told: it arrived after all · resend: send again, the customer may hear it twice · phone: call"
    )


class NoticeState(BaseModel):
    """What became of a notice."""

    id: UUID
    state: str
    reason: str | None
    told_at: Instant | None


def notice_state(notice: Notice) -> NoticeState:
    return NoticeState(id=notice.id, state=notice.state, reason=notice.reason, told_at=notice.told_at)


class ReviewView(BaseModel):
    """A resolution without repair, waiting for กสส."""

    id: UUID
    case_id: UUID
    number: str | None
    office: str | None
    region: int | None
    cycle: int
    kind: str
    action: str
    not_repaired_reason: str | None
    resolved_at: Instant
    reported_at: Instant


class PhoneTaskView(BaseModel):
    """A customer to be told by telephone."""

    id: UUID
    notice_id: UUID
    case_id: UUID
    number: str | None = None
    office: str | None = None
    region: int | None = None
    cycle: int
    purpose: str
    reason: str = Field(description="why no message could do it", examples=["no_receipt"])
    phone: str | None = Field(None, description="masked", examples=["08x-xxx-1234"])
    state: str
    outcome: str | None = None
    opened_at: Instant
    claimed_by: str | None = None
    claimed_until: Instant | None = None
    call_id: UUID | None = Field(None, description="the open satisfaction call: made, it tells the customer as well")


def phone_task_view(row: Row[Any]) -> PhoneTaskView:
    return PhoneTaskView(
        id=row.id, notice_id=row.notice_id, case_id=row.case_id, number=row.number, office=row.office,
        region=row.region, cycle=row.cycle, purpose=row.purpose, reason=row.reason, phone=mask_phone(row.phone),
        state=row.state, outcome=row.outcome, opened_at=row.opened_at, claimed_by=row.claimed_by,
        claimed_until=row.claimed_until, call_id=row.call_id,
    )  # fmt: skip


class TaskState(BaseModel):
    """Where a task stands after a change."""

    id: UUID
    case_id: UUID
    state: str
    outcome: str | None = None
    attempts: int | None = None
    due_at: Instant | None = None
    claimed_by: str | None = None
    claimed_until: Instant | None = None
    closed_at: Instant | None = None


def task_state(task: Call | PhoneTask) -> TaskState:
    call = task if isinstance(task, Call) else None
    return TaskState(
        id=task.id, case_id=task.case_id, state=task.state, outcome=task.outcome,
        attempts=call.attempts if call else None, due_at=call.due_at if call else None,
        claimed_by=task.claimed_by, claimed_until=task.claimed_until, closed_at=task.closed_at,
    )  # fmt: skip


class TaskDoneBody(StrictModel):
    """How the telephone call ended."""

    outcome: Literal["told", "not_reached"]


class ContactView(BaseModel):
    """Unmasked: every reading is logged with its purpose."""

    case_id: UUID
    name: str | None = None
    phone: str | None = Field(None, examples=["+66812341234"])
    line_id: str | None = None
    email: str | None = None
    language: str
    place: str | None = None
    script: str | None = Field(None, description="what to say")


def contact_view(card: Card, script: str | None = None) -> ContactView:
    return ContactView(
        case_id=card.case_id, name=card.name, phone=card.phone, line_id=card.line_id, email=card.email,
        language=card.language, place=card.place, script=script,
    )  # fmt: skip


class ReceiptBody(BaseModel):
    """A delivery receipt; fields that we do not know are the provider's own business."""

    reference: Annotated[str, Field(strict=True, min_length=1, max_length=100)]
    status: Annotated[str, Field(strict=True, min_length=1, max_length=40, pattern="^[a-z_]+$")]


class ReceiptTaken(BaseModel):
    """Whether the receipt changed anything: repeated, late and unknown ones do not."""

    applied: bool


class TemplateView(BaseModel):
    """Who is told of a state by which template; `none` is a decision."""

    state: str
    audience: str
    template: str


class Timeline(BaseModel):
    """What survey knows of a case: told, called, answered."""

    case_id: UUID
    number: str | None
    cycle: int
    state: str
    notices: list[NoticeView]
    calls: list["CallSummary"]


class AnswersView(BaseModel):
    """The customer's answers; null = not asked or not answered."""

    questionnaire: str
    channel_convenience: int | None
    channel_variety: int | None
    speed: int | None
    repair: int | None
    contact_center: int | None
    fixed: bool
    satisfied: bool
    answered_at: Instant


def answers_view(row: Row[Any] | None) -> AnswersView | None:
    return AnswersView.model_validate(row._asdict()) if row else None


class CallSummary(BaseModel):
    """One call of a case."""

    id: UUID
    cycle: int
    purpose: str
    state: str
    outcome: str | None
    attempts: int
    opened_at: datetime
    closed_at: datetime | None
    answers: AnswersView | None
