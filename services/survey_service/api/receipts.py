"""Step 4 over REST: delivery receipts of the SMS gateway, signed by it and taken once."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.survey_service.api.models import ReceiptBody, ReceiptTaken
from services.survey_service.settings import Settings
from services.survey_service.use_cases import sending
from shared.kernel.webhooks import BadSignature, verify
from shared.web import Rejection, Transaction

router = APIRouter(prefix="/survey/v1", tags=["step 4: tell the customer"])


async def _verified(request: Request) -> str:
    """The webhook's id, before the body is believed; unsigned, forged and old ones are 401."""
    settings: Settings = request.app.state.context.settings
    clock = request.app.state.context.db.clock
    now = clock.now() if clock else datetime.now(UTC)
    try:
        return verify(
            settings.receipt_secret.get_secret_value(),
            request.headers,
            await request.body(),
            now,
            settings.replay_window_seconds,
        )
    except BadSignature:
        raise Rejection(401, "bad_signature", "The signature does not fit, or is too old.") from None


@router.post("/receipts/sms", summary="A delivery receipt of the SMS gateway (Standard Webhooks)")
async def take_receipt(
    receipt_id: Annotated[str, Depends(_verified)], body: ReceiptBody, tx: Transaction
) -> ReceiptTaken:
    return ReceiptTaken(applied=await sending.take_receipt(tx, receipt_id, body.reference, body.status))
