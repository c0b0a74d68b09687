"""Statements on the versions of calendars and policies, and the copy of the published ones that a process keeps."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from services.sla_service.domain.calendar import CalendarVersion, ExceptionDay, working_time
from services.sla_service.domain.evaluate import Book
from services.sla_service.domain.policy import PolicyVersion, Selector, Target, Warn
from services.sla_service.store.tables import book, calendar_version, policy_version
from shared.db import Tx
from shared.kernel.ids import uuid7
from shared.kernel.working_time import windows

_MOST_KEPT = 8
_REVISION = select(book.c.revision)
_kept: dict[UUID, Book] = {}


async def read_book(tx: Tx) -> Book:
    """Everything published. Versions never change, so a copy holds until the revision does."""
    revision: UUID | None = await tx.scalar(_REVISION)
    if revision is None:
        return Book((), {})
    if revision not in _kept:
        policies = await tx.all(select(policy_version).where(policy_version.c.published_at.is_not(None)))
        calendars = await tx.all(select(calendar_version).where(calendar_version.c.published_at.is_not(None)))
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        found = [calendar_of(row) for row in calendars]
        _kept[revision] = Book(tuple(policy_of(row) for row in policies), {one.id: one for one in found})
    return _kept[revision]


async def add_calendars(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """Enter versions that are not there yet; how many were new."""
    statement = insert(calendar_version).values(list(rows)).on_conflict_do_nothing()
    return len(await tx.all(statement.returning(calendar_version.c.id)))


async def add_policies(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """Enter versions that are not there yet; how many were new."""
    statement = insert(policy_version).values(list(rows)).on_conflict_do_nothing()
    return len(await tx.all(statement.returning(policy_version.c.id)))


async def turn_page(tx: Tx) -> None:
    """Let every process know that something was published."""
    fresh = uuid7(tx.now)
    await tx.execute(insert(book).values(id=1, revision=fresh).on_conflict_do_nothing())
    await tx.execute(update(book).values(revision=fresh))


def calendar_of(row: Row[Any]) -> CalendarVersion:
    exceptions = tuple(
        ExceptionDay(date.fromisoformat(one["day"]), one["name"], windows(*one["windows"])) for one in row.exceptions
    )
    working = working_time(row.weekly, exceptions, row.zone)
    return CalendarVersion(row.id, row.code, row.version, working, exceptions, row.horizon_on, row.published_at)


def policy_of(row: Row[Any]) -> PolicyVersion:
    return PolicyVersion(
        id=row.id,
        code=row.code,
        version=row.version,
        selector=Selector(row.kind, row.subject, row.severity, row.channel, row.office),
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        targets=tuple(Target(**target) for target in row.targets),
        warnings=tuple(_warn_of(warning) for warning in row.warnings),
        pause_reasons=frozenset(row.pause_reasons),
        reopen_mode=row.reopen_mode,
        pause_budget_hours=row.pause_budget_hours,
        very_late=tuple(row.very_late),
        ladder=row.ladder,
    )


def _warn_of(data: Mapping[str, Any]) -> Warn:
    seconds = data.get("before_seconds")
    before = timedelta(seconds=seconds) if seconds is not None else None
    return Warn(data["level"], data.get("fraction"), before)
