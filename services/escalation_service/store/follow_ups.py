"""SQL for the follow-up list and the chase log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, or_, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.store.tables import CASE_FILE, CHASE, LADDER
from shared.db import Tx
from shared.kernel.access import Scope

L, F = LADDER.c, CASE_FILE.c
# Word for word the predicate of ladder_follow_up_idx, so that the list costs what is on it, not what is kept.
_LISTED = text(
    "ladder.due_at IS NOT NULL AND ((ladder.closed_at IS NULL AND (ladder.breached_at IS NOT NULL"
    " OR ladder.warned_at IS NOT NULL)) OR NOT ladder.repaired)"
)
Position = tuple[datetime, UUID, int]


@dataclass(frozen=True)
class Filters:
    """What a reader of the follow-up list asks for; None means: does not matter."""

    office: str | None = None
    region: int | None = None
    rung: int | None = None
    overdue: timedelta | None = None
    unacknowledged: bool | None = None
    not_repaired: bool | None = None
    promise_broken: bool | None = None


def visible(scope: Scope) -> ColumnElement[bool]:
    """The rows that a reader may see; says in SQL what `Scope.sees` says."""
    seen: ColumnElement[bool] = true()
    if not scope.everything:
        seen = or_(false(), F.office.in_(sorted(scope.offices)), F.region.in_(sorted(scope.regions)))
    return seen if scope.restricted else and_(seen, F.restricted.is_(False))


def _wanted(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.office is not None:
        wanted.append(F.office == filters.office)
    if filters.region is not None:
        wanted.append(F.region == filters.region)
    if filters.rung is not None:
        wanted.append(L.last_rung == filters.rung)
    if filters.overdue is not None:
        wanted.append(L.due_at <= now - filters.overdue)
    if filters.unacknowledged is not None:
        waiting = and_(L.last_rung > 0, L.last_acknowledged_at.is_(None), L.closed_at.is_(None))
        wanted.append(waiting if filters.unacknowledged else ~waiting)
    if filters.not_repaired is not None:
        wanted.append(L.closed_at.is_not(None) if filters.not_repaired else L.closed_at.is_(None))
    if filters.promise_broken is not None:
        broken = and_(L.promised_at.is_not(None), L.promised_at < now, L.closed_at.is_(None))
        wanted.append(broken if filters.promise_broken else ~broken)
    return wanted


def _lines() -> Select[Any]:
    file = [F[n] for n in ("number", "office", "region", "kind", "subject", "severity", "channel", "received_at")]
    return select(LADDER, *file).join_from(LADDER, CASE_FILE, L.case_id == F.case_id)


async def list_lines(
    tx: Tx, scope: Scope, filters: Filters, *, after: Position | None, most: int
) -> Sequence[Row[Any]]:
    """A page of the follow-up list, the longest overdue first."""
    statement = _lines().where(_LISTED, visible(scope), *_wanted(filters, tx.now))
    if after is not None:
        statement = statement.where(tuple_(L.due_at, L.case_id, L.cycle) > tuple_(*after))
    return await tx.all(statement.order_by(L.due_at, L.case_id, L.cycle).limit(most))


async def is_visible(tx: Tx, scope: Scope, case_id: UUID) -> bool:
    return await tx.find(select(F.case_id).where(F.case_id == case_id, visible(scope))) is not None


async def add_chase(tx: Tx, row: Mapping[str, object]) -> None:
    await tx.execute(insert(CHASE).values(dict(row)))


async def chases_of(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """The chase log of a case, newest first."""
    return await tx.all(
        select(CHASE).where(CHASE.c.case_id == case_id).order_by(CHASE.c.chased_at.desc(), CHASE.c.chase_id.desc())
    )
