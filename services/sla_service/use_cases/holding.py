"""Holds by persons: placed with a reason that the policy knows and evidence, ended, entered after the fact."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.sla_service.domain.facts import ELSEWHERE, HOLD, Edge
from services.sla_service.domain.metrics import RESOLVE
from services.sla_service.store import holds
from services.sla_service.store.holds import Entered
from services.sla_service.use_cases.case_clocks import Locked, lock, settle_again
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.kernel.ids import uuid7

AT_ONCE = timedelta(minutes=5)  # what lies further back is entered after the fact


@dataclass(frozen=True)
class WantedHold:
    """A pause as a person asks for it; no beginning: from now on, no end: until somebody ends it."""

    reason: str
    evidence: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    why: str | None = None


async def place(tx: Tx, case_id: UUID, wanted: WantedHold) -> Row[Any]:
    """Refused for a closed case, an unknown reason, a second open hold, and a past without right and reason."""
    before = await lock(tx, case_id)
    began_at = wanted.began_at or tx.now
    why = _why(tx, min(began_at, wanted.ended_at or began_at), wanted.why)
    cycle = _cycle_at(before, began_at)
    _refuse_misuse(tx, before, wanted, cycle)
    if wanted.ended_at is None and await holds.list_holds(tx, case_id=case_id, is_open=True, after=None, most=1):
        raise Conflict("Somebody holds this case already.", code="already_held")
    hold_id = uuid7(tx.now)
    edge = Edge(HOLD, cycle, ELSEWHERE, wanted.reason, began_at, wanted.ended_at, hold_id)
    await holds.enter(tx, case_id, edge, Entered(tx.actor.id, wanted.evidence, why))
    await settle_again(tx, before, why=why)
    await tx.audit("hold.placed", str(case_id), hold=str(hold_id), reason=wanted.reason, backdated=why is not None)
    return await _found(tx, hold_id)


async def end(tx: Tx, hold_id: UUID, ended_at: datetime | None, why: str | None) -> Row[Any]:
    """The clock runs on from then. Ended at its own beginning, a hold that was a mistake costs nothing."""
    seen = await _found(tx, hold_id)
    before = await lock(tx, seen.case_id)
    seen = await _found(tx, hold_id)
    if seen.ended_with_it or seen.ended_later:
        raise Conflict("This hold has ended.", code="hold_ended")
    at = ended_at or tx.now
    told_why = _why(tx, at, why)
    if at < seen.began_at:
        raise Invalid("A hold ends after it began.", code="bad_hold")
    edge = Edge(HOLD, seen.cycle, ELSEWHERE, seen.reason, ended_at=at, hold=hold_id)
    await holds.enter(tx, seen.case_id, edge, Entered(tx.actor.id, why=told_why))
    await settle_again(tx, before, why=told_why)
    await tx.audit("hold.ended", str(seen.case_id), hold=str(hold_id), backdated=told_why is not None)
    return await _found(tx, hold_id)


def _why(tx: Tx, at: datetime, why: str | None) -> str | None:
    """The reason for entering something after the fact; None when it happens now."""
    if at > tx.now:
        raise Invalid("Only what has happened can be entered.", code="future_instant")
    if at >= tx.now - AT_ONCE:
        return None
    tx.actor.require("holds:backdate")
    if why is None:
        raise Invalid("Say why this is entered after the fact.", code="why_missing")
    return why


def _cycle_at(before: Locked, at: datetime) -> int:
    """The cycle in which an instant lies."""
    facts = before.facts
    if facts.received_at is None or at < facts.received_at:
        raise Invalid("The case had not been received then.", code="before_receipt")
    opened = [(facts.reopening(cycle), cycle) for cycle in facts.cycles if cycle > 1]
    return max((cycle for edge, cycle in opened if edge and edge.ended_at and edge.ended_at <= at), default=1)


def _refuse_misuse(tx: Tx, before: Locked, wanted: WantedHold, cycle: int) -> None:
    clock = before.clock(RESOLVE, cycle)
    began_at = wanted.began_at or tx.now
    if wanted.ended_at is not None and not began_at <= wanted.ended_at <= tx.now:
        raise Invalid("A hold ends after it began, and not in the future.", code="bad_hold")
    if clock.stopped_at and began_at >= clock.stopped_at:
        raise Conflict("The case was closed then.", code="case_closed")
    if wanted.reason not in clock.policy.pause_reasons:
        allowed = sorted(clock.policy.pause_reasons)
        raise Invalid("The policy of this case knows no such reason.", code="reason_not_allowed", allowed=allowed)


async def _found(tx: Tx, hold_id: UUID) -> Row[Any]:
    row = await holds.find(tx, tx.actor.scope, hold_id)
    if row is None:
        raise NotFound("There is no such hold.")
    return row
