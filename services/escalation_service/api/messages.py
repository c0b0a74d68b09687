"""Step 3 over REST: messages to officers, their review before they go, and the gateways' receipts."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from services.escalation_service.api.message_models import (
    DecideBody,
    HoldBody,
    MessageDetail,
    MessageKind,
    MessageLine,
    MessageState,
    OfficerReceipt,
    OfficerReceiptTaken,
    RejectBody,
    message_detail,
    message_line,
)
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store.messages import Filters
from services.escalation_service.use_cases import mailing_out, reviewing
from shared.kernel.access import Actor
from shared.kernel.webhooks import BadSignature, verify
from shared.web import Page, Paging, Rejection, Transaction, needs
from shared.web.types import OfficeCode, Region

router = APIRouter(prefix="/escalation/v1", tags=["step 3: messages to officers"])
MayRead = Annotated[Actor, needs("follow_ups:read", "messages:review")]
MayReview = Annotated[Actor, needs("messages:review")]


async def _settings(request: Request) -> EscalationSettings:
    settings: EscalationSettings = request.app.state.context.settings
    return settings


Settings = Annotated[EscalationSettings, Depends(_settings)]


async def _filters(
    state: Annotated[MessageState | None, Query(description="held: waits for review")] = None,
    kind: Annotated[MessageKind | None, Query()] = None,
    recipient: Annotated[str | None, Query(max_length=32, description="staff code")] = None,
    office: Annotated[OfficeCode | None, Query(description="the responsible office of the case")] = None,
    region: Annotated[Region | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Filters:
    return Filters(state, kind, recipient, office, region, case_id)


@router.get("/messages", summary="Messages to officers, newest first")
async def list_messages(
    tx: Transaction, _actor: MayRead, wanted: Annotated[Filters, Depends(_filters)], paging: Paging
) -> Page[MessageLine]:
    (after,) = paging.after(UUID) or (None,)
    rows = await reviewing.list_messages(tx, wanted, after=after, most=paging.fetch)
    return paging.page([message_line(row, tx.now) for row in rows], lambda line: (line.message_id,))


@router.get("/messages/{message_id}", summary="One message: its text, the means that were tried, every attempt")
async def get_message(message_id: UUID, tx: Transaction, _actor: MayRead, settings: Settings) -> MessageDetail:
    return message_detail(await reviewing.view(tx, message_id, settings), tx.now)


@router.post("/messages/{message_id}/hold", summary="Keep a message back that has not gone yet")
async def hold_message(message_id: UUID, body: HoldBody, tx: Transaction, _actor: MayReview) -> MessageLine:
    return message_line(await reviewing.hold(tx, message_id, body.reason), tx.now)


@router.post("/messages/{message_id}/approve", summary="Let a held message go")
async def approve_message(message_id: UUID, tx: Transaction, _actor: MayReview) -> MessageLine:
    return message_line(await reviewing.approve(tx, message_id), tx.now)


@router.post("/messages/{message_id}/reject", summary="A held message shall never go")
async def reject_message(message_id: UUID, body: RejectBody, tx: Transaction, _actor: MayReview) -> MessageLine:
    return message_line(await reviewing.reject(tx, message_id, body.reason), tx.now)


@router.post("/messages/{message_id}/decide", summary="Decide on a message of unknown outcome, or send again")
async def decide_message(
    message_id: UUID, body: DecideBody, tx: Transaction, _actor: MayReview, settings: Settings
) -> MessageLine:
    return message_line(await reviewing.decide(tx, message_id, body.decision, settings), tx.now)


async def _verified(request: Request, settings: Settings) -> str:
    """The receipt's id, before the body is believed; unsigned, forged and old ones are 401."""
    clock = request.app.state.context.db.clock
    now = clock.now() if clock else datetime.now(UTC)
    secret, window = settings.receipt_secret.get_secret_value(), settings.replay_window_seconds
    try:
        return verify(secret, request.headers, await request.body(), now, window)
    except BadSignature:
        raise Rejection(401, "bad_signature", "The signature does not fit, or is too old.") from None


@router.post("/receipts", summary="A gateway's receipt of a message to an officer (Standard Webhooks)")
async def take_receipt(
    receipt_id: Annotated[str, Depends(_verified)], body: OfficerReceipt, tx: Transaction, settings: Settings
) -> OfficerReceiptTaken:
    said = (body.reference, body.status)
    return OfficerReceiptTaken(applied=await mailing_out.take_receipt(tx, receipt_id, said, settings))
