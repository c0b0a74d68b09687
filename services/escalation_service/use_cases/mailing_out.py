"""Sends mailings: commit `sending` before the call, record what became of it after (reliability.md)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any
from uuid import UUID

from services.escalation_service import texts
from services.escalation_service.domain.mailing import Mailing, MailingState
from services.escalation_service.domain.messages import Kind, State
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store import mailings, messages
from services.escalation_service.store.mailings import Claimed
from services.escalation_service.use_cases.bundling import rules_of
from services.escalation_service.use_cases.officer_messages import tell_correction
from shared.contracts.escalation import OfficerTold
from shared.db import Row, Tx
from shared.gateways.letter import Letter, Text
from shared.kernel.errors import Refusal
from shared.kernel.outcome import Accepted, Failed, Outcome, Refused
from shared.observability.metrics import OFFICER_MESSAGES

_random = SystemRandom()
STALE_BATCH = 100
RECEIPTS_KEPT = timedelta(days=35)
_STATES = {
    MailingState.PENDING: State.SENDING,
    MailingState.ACCEPTED: State.ACCEPTED,
    MailingState.DELIVERED: State.DELIVERED,
    MailingState.UNKNOWN: State.UNKNOWN,
    MailingState.NOT_TOLD: State.NOT_TOLD,
    MailingState.WITHDRAWN: State.WITHDRAWN,
}


@dataclass(frozen=True)
class Posted:
    """A letter of a mailing, on its way."""

    mailing_id: UUID
    letter: Letter
    at: datetime


async def claim(tx: Tx, settings: EscalationSettings) -> tuple[int, list[Posted]]:
    """Due deliveries; each letter that goes is `sending` when this transaction commits. How many were looked at."""
    claimed = await mailings.claim_due(tx, settings.mailings_at_once)
    known = await mailings.mailings_of(tx, {each.mailing_id for each in claimed})
    contents = await _contents(tx, known)
    changes, posted = [], []
    for each in claimed:
        before = known[each.mailing_id]
        after, text = await _begin(tx, before, each, contents[before.mailing_id], settings)
        changes.append((before, after))
        if text is not None:
            posted.append(Posted(before.mailing_id, _letter(after, each, text), tx.now))
    await mailings.save(tx, changes)
    await mailings.begin_attempts(tx, [_attempt(tx, each.letter) for each in posted])
    for before, after in changes:
        await _tell(tx, before, after, contents[after.mailing_id])
    return len(claimed), posted


async def _contents(tx: Tx, known: Mapping[UUID, Mailing]) -> Mapping[UUID, list[Row[Any]]]:
    """What each mailing carries, without what was withdrawn before."""
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in await messages.lock_of_mailings(tx, known):
        if row.state != State.WITHDRAWN:
            found[row.mailing_id].append(row)
    return found


async def _begin(
    tx: Tx, mailing: Mailing, claimed: Claimed, rows: list[Row[Any]], settings: EscalationSettings
) -> tuple[Mailing, Text | None]:
    """The mailing as it goes, and its text; without one when there is nothing left to say or no way to say it."""
    if not mailing.is_in_doubt:
        await _drop_stale(tx, rows)
    if not rows:
        return mailing.withdrawn("nothing_left"), None
    try:
        text = _text(tx, mailing, mailing.delivery(claimed.delivery_id).channel, rows, settings)
    except Refusal as problem:
        reason = problem.reason_code
        failed = mailing.changed(claimed.delivery_id, lambda each: each.failed(reason))
        return failed.settled(tx.now, rules_of(settings)), None
    return mailing.changed(claimed.delivery_id, lambda each: each.begun(tx.now)), text


async def _drop_stale(tx: Tx, rows: list[Row[Any]]) -> None:
    """Withdraw what is not true any more: the case was closed, or the breach voided, since it was queued."""
    for reason, stale in (
        ("breach_voided", [r for r in rows if r.voided_at is not None]),
        ("case_closed", [r for r in rows if r.closed_at is not None and r.kind != Kind.CORRECTION]),
    ):
        gone = {row.message_id for row in stale}
        if gone:
            await messages.change(tx, gone, {"state": State.WITHDRAWN, "reason": reason})
            rows[:] = [row for row in rows if row.message_id not in gone]


def _text(tx: Tx, mailing: Mailing, form: str, rows: Sequence[Row[Any]], settings: EscalationSettings) -> Text:
    if form == "webhook":
        return texts.webhook(mailing.kind, mailing.recipient, rows, tx.now, settings.desk_url)
    items = [texts.item(row, tx.now, settings.desk_url) for row in rows]
    return texts.render(mailing.kind, form, texts.values(mailing.recipient_name, items, settings.desk_url, form))


def _letter(mailing: Mailing, claimed: Claimed, text: Text) -> Letter:
    delivery = mailing.delivery(claimed.delivery_id)
    reference = delivery.reference(delivery.attempts)
    return Letter(delivery.id, delivery.channel, delivery.attempts, reference, claimed.address, text)


def _attempt(tx: Tx, letter: Letter) -> dict[str, object]:
    return {
        "delivery_id": letter.delivery_id, "number": letter.attempt, "channel": letter.channel, "started_at": tx.now,
    }  # fmt: skip


async def record(tx: Tx, posted: Posted, outcome: Outcome, settings: EscalationSettings) -> None:
    """What became of a letter; the mailing and its messages go on by it."""
    letter = posted.letter
    before = await _lock(tx, posted.mailing_id)
    after = before.changed(
        letter.delivery_id,
        lambda each: each.recorded(letter.attempt, outcome, tx.now, rules_of(settings), _random.random()),
    ).settled(tx.now, rules_of(settings))
    await mailings.end_attempt(tx, letter.delivery_id, letter.attempt, _ended(tx, outcome))
    await change(tx, before, after)
    word = _word(outcome)
    tx.after_commit(lambda: OFFICER_MESSAGES.labels(letter.channel, word).inc())


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Accepted):
        return "accepted"
    return "refused" if isinstance(outcome, Refused) else "failed" if isinstance(outcome, Failed) else "unknown"


def _ended(tx: Tx, outcome: Outcome) -> dict[str, object]:
    said = outcome.provider_id if isinstance(outcome, Accepted) else None
    reason = None if isinstance(outcome, Accepted) else outcome.reason
    return {"ended_at": tx.now, "outcome": _word(outcome), "reason": reason, "provider_id": said}


async def _lock(tx: Tx, mailing_id: UUID) -> Mailing:
    found = await mailings.lock(tx, mailing_id)
    if found is None:
        raise LookupError("a mailing that was being sent is gone")
    return found


async def settle_stale(tx: Tx, settings: EscalationSettings) -> int:
    """Deliveries that nobody finished: senders that died around the call, providers away for too long."""
    claimed = await mailings.claim_stale(tx, timedelta(seconds=settings.lease_seconds), STALE_BATCH)
    known = await mailings.mailings_of(tx, {each.mailing_id for each in claimed})
    for each in claimed:
        before = known[each.mailing_id]
        known[each.mailing_id] = before.overdue(each.delivery_id, tx.now, rules_of(settings))
        await change(tx, before, known[each.mailing_id])
    return len(claimed)


async def change(tx: Tx, before: Mailing, after: Mailing) -> None:
    """Save a mailing that is locked, and tell."""
    if after != before:
        await mailings.save(tx, [(before, after)])
        await _tell(tx, before, after, await messages.lock_of_mailings(tx, [after.mailing_id]))


async def _tell(tx: Tx, before: Mailing, after: Mailing, rows: Sequence[Row[Any]]) -> None:
    """Let the messages follow their mailing; who was told of a void breach in this moment is corrected at once."""
    if (after.state, after.told_by, after.reason) == (before.state, before.told_by, before.reason):
        return
    carried = [row for row in rows if row.state != State.WITHDRAWN]
    told = {"told_at": after.told_at, "told_by": after.told_by, "evidence": after.evidence}
    values = {"state": _STATES[after.state], "reason": after.reason, **told}
    await messages.change(tx, [row.message_id for row in carried], values)
    if after.told_at is not None and before.told_at is None:
        for row in carried:
            await tx.publish(_told(row, after))
    if after.state in {MailingState.ACCEPTED, MailingState.DELIVERED, MailingState.UNKNOWN}:
        await tell_correction(tx, [row for row in carried if row.voided_at is not None])


def _told(row: Row[Any], mailing: Mailing) -> OfficerTold:
    return OfficerTold.model_validate(
        {
            "case_id": row.case_id, "office": row.office, "region": row.region, "kind": row.case_kind,
            "restricted": row.restricted, "cycle": row.cycle, "rung": row.rung, "post": row.post,
            "officer": mailing.recipient, "purpose": row.kind, "means": mailing.told_by, "evidence": mailing.evidence,
            "digest": mailing.size > 1, "told_at": mailing.told_at,
        }
    )  # fmt: skip


_DELIVERED = frozenset({"delivered", "read"})
_UNDELIVERED = frozenset({"failed", "bounced", "expired", "rejected", "undeliverable"})


async def take_receipt(tx: Tx, receipt_id: str, said: tuple[str, str], settings: EscalationSettings) -> bool:
    """A gateway's receipt (reference, status), once; whether it changed anything."""
    reference, status = said
    delivery_id, attempt = _read_reference(reference)
    place = await mailings.place_of(tx, delivery_id) if delivery_id else None
    if place is None or delivery_id is None:
        await mailings.add_receipt(tx, receipt_id, None, status)
        return False
    before = await _lock(tx, place)
    if not await mailings.add_receipt(tx, receipt_id, delivery_id, status):
        return False
    after = before
    if status in _DELIVERED:
        after = before.delivered(delivery_id, tx.now)
    elif status in _UNDELIVERED:
        number = attempt or before.delivery(delivery_id).attempts
        after = before.bounced(delivery_id, number, f"receipt_{status}", tx.now, rules_of(settings))
    await change(tx, before, after)
    return after != before


def _read_reference(reference: str) -> tuple[UUID | None, int]:
    """A reference is the delivery's id, alone (a Message-ID's left side) or with the number of the attempt."""
    head = reference.strip("<>").partition("@")[0]
    try:
        return UUID(head), 0
    except ValueError:
        pass
    name, _, attempt = head.partition("-")
    try:
        return UUID(hex=name), int(attempt) if attempt.isascii() and len(attempt) < 6 else 0
    except ValueError:
        return None, 0


async def forget_old_receipts(tx: Tx) -> int:
    """A gateway repeats a receipt for days, not for weeks."""
    return await mailings.forget_receipts(tx, tx.now - RECEIPTS_KEPT)
