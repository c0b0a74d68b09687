"""Sending packs: marked before, sent outside any transaction, settled with the receipt (process step 8)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.reporting_service.domain.delivery import DELIVERED, RETRY, UNKNOWN, Backoff, Outcome
from services.reporting_service.store import packs
from shared.contracts.reporting import PackDelivered
from shared.db import Tx

GIVEN_UP = Outcome(UNKNOWN, None, "the sender ended before it reported")


async def take_next(tx: Tx, lease: timedelta) -> Any | None:
    """A delivery that is due with all that is to be sent, now marked as being sent; None when nothing is due."""
    for row in await packs.give_up_leases(tx):
        await _keep(tx, row.id, row.attempts, tx.now, GIVEN_UP)
    claimed = await packs.claim_delivery(tx, lease)
    return await packs.shipment(tx, claimed.id) if claimed else None


async def settle(tx: Tx, sent: Any, started_at: datetime, outcome: Outcome, backoff: Backoff) -> None:
    """Write down what came of an attempt; a first receipt is told as PackDelivered, once."""
    delivery = await packs.lock_delivery(tx, sent.id)
    if delivery is None or delivery.attempts != sent.attempts:
        return  # given up meanwhile and sent again: the later attempt speaks
    await _keep(tx, sent.id, sent.attempts, started_at, outcome)
    if delivery.state == "delivered":
        return
    if outcome.result == DELIVERED:
        await packs.set_delivery(tx, sent.id, "delivered", None)
        about = {"pack_id": sent.pack_id, "region": sent.region, "day": sent.day.isoformat(), "sha256": sent.sha256}
        await tx.publish(PackDelivered(**about, channel=sent.channel, delivered_at=tx.now))
    elif delivery.state == "sending":
        state, pause = _next(outcome, backoff.pause(sent.attempts))
        await packs.set_delivery(tx, sent.id, state, tx.now + pause if pause else None)


def _next(outcome: Outcome, pause: timedelta | None) -> tuple[str, timedelta | None]:
    if outcome.result != RETRY:
        return outcome.result, None
    return ("pending", pause) if pause else ("given_up", None)


async def _keep(tx: Tx, delivery_id: UUID, attempt: int, started_at: datetime, outcome: Outcome) -> None:
    row = {"delivery_id": delivery_id, "attempt": attempt, "started_at": started_at, "ended_at": tx.now}
    row |= {"result": outcome.result, "status": outcome.status, "response": outcome.response}
    await packs.add_attempt(tx, row)
