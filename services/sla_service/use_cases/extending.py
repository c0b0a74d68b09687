"""Extensions: one person asks for more time, another grants or refuses it, the customer is told the new date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.sla_service.domain.evaluate import Clock
from services.sla_service.store import extensions
from services.sla_service.use_cases.case_clocks import Locked, lock, settle_again
from services.sla_service.use_cases.telling import extended_event
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from shared.kernel.ids import uuid7

CAUSE = "extension"
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class WantedExtension:
    """More time for one clock: working hours of its calendar, or until a date."""

    metric: str
    reason: str
    evidence: str
    hours: int | None = None
    until: datetime | None = None


async def request(tx: Tx, case_id: UUID, wanted: WantedExtension) -> Row[Any]:
    """Refused where the clock does not run, where the deadline has passed, or while another request waits."""
    before = await lock(tx, case_id)
    cycle = before.facts.last_cycle
    _granted(before.clock(wanted.metric, cycle), tx.now, wanted.hours, wanted.until)
    if await extensions.is_open(tx, case_id, wanted.metric, cycle):
        raise Conflict("A request for this clock waits for its decision.", code="already_requested")
    extension_id = uuid7(tx.now)
    asked = {"reason": wanted.reason, "evidence": wanted.evidence, "hours": wanted.hours, "until": wanted.until}
    about = {"id": extension_id, "case_id": case_id, "metric": wanted.metric, "cycle": cycle, "state": "requested"}
    await extensions.add(tx, {**about, **asked, "requested_by": tx.actor.id, "requested_at": tx.now})
    await tx.audit("extension.requested", str(case_id), extension=str(extension_id))
    return await see(tx, extension_id)


async def approve(tx: Tx, extension_id: UUID, note: str | None) -> Row[Any]:
    """The second person grants it: the clock gets the time, its new deadline is told."""
    row, before = await _to_decide(tx, extension_id)
    clock = before.clock(row.metric, row.cycle)
    granted = _granted(clock, tx.now, row.hours, row.until)
    due_at = clock.calendar.working.due(clock.started_at, clock.budget + granted, clock.holds)
    decided = {"state": "approved", "decided_by": tx.actor.id, "decided_at": tx.now, "note": note}
    dates = {"granted": granted, "previous_due_at": clock.due_at, "due_at": due_at}
    await extensions.decide(tx, extension_id, {**decided, **dates})
    await settle_again(tx, before, why=None, cause=CAUSE)
    done = await see(tx, extension_id)
    await tx.publish(extended_event(before.file, done))
    await tx.audit("extension.approved", str(row.case_id), extension=str(extension_id))
    return done


async def reject(tx: Tx, extension_id: UUID, note: str) -> Row[Any]:
    """The second person refuses it; nothing moves."""
    row, _ = await _to_decide(tx, extension_id)
    decided = {"state": "rejected", "decided_by": tx.actor.id, "decided_at": tx.now, "note": note}
    await extensions.decide(tx, extension_id, decided)
    await tx.audit("extension.rejected", str(row.case_id), extension=str(extension_id))
    return await see(tx, extension_id)


async def see(tx: Tx, extension_id: UUID) -> Row[Any]:
    """Raises NotFound for one of a case that the actor may not see."""
    row = await extensions.find(tx, tx.actor.scope, extension_id)
    if row is None:
        raise NotFound("There is no such extension.")
    return row


async def _to_decide(tx: Tx, extension_id: UUID) -> tuple[Row[Any], Locked]:
    """The request under the lock of its case, for somebody who did not make it."""
    before = await lock(tx, (await see(tx, extension_id)).case_id)
    row = await see(tx, extension_id)
    if row.state != "requested":
        raise Conflict("This request has been decided on.", code="already_decided")
    if row.requested_by == tx.actor.id:
        raise Forbidden("Somebody else than who asked decides.", code="second_person")
    return row, before


def _granted(clock: Clock, now: datetime, hours: int | None, until: datetime | None) -> timedelta:
    """The open time that is asked for. Refused where a new date could not be told, or nothing could be saved."""
    if clock.stopped_at:
        raise Conflict("This clock has stopped.", code="clock_stopped")
    if clock.held_at or clock.due_at is None:
        raise Conflict("End the hold first: a held clock has no date to tell.", code="clock_held")
    if clock.due_at <= now:
        raise Conflict("The deadline has passed: more time would undo nothing.", code="already_due")
    if until is None:
        return timedelta(hours=hours or 0)
    if until - now > FURTHEST:
        raise Invalid("Nobody promises a date so far away.", code="absurd_time")
    granted = clock.calendar.working.used(clock.due_at, until)
    if granted <= timedelta(0):
        raise Conflict("There is no working time between the deadline and this date.", code="not_later")
    return granted
