"""Sending: commit `sending` before the call, record what became of it after (reliability.md, "Messages to people")."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import SystemRandom
from typing import Any
from uuid import UUID

from services.survey_service.domain.card import Card, mask
from services.survey_service.domain.case import CaseFile
from services.survey_service.domain.notice import Notice
from services.survey_service.domain.rules import CHANNELS, NoticeRules
from services.survey_service.gateways.letter import Letter, Text
from services.survey_service.settings import Settings
from services.survey_service.store import cases, extensions, notices, phone_tasks, providers, rules
from services.survey_service.texts import facts, new_date, render
from services.survey_service.use_cases.common import found
from services.survey_service.use_cases.telling import change, has_phone
from shared.db import Row, Tx
from shared.kernel.delivery import Delivery, DeliveryState
from shared.kernel.errors import Invalid, Refusal
from shared.kernel.outcome import Accepted, Outcome, Refused

_random = SystemRandom()
STALE_BATCH = 100
RECEIPTS_KEPT = timedelta(days=35)


@dataclass(frozen=True)
class Claimed:
    """What a claim came to: how many deliveries were looked at, and the letters that shall go now."""

    looked_at: int
    letters: tuple[Letter, ...]


async def claim(tx: Tx, settings: Settings) -> Claimed:
    """Due deliveries whose provider may be asked; each that goes is `sending` when this transaction commits."""
    by = await rules.for_notices(tx)
    limits, probed = await _limits(tx, settings.batch)
    rows = await notices.claim_due(tx, limits)
    for channel in probed & {row.channel for row in rows}:
        await providers.hold(tx, channel, tx.now + timedelta(seconds=by.breaker_seconds))
    letters = [letter for row in rows if (letter := await _begin(tx, row, by, settings))]
    return Claimed(len(rows), tuple(letters))


async def _limits(tx: Tx, batch: int) -> tuple[Mapping[str, int], set[str]]:
    """How many of each channel: all while the breaker is closed, none while it is open, one to probe it."""
    breakers = await providers.breakers(tx)
    is_open = {channel for channel, each in breakers.items() if each.open_until and each.open_until > tx.now}
    probed = {channel for channel, each in breakers.items() if each.open_until} - is_open
    return {channel: 1 if channel in probed else batch for channel in CHANNELS if channel not in is_open}, probed


async def _begin(tx: Tx, row: Row[Any], by: NoticeRules, settings: Settings) -> Letter | None:
    """The letter of a claimed delivery, or None when it must wait or cannot be sent this way."""
    case = await cases.lock_case(tx, row.case_id)
    notice = found(await notices.find_notice(tx, row.notice_id), "notice")
    delivery = notice.delivery(row.id)
    if delivery.state is not DeliveryState.DUE or not notice.is_live:
        await change(tx, case, notice, notice.silenced())
        return None
    hours = await rules.quiet(tx, case.severity)
    if hours and (allowed := hours.allowed_from(tx.now)) > tx.now:
        await change(tx, case, notice, notice.changed(delivery.id, lambda each: each.postponed(allowed, by)))
        return None
    card = found(await cases.find_card(tx, case.id), "contact")
    try:
        letter = await _letter(tx, case, notice, delivery, card)
    except Refusal as error:
        reason = error.reason_code
        failed = notice.changed(delivery.id, lambda each: each.failed(reason))
        await change(tx, case, notice, failed.settled(tx.now, by, has_phone=bool(card.phone)))
        return None
    await change(tx, case, notice, notice.changed(delivery.id, lambda each: each.begun(tx.now)))
    keyed = _hash(settings, letter.address)
    await notices.keep_recipient(tx, delivery.id, mask(letter.channel, letter.address), keyed)
    return letter


async def _letter(tx: Tx, case: CaseFile, notice: Notice, delivery: Delivery, card: Card) -> Letter:
    address = card.address(delivery.channel)
    if address is None:
        raise Invalid("The customer has no such address any more.", code="no_address")
    attempt = delivery.attempts + 1
    return Letter(
        delivery_id=delivery.id,
        notice_id=notice.id,
        case_id=case.id,
        channel=delivery.channel,
        attempt=attempt,
        reference=delivery.reference(attempt),
        address=address,
        text=await text_of(tx, case, notice, delivery.channel, card),
    )


async def text_of(tx: Tx, case: CaseFile, notice: Notice, form: str, card: Card | None) -> Text:
    """The text of a notice in one form; everything in it comes from this service's own rows."""
    name = card.name if card else None
    if notice.extension_id is not None:
        granted = await extensions.get(tx, notice.extension_id)
        return render(notice.purpose, "customer", form, new_date(case.number, granted.due_at, name))
    done = await cases.get_resolution(tx, case.id, notice.cycle)
    values = facts(case.number, done.resolved_at, done.action, done.not_repaired_reason, name)
    return render(notice.purpose, "customer", form, values)


