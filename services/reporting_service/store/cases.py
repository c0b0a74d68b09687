"""Case records: the live projection, locked and saved by the folding job, read by everything that reports."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.codec import decode, encode
from services.reporting_service.store.tables import case_record, pack_entry
from shared.db import Tx
from shared.db.visibility import visible_rows
from shared.kernel.access import Scope
from shared.kernel.fiscal import midnight

PAGE = 200  # small enough that decoding one page does not keep the process from its other work


visible = partial(visible_rows, case_record.c)


async def lock(tx: Tx, case_id: UUID) -> CaseRecord | None:
    """The record under FOR UPDATE, made empty first where there is none."""
    await tx.execute(insert(case_record).values(case_id=case_id).on_conflict_do_nothing())
    row = await tx.lock(select(case_record.c.body).where(case_record.c.case_id == case_id).with_for_update())
    return decode(row.body) if row is not None and row.body else None


async def save(tx: Tx, case: CaseRecord) -> None:
    values = {
        "number": case.number, "kind": case.kind, "subject": case.subject, "office": case.office, "region": case.region,
        "restricted": case.restricted, "state": case.state, "received_at": case.received_at,
        "closed_at": case.closed_at,
        "first_recorded_at": case.first_recorded_at, "changed_at": case.changed_at, "matters_until": case.matters_until,
        "body": encode(case),
    }  # fmt: skip
    await tx.execute(case_record.update().where(case_record.c.case_id == UUID(case.case_id)).values(**values))


async def find(tx: Tx, case_id: UUID, scope: Scope) -> CaseRecord | None:
    query = select(case_record.c.body).where(case_record.c.case_id == case_id, visible(scope))
    body = await tx.scalar(query)
    return decode(body) if body else None


async def page_of_ids(tx: Tx, after: UUID | None) -> list[UUID]:
    """The next records by id (for recomputation)."""
    query = select(case_record.c.case_id).order_by(case_record.c.case_id).limit(200)
    if after is not None:
        query = query.where(case_record.c.case_id > after)
    return [row.case_id for row in await tx.all(query)]


async def _pages(tx: Tx, *conditions: ColumnElement[bool]) -> AsyncIterator[list[CaseRecord]]:
    after: UUID | None = None
    while True:
        query = select(case_record.c.case_id, case_record.c.body).where(case_record.c.number.is_not(None), *conditions)
        query = query.order_by(case_record.c.case_id).limit(PAGE)
        rows = await tx.all(query.where(case_record.c.case_id > after) if after else query)
        if rows:
            yield [decode(row.body) for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1].case_id


def of_day(tx: Tx, region: int | None, day: date) -> AsyncIterator[list[CaseRecord]]:
    """Cases of a region (None: the head office's) open at the end of a day, or of which its pack counts an entry."""
    since, until = midnight(day), midnight(day + timedelta(days=1))
    rows, entry = case_record.c, pack_entry.c
    here = [each.is_(None) if region is None else each == region for each in (rows.region, entry.region)]
    standing = and_(here[0], rows.received_at < until, or_(rows.closed_at.is_(None), rows.matters_until >= since))
    counted = select(entry.case_id).where(entry.pack_day == day, here[1])
    return _pages(tx, or_(standing, rows.case_id.in_(counted)))


def of_period(tx: Tx, since: datetime, until: datetime) -> AsyncIterator[list[CaseRecord]]:
    """Every case that can matter to figures over [since, until)."""
    rows = case_record.c
    return _pages(tx, rows.received_at < until, or_(rows.closed_at.is_(None), rows.matters_until >= since))


async def count_of_subject(tx: Tx, subject: str, since: datetime, until: datetime) -> int:
    """Complaints of a subject received in a span (a total: restricted ones count)."""
    rows = case_record.c
    query = select(func.count()).where(
        rows.subject == subject, rows.kind == "complaint", rows.received_at >= since, rows.received_at < until
    )
    return int(await tx.scalar(query))


async def listed(
    tx: Tx, scope: Scope, conditions: dict[str, Any], after: Sequence[Any] | None, most: int
) -> list[CaseRecord]:
    """Cases a reader may see, newest receipt first."""
    rows = case_record.c
    query = select(rows.body).where(visible(scope), rows.number.is_not(None))
    for name, value in conditions.items():
        if value is not None:
            query = query.where(rows[name] == value)
    if after is not None:
        received_at, case_id = after
        query = query.where(
            or_(rows.received_at < received_at, and_(rows.received_at == received_at, rows.case_id < case_id))
        )
    query = query.order_by(rows.received_at.desc(), rows.case_id.desc()).limit(most)
    return [decode(row.body) for row in await tx.all(query)]
