"""A person looks at messages before they go: hold, approve, reject; and decides where the machine may not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.escalation_service import texts
from services.escalation_service.domain.mailing import Mailing
from services.escalation_service.domain.messages import State
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.store import mailings, messages
from services.escalation_service.store.messages import Filters
from services.escalation_service.use_cases.bundling import rules_of
from services.escalation_service.use_cases.follow_ups import scope_of
from services.escalation_service.use_cases.mailing_out import change
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, NotFound


@dataclass(frozen=True)
class MessageView:
    """A message with what it says, the means that were tried and every attempt."""

    row: Row[Any]
    preview: str
    mailing: Mailing | None
    deliveries: Sequence[Row[Any]]
    attempts: Sequence[Row[Any]]


async def list_messages(tx: Tx, wanted: Filters, *, after: UUID | None, most: int) -> Sequence[Row[Any]]:
    return await messages.list_messages(tx, await scope_of(tx), wanted, after=after, most=most)


async def view(tx: Tx, message_id: UUID, settings: EscalationSettings) -> MessageView:
    """One message that the reader may see."""
    row = _found(await messages.find(tx, await scope_of(tx), message_id))
    item = texts.item(row, tx.now, settings.desk_url)
    facts = texts.values(row.recipient_name or "-", [item], settings.desk_url, "email")
    preview = texts.render(row.kind, "email", facts).plain
    if row.mailing_id is None:
        return MessageView(row, preview, None, [], [])
    known = await mailings.mailings_of(tx, [row.mailing_id])
    return MessageView(row, preview, known[row.mailing_id], *await mailings.detail(tx, row.mailing_id))


async def hold(tx: Tx, message_id: UUID, reason: str) -> Row[Any]:
    """Keep a message back that has not gone yet."""
    row = await _lock(tx, message_id, State.WAITING, "not_waiting")
    held = {"state": State.HELD, "held_at": tx.now, "held_by": tx.actor.id, "held_reason": reason}
    return await _decide(tx, row, "message.held", held)


async def approve(tx: Tx, message_id: UUID) -> Row[Any]:
    """Let a held message go, with those that wait for the same officer."""
    row = await _lock(tx, message_id, State.HELD, "not_held")
    return await _decide(tx, row, "message.approved", {"state": State.WAITING, "ready_at": tx.now, **_by(tx)})


async def reject(tx: Tx, message_id: UUID, reason: str) -> Row[Any]:
    """A held message never goes; who decided and why is kept."""
    row = await _lock(tx, message_id, State.HELD, "not_held")
    decided = {"state": State.REJECTED, "reason": "rejected", "decided_reason": reason, **_by(tx)}
    return await _decide(tx, row, "message.rejected", decided)


async def decide(tx: Tx, message_id: UUID, decision: str, settings: EscalationSettings) -> Row[Any]:
    """A person settles what the machine may not: `told`, or `send_again` after an unknown outcome or none at all."""
    seen = _found(await messages.find(tx, await scope_of(tx), message_id))
    if seen.voided_at is not None or seen.closed_at is not None:
        raise Conflict("There is nothing to tell any more.", code="nothing_to_decide")
    if seen.state == State.NOT_TOLD and decision == "send_again":
        row = await _lock(tx, message_id, State.NOT_TOLD, "nothing_to_decide")
        again = {"state": State.WAITING, "ready_at": tx.now, "mailing_id": None, "reason": None, **_by(tx)}
        return await _decide(tx, row, "message.send_again", again)
    if seen.state != State.UNKNOWN:
        raise Conflict("There is nothing to decide about this message.", code="nothing_to_decide")
    before = await mailings.lock(tx, seen.mailing_id)
    if before is None:
        raise NotFound("There is no such message.")
    after = before.confirmed(tx.now) if decision == "told" else before.resent(tx.now, rules_of(settings))
    await change(tx, before, after)
    return await _decide(tx, seen, f"message.{decision}", _by(tx))


def _by(tx: Tx) -> dict[str, object]:
    return {"decided_at": tx.now, "decided_by": tx.actor.id}


async def _lock(tx: Tx, message_id: UUID, state: State, code: str) -> Row[Any]:
    row = _found(await messages.lock(tx, await scope_of(tx), message_id))
    if row.state != state:
        raise Conflict("The message is not in the state for this any more.", code=code, state=row.state)
    return row


async def _decide(tx: Tx, row: Row[Any], action: str, values: Mapping[str, object]) -> Row[Any]:
    await messages.change(tx, [row.message_id], values)
    await tx.audit(action, str(row.message_id), case=str(row.case_id), rung=row.rung)
    return _found(await messages.find(tx, await scope_of(tx), row.message_id))


def _found(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise NotFound("There is no such message.")
    return row