async def script(tx: Tx, task_id: UUID, card: Card) -> str:
    """What to say on the telephone."""
    task = found(await phone_tasks.find_task(tx, task_id, tx.actor.scope), "phone task")
    case = found(await cases.find_visible(tx, tx.actor.scope, task.case_id), "case")
    notice = found(await notices.find_notice(tx, task.notice_id), "notice")
    return (await text_of(tx, case, notice, "phone", card)).plain


def _hash(settings: Settings, address: str) -> str:
    key = settings.recipient_key.get_secret_value().encode()
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:32]


async def record(tx: Tx, letter: Letter, outcome: Outcome) -> None:
    """What became of a letter; the notice goes on by it, the provider's breaker learns from it."""
    by = await rules.for_notices(tx)
    case = await cases.lock_case(tx, letter.case_id)
    before = found(await notices.find_notice(tx, letter.notice_id), "notice")
    after = before.changed(
        letter.delivery_id,
        lambda each: each.recorded(letter.attempt, outcome, tx.now, by, _random.random()),
    ).settled(tx.now, by, has_phone=await has_phone(tx, case.id))
    await change(tx, case, before, after)
    if isinstance(outcome, Accepted | Refused):
        await providers.close(tx, letter.channel)
    else:
        until = tx.now + timedelta(seconds=by.breaker_seconds)
        await providers.count_failure(tx, letter.channel, by.breaker_failures, until)


async def settle_stale(tx: Tx) -> int:
    """Deliveries that nobody finished: unknown outcomes, receipts that did not come, providers away too long."""
    by = await rules.for_notices(tx)
    rows = await notices.claim_stale(tx, timedelta(seconds=by.lease_seconds), STALE_BATCH)
    for row in rows:
        case = await cases.lock_case(tx, row.case_id)
        before = found(await notices.find_notice(tx, row.notice_id), "notice")
        after = before.overdue(row.id, tx.now, by, has_phone=await has_phone(tx, case.id))
        await change(tx, case, before, after)
    return len(rows)


async def forget_old_receipts(tx: Tx) -> int:
    """A provider repeats a receipt for days, not for weeks."""
    return await notices.forget_receipts(tx, tx.now - RECEIPTS_KEPT)


_DELIVERED = frozenset({"delivered"})
_UNDELIVERED = frozenset({"failed", "expired", "rejected", "undeliverable"})


async def take_receipt(tx: Tx, receipt_id: str, reference: str, status: str) -> bool:
    """A provider's receipt, once; whether it changed anything. Unknown references and statuses change nothing."""
    delivery_id, attempt = _read_reference(reference)
    place = await notices.delivery_place(tx, delivery_id) if delivery_id else None
    if place is None or delivery_id is None:
        await notices.add_receipt(tx, "sms", receipt_id, None, status)
        return False
    case = await cases.lock_case(tx, place.case_id)
    if not await notices.add_receipt(tx, "sms", receipt_id, delivery_id, status):
        return False
    before = found(await notices.find_notice(tx, place.notice_id), "notice")
    after = before
    if status in _DELIVERED:
        after = before.delivered(delivery_id, tx.now)
    elif status in _UNDELIVERED:
        by = await rules.for_notices(tx)
        failed = before.undelivered(delivery_id, attempt, f"receipt_{status}")
        after = failed.settled(tx.now, by, has_phone=await has_phone(tx, case.id)) if failed != before else before
    await change(tx, case, before, after)
    return after != before


def _read_reference(reference: str) -> tuple[UUID | None, int]:
    head, _, attempt = reference.partition("-")
    try:
        return UUID(hex=head), int(attempt) if attempt.isascii() and len(attempt) < 6 else 0
    except ValueError:
        return None, 0
