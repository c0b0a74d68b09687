"""What REST takes and gives about messages to officers."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.escalation_service.use_cases.reviewing import MessageView
from shared.db import Row
from shared.web.types import Instant, StrictModel, public_text

MessageState = Literal[
    "waiting", "held", "rejected", "withdrawn", "sending", "accepted", "delivered", "unknown", "not_told"
]
MessageKind = Literal["call", "correction", "hand_over"]
Why = Annotated[str, public_text(500)]


class Recipient(BaseModel):
    """Whom the message is for."""

    staff_code: str
    name: str | None


class MessageLine(BaseModel):
    """One thing to tell one officer about one rung. Accepted by a provider is not delivered."""

    message_id: UUID
    kind: str = Field(description="call | correction | hand_over")
    state: str = Field(
        description="waiting | held | rejected | withdrawn | sending | accepted | delivered | unknown | not_told"
    )
    reason: str | None = Field(description="why it was withdrawn, rejected or could not be told")
    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    cycle: int
    office: str
    office_name: str | None
    region: int | None
    subject: str | None
    subject_name: str | None = Field(description="what it is called today", examples=["น้ำไม่ไหล"])
    severity: str | None
    rung: int
    post: str
    post_office: str
    recipient: Recipient | None = Field(description="null: the post is vacant and nobody stands in yet")
    stands_in: bool = Field(description="the post is vacant; the next officer up the ladder is told instead")
    due_at: Instant | None
    hours_overdue: int
    fired_at: Instant
    created_at: Instant
    held_at: Instant | None
    held_by: str | None
    held_reason: str | None = Field(description="review: the ladder's policy says so")
    decided_at: Instant | None
    decided_by: str | None
    decided_reason: str | None
    voided_at: Instant | None = Field(description="the breach had not happened; a correction follows what was told")
    told_at: Instant | None
    told_by: str | None = Field(description="email | line | webhook")
    evidence: str | None = Field(description="accepted | receipt | confirmed")
    mailing_id: UUID | None = Field(description="messages with the same number went in one digest")


class DeliveryShown(BaseModel):
    """One means of a mailing; they are tried in order."""

    means: str
    address: str = Field(description="masked", examples=["s***@pwa.co.th"])
    state: str = Field(description="waiting | due | sending | accepted | delivered | unknown | failed | cancelled")
    attempts: int
    due_at: Instant | None
    accepted_at: Instant | None
    reason: str | None


class AttemptShown(BaseModel):
    """One attempt at one means."""

    means: str
    number: int
    started_at: Instant
    ended_at: Instant | None
    outcome: str | None = Field(description="accepted | refused | failed | unknown; null while it is under way")
    reason: str | None
    provider_id: str | None = Field(description="the provider's own number or words")


class MessageDetail(MessageLine):
    """A message with its text and everything that was tried."""

    preview: str = Field(description="the text as it would go by e-mail on its own")
    digest_size: int | None = Field(description="how many messages went together")
    deliveries: list[DeliveryShown]
    attempts: list[AttemptShown]


def message_line(row: Row[Any], now: datetime) -> MessageLine:
    return MessageLine.model_validate(_line(row, now))


def _line(row: Row[Any], now: datetime) -> dict[str, Any]:
    known = row._asdict()
    late = max(now - row.due_at, timedelta()) if row.due_at else timedelta()
    recipient = Recipient(staff_code=row.recipient, name=row.recipient_name) if row.recipient else None
    shown = {name: known[name] for name in MessageLine.model_fields if name in known}
    return shown | {"recipient": recipient, "hours_overdue": late // timedelta(hours=1)}


def message_detail(view: MessageView, now: datetime) -> MessageDetail:
    deliveries = [
        DeliveryShown(
            means=row.channel, address=_masked(row.address), state=row.state, attempts=row.attempts,
            due_at=row.due_at, accepted_at=row.accepted_at, reason=row.reason,
        )
        for row in view.deliveries
    ]  # fmt: skip
    attempts = [
        AttemptShown(
            means=row.channel, number=row.number, started_at=row.started_at, ended_at=row.ended_at,
            outcome=row.outcome, reason=row.reason, provider_id=row.provider_id,
        )
        for row in view.attempts
    ]  # fmt: skip
    size = view.mailing.size if view.mailing else None
    more = {"preview": view.preview, "digest_size": size, "deliveries": deliveries, "attempts": attempts}
    return MessageDetail.model_validate(_line(view.row, now) | more)


def _masked(address: str) -> str:
    """Enough to recognise an address by, not enough to use it."""
    head, at, domain = address.partition("@")
    return f"{head[:1]}***{at}{domain}" if at else f"{address[:8]}***"


class HoldBody(StrictModel):
    """Why the message is kept back."""

    reason: Why = Field(examples=["รอผลการตรวจสอบก่อนแจ้งรองผู้ว่าการ"])


class RejectBody(StrictModel):
    """Why the message shall never go."""

    reason: Why = Field(examples=["สาขาชี้แจงด้วยวาจาแล้ว"])


class DecideBody(StrictModel):
    """`told`: the officer knows. `send_again`: at the risk of telling twice, or after the addresses were mended."""

    decision: Literal["told", "send_again"]


class OfficerReceipt(BaseModel):
    """A delivery receipt; fields that we do not know are the gateway's own business."""

    reference: Annotated[str, Field(strict=True, min_length=1, max_length=200)]
    status: Annotated[str, Field(strict=True, min_length=1, max_length=40, pattern="^[a-z_]+$")]


class OfficerReceiptTaken(BaseModel):
    """Whether the receipt changed anything: repeated, late and unknown ones do not."""

    applied: bool
