"""Statements on the record of decisions: what was done about a clock, when and why."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, literal, select

from services.sla_service.domain.changes import (
    Armed,
    Breached,
    Change,
    Dropped,
    Held,
    Overdue,
    Repaused,
    Rescheduled,
    Stopped,
    Voided,
    Warned,
)
from services.sla_service.store import cases
from services.sla_service.store.record_tables import decision
from services.sla_service.store.tables import case_file
from shared.db import Tx
from shared.db.bulk import inserting
from shared.db.tx import as_json

HELD_BACK = "held_back"
MOST_AT_ONCE = 1000
_ENTER = inserting(decision)
_HOLD_BACK = """
    INSERT INTO sla.decision (case_id, what, reason, instant, decided_at)
    SELECT r.case_id, $2, $3, r.instant, $4
    FROM jsonb_to_recordset($1::jsonb) AS r(case_id uuid, instant timestamptz)
    WHERE NOT EXISTS (
        SELECT FROM sla.decision kept WHERE kept.case_id = r.case_id AND kept.what = $2 AND kept.reason = $3
            AND kept.instant IS NOT DISTINCT FROM r.instant)"""


async def enter(tx: Tx, case_id_changes: Iterable[tuple[UUID, Change | Voided | Dropped]]) -> None:
    """Keep what was decided, all in one statement."""
    rows = [_about(change, tx.now) | {"case_id": case_id, "decided_at": tx.now} for case_id, change in case_id_changes]
    if rows:
        await tx.fetch(_ENTER, as_json(rows))


async def hold_back(tx: Tx, waiting: Iterable[tuple[UUID, datetime | None]], reason: str) -> None:
    """Keep, once for each instant, that these did not fire although their time had come, and for want of what."""
    rows = [{"case_id": case_id, "instant": instant} for case_id, instant in waiting]
    if rows:
        await tx.fetch(_HOLD_BACK, as_json(rows), HELD_BACK, reason, tx.now)


async def hold_back_blind(tx: Tx, lane: str, covered_until: datetime, due_before: datetime) -> None:
    """The same of whatever waits for the news of a lane; the oldest first, some at a time."""
    due_at = case_file.c[cases.DUE[lane]]
    reason = f"blind:{lane}"
    blind = (
        select(*_held_back(case_file.c.case_id, due_at, literal(reason), tx.now))
        .where(due_at < due_before, due_at >= covered_until, ~_is_kept(case_file.c.case_id, due_at, reason))
        .order_by(due_at)
        .limit(MOST_AT_ONCE)
    )
    await tx.execute(insert(decision).from_select(_HELD_BACK_COLUMNS, blind))


_HELD_BACK_COLUMNS = ("case_id", "what", "reason", "instant", "decided_at")


def _held_back(case_id: Any, instant: Any, reason: Any, now: Any) -> list[ColumnElement[Any]]:
    values = (case_id, literal(HELD_BACK), reason, instant, literal(now) if isinstance(now, datetime) else now)
    return [value.label(name) for name, value in zip(_HELD_BACK_COLUMNS, values, strict=True)]


def _is_kept(case_id: Any, instant: Any, reason: Any) -> ColumnElement[bool]:
    kept = decision.alias("kept")
    is_same = (kept.c.what == HELD_BACK) & (kept.c.reason == reason) & kept.c.instant.is_not_distinct_from(instant)
    return select(kept.c.id).where(kept.c.case_id == case_id, is_same).exists()


async def of_case(tx: Tx, case_id: UUID, until: datetime, most: int) -> Sequence[Row[Any]]:
    """The last decisions about a case up to an instant, oldest first. The reader has been checked."""
    query = select(decision).where(decision.c.case_id == case_id, decision.c.decided_at <= until)
    return list(reversed(await tx.all(query.order_by(decision.c.id.desc()).limit(most))))


def _about(change: Change | Voided | Dropped, now: datetime) -> dict[str, Any]:
    if isinstance(change, Dropped):
        return _row(change.key, "dropped", "no_target", now)
    if isinstance(change, Voided):
        return _row(change.key, "voided", f"{change.reason}/{change.level}", change.due_at)
    key = (change.clock.metric, change.clock.cycle)
    if isinstance(change, Repaused):
        return _row(key, "rescheduled", "holds", change.clock.due_at)
    return _row(key, *_of_change(change))


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
