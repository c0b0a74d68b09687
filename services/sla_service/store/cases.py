"""Statements on case files: lock, claim what is due, save, and what waits too long."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, func, or_, select, true, union_all, update
from sqlalchemy.dialects.postgresql import insert

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.store.tables import case_file
from shared.db import Tx

COLUMNS = [column for column in case_file.c if column.name not in ("hold_fire_until", "trouble")]
_NAMES = [column.name for column in COLUMNS]
_SEEN: dict[str, Any] = {
    name: bindparam(f"file_{name}") for name in _NAMES
}  # built once: statements are made for every event
_LOCK = select(*COLUMNS).where(case_file.c.case_id == _SEEN["case_id"]).with_for_update()
_OPEN = insert(case_file).values(_SEEN).on_conflict_do_nothing().returning(*COLUMNS).cte("opened")
_LOCK_OR_OPEN = union_all(select(_OPEN), select(_LOCK.cte("locked")))
_SAVE = (
    update(case_file)
    .where(case_file.c.case_id == _SEEN["case_id"])
    .values({name: bound for name, bound in _SEEN.items() if name != "case_id"})
    .values(hold_fire_until=None, trouble=None)
)


def _bound(file: CaseFile) -> dict[str, Any]:
    return {f"file_{name}": getattr(file, name) for name in _NAMES}


async def lock_or_open(tx: Tx, seen: CaseFile) -> CaseFile:
    """The case's file, locked; opened as the event saw it when there is none yet."""
    # Nothing comes back when another transaction opened it in this very moment: then it is there for the second look.
    row = await tx.lock(_LOCK_OR_OPEN, _bound(seen)) or await tx.lock(_LOCK, {"file_case_id": seen.case_id})
    if row is None:
        raise LookupError("a case file that was just opened is gone")
    return as_file(row)


def due_before(covered_until: datetime, now: datetime, most: int) -> Select[Any]:
    """The claim: case files that want attention, oldest first. Costs as much as is due, not as is open."""
    return (
        select(*COLUMNS)
        .where(
            case_file.c.next_due_at < covered_until,
            or_(case_file.c.hold_fire_until.is_(None), case_file.c.hold_fire_until <= now),
        )
        .order_by(case_file.c.next_due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )


async def claim_due(tx: Tx, covered_until: datetime, most: int) -> list[CaseFile]:
    """Case files to look at now that no other worker holds."""
    return [as_file(row) for row in await tx.all(due_before(covered_until, tx.now, most))]


_NEXT = (
    select(case_file.c.next_due_at)
    .where(case_file.c.next_due_at.is_not(None), case_file.c.hold_fire_until.is_(None))
    .order_by(case_file.c.next_due_at)
    .limit(1)
)


async def next_due(tx: Tx) -> datetime | None:
    """The earliest instant at which a case file that nothing holds back wants attention, past or to come."""
    found: datetime | None = await tx.scalar(_NEXT)
    return found


async def save(tx: Tx, files: Iterable[CaseFile]) -> None:
    await tx.execute(_SAVE, [_bound(file) for file in files])


async def hold_fire(tx: Tx, case_ids: Sequence[UUID], until: datetime, trouble: str | None = None) -> None:
    """Keep these out of the claims until then: news of them is missing, or they could not be evaluated."""
    statement = update(case_file).where(case_file.c.case_id.in_(case_ids))
    await tx.execute(statement.values(hold_fire_until=until, trouble=trouble))


async def count_waiting(tx: Tx, due_before_: datetime, covered_until: datetime | None) -> Row[Any]:
    """Case files past their instant: blind (news is missing), late (nothing hinders), troubled (an error)."""
    is_troubled = case_file.c.trouble.is_not(None)
    is_uncovered = true() if covered_until is None else case_file.c.next_due_at >= covered_until
    is_blind = or_(case_file.c.hold_fire_until.is_not(None), is_uncovered)
    count = func.count()
    query = select(
        count.filter(is_blind, ~is_troubled).label("blind"),
        count.filter(~is_blind, ~is_troubled).label("late"),
        count.filter(is_troubled).label("troubled"),
    ).where(case_file.c.next_due_at < due_before_)
    row = await tx.find(query)
    if row is None:
        raise LookupError("a count always has a row")
    return row


def as_file(row: Row[Any]) -> CaseFile:
    return CaseFile(**row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
