"""Statements on the record of decisions: what was done about a clock, when and why."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from services.sla_service.domain.changes import (
    Armed,
    Breached,
    Change,
    Dropped,
    Held,
    Overdue,
    Rescheduled,
    Stopped,
    Voided,
    Warned,
)
from services.sla_service.store.record_tables import decision
from shared.db import Tx

HELD_BACK = "held_back"
_ENTER = insert(decision)


async def enter(tx: Tx, case_id_changes: Iterable[tuple[UUID, Change | Voided | Dropped]]) -> None:
    """Keep what was decided, all in one statement."""
    rows = [_about(change, tx.now) | {"case_id": case_id, "decided_at": tx.now} for case_id, change in case_id_changes]
    if rows:
        await tx.execute(_ENTER, rows)


async def hold_back(tx: Tx, case_ids: Iterable[UUID], reason: str) -> None:
    """Keep that these did not fire although their time had come, and for want of what."""
    row = {"metric": None, "cycle": None, "what": HELD_BACK, "reason": reason, "instant": None, "decided_at": tx.now}
    if rows := [row | {"case_id": case_id} for case_id in case_ids]:
        await tx.execute(_ENTER, rows)


async def of_case(tx: Tx, case_id: UUID, until: datetime, most: int) -> Sequence[Row[Any]]:
    """The last decisions about a case up to an instant, oldest first. The reader has been checked."""
    query = select(decision).where(decision.c.case_id == case_id, decision.c.decided_at <= until)
    return list(reversed(await tx.all(query.order_by(decision.c.id.desc()).limit(most))))


def _about(change: Change | Voided | Dropped, now: datetime) -> dict[str, Any]:
    if isinstance(change, Dropped):
        return _row(change.key, "dropped", "no_target", now)
    if isinstance(change, Voided):
        return _row(change.key, "voided", f"{change.reason}/{change.level}", change.due_at)
    return _row((change.clock.metric, change.clock.cycle), *_of_change(change))


def _row(key: tuple[str, int], what: str, reason: str | None, instant: datetime | None) -> dict[str, Any]:
    return {"metric": key[0], "cycle": key[1], "what": what, "reason": reason, "instant": instant}


def _of_change(change: Change) -> tuple[str, str | None, datetime | None]:  # noqa: PLR0911 - one line a kind
    match change:
        case Armed():
            return "armed", f"{change.clock.policy.code}/{change.clock.policy.version}", change.due_at
        case Held():
            return "held", change.clock.hold_reason, change.held_at
        case Rescheduled():
            return "rescheduled", change.cause, change.due_at
        case Warned():
            return "warned", change.level, change.due_at
        case Breached():
            return "breached", f"{change.cause}/{change.generation}", change.due_at
        case Overdue():
            return "very_late", str(change.tier), change.tier_at
        case Stopped():
            return "stopped", change.verdict, change.stopped_at
    raise TypeError(type(change).__name__)
