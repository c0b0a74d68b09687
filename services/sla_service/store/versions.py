"""Statements on the versions of calendars and policies: drafts, publication, and what keeps them apart."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, delete, func, insert, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.sla_service.store.tables import Instant, book, calendar_version, policy_version
from services.sla_service.store.version_tables import calendar_told
from shared.db import Tx

VersionTable = Table
CALENDARS = calendar_version
POLICIES = policy_version
SELECTOR = ("kind", "subject", "severity", "channel", "office")


async def one_at_a_time(tx: Tx) -> None:
    """Numbers are given and versions published by one transaction at a time."""
    await tx.lock(select(book.c.id).with_for_update())


async def find(tx: Tx, table: Table, code: str, version: int) -> Row[Any] | None:
    return await tx.find(select(table).where(table.c.code == code, table.c.version == version))


async def lock(tx: Tx, table: Table, code: str, version: int) -> Row[Any] | None:
    return await tx.lock(select(table).where(table.c.code == code, table.c.version == version).with_for_update())


async def newest_published(tx: Tx, table: Table, code: str) -> int | None:
    is_wanted = (table.c.code == code) & table.c.published_at.is_not(None)
    found: int | None = await tx.scalar(select(func.max(table.c.version)).where(is_wanted))
    return found


async def next_number(tx: Tx, table: Table, code: str) -> int:
    newest: int = await tx.scalar(select(func.coalesce(func.max(table.c.version), 0)).where(table.c.code == code))
    return newest + 1


async def add(tx: Tx, table: Table, values: Mapping[str, Any]) -> Row[Any]:
    return _kept(await tx.find(insert(table).values(**values).returning(table)))


async def change(tx: Tx, table: Table, version_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write a draft anew; its revision goes up."""
    statement = update(table).where(table.c.id == version_id).values(**values, revision=table.c.revision + 1)
    return _kept(await tx.find(statement.returning(table)))


async def publish(tx: Tx, table: Table, version_id: UUID, **values: Any) -> Row[Any]:
    """From now on it never changes."""
    values |= {"published_at": tx.now, "published_by": tx.actor.id}
    return _kept(await tx.find(update(table).where(table.c.id == version_id).values(**values).returning(table)))


async def remove(tx: Tx, table: Table, version_id: UUID) -> None:
    await tx.execute(delete(table).where(table.c.id == version_id))


async def list_versions(
    tx: Tx, table: Table, code: str | None, *, after: tuple[str, int] | None, most: int
) -> Sequence[Row[Any]]:
    """A page of versions, drafts too. They are the same for every reader."""
    query = select(table)
    if code is not None:
        query = query.where(table.c.code == code)
    if after is not None:
        query = query.where(tuple_(table.c.code, table.c.version) > tuple_(*after))
    return await tx.all(query.order_by(table.c.code, table.c.version).limit(most))


async def published_codes(tx: Tx) -> set[str]:
    """Codes of the calendars that something can run on."""
    rows = await tx.all(select(calendar_version.c.code).where(calendar_version.c.published_at.is_not(None)).distinct())
    return {row.code for row in rows}


async def ties(tx: Tx, policy: Row[Any], since: datetime, until: datetime | None) -> Sequence[Row[Any]]:
    """Published policies with the same selector whose range overlaps [since, until); the earliest first."""
    other = policy_version
    query = select(other).where(other.c.published_at.is_not(None), other.c.id != policy.id)
    query = query.where(*(other.c[name] == getattr(policy, name) for name in SELECTOR))
    query = query.where(or_(other.c.effective_to.is_(None), other.c.effective_to > since))
    if until is not None:
        query = query.where(other.c.effective_from < until)
    return await tx.all(query.order_by(other.c.effective_from))


async def end_policy(tx: Tx, policy_id: UUID, at: datetime) -> Row[Any]:
    """The range ends; the ladder that it names is to be told again."""
    ended = {"effective_to": at, "ladder_told_at": None}
    statement = update(policy_version).where(policy_version.c.id == policy_id).values(ended)
    return _kept(await tx.find(statement.returning(policy_version)))


async def mark_ladders_told(tx: Tx) -> Sequence[Row[Any]]:
    """The published policies naming a ladder of which nobody has been told as they are now; told from now on."""
    p = policy_version.c
    untold = p.published_at.is_not(None) & p.ladder.is_not(None) & p.ladder_told_at.is_(None)
    told = await tx.all(update(policy_version).where(untold).values(ladder_told_at=tx.now).returning(policy_version))
    return sorted(told, key=lambda row: (row.code, row.version))


async def mark_told(tx: Tx) -> Sequence[Row[Any]]:
    """The published calendar versions nobody has been told of; from now on they count as told."""
    fresh = select(calendar_version.c.id, literal(tx.now, Instant)).where(
        calendar_version.c.published_at.is_not(None),
        calendar_version.c.id.not_in(select(calendar_told.c.calendar_version_id)),
    )
    statement = upsert(calendar_told).from_select(["calendar_version_id", "told_at"], fresh)
    told = await tx.all(statement.on_conflict_do_nothing().returning(calendar_told.c.calendar_version_id))
    if not told:
        return ()
    query = select(calendar_version).where(calendar_version.c.id.in_([row.calendar_version_id for row in told]))
    return await tx.all(query.order_by(calendar_version.c.code, calendar_version.c.version))


def _kept(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise LookupError("a version that was just written is gone")
    return row
