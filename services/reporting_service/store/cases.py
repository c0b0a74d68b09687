"""Case records: the live projection, locked and saved by the folding job, read by everything that reports."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.cycles import cycles
from services.reporting_service.domain.folded import Folded, unheard
from services.reporting_service.store import codec
from services.reporting_service.store.cycle_table import case_cycle
from services.reporting_service.store.tables import case_record, pack_entry
from shared.db import Tx
from shared.db.bulk import changing, own_columns, putting
from shared.db.tx import as_json
from shared.db.visibility import visible_rows
from shared.kernel.access import Scope
from shared.kernel.fiscal import midnight

PAGE = 200  # small enough that decoding one page does not keep the process from its other work


visible = partial(visible_rows, case_record.c)


# A record is there from the first look at its case on, so that it can be locked.
_MAKE = """
    INSERT INTO reporting.case_record (case_id) SELECT id FROM unnest($1::uuid[]) AS id ORDER BY id
    ON CONFLICT DO NOTHING"""
_LOCK = """
    SELECT case_id, body::text, folded::text FROM reporting.case_record WHERE case_id = ANY($1)
    ORDER BY case_id FOR UPDATE"""
_SAVE = changing(case_record, [name for name in own_columns(case_record) if name != "derived"])
_SAVE_CYCLES = putting(case_cycle)
_DERIVED = "UPDATE reporting.case_record SET derived = coalesce(derived, 0) + 1 WHERE case_id = ANY($1)"
_UNDERIVED = """
    SELECT case_id, body::text FROM reporting.case_record WHERE derived IS NULL AND number IS NOT NULL
    ORDER BY case_id LIMIT $1 FOR UPDATE SKIP LOCKED"""
_IS_UNDERIVED = "SELECT EXISTS (SELECT FROM reporting.case_record WHERE derived IS NULL AND number IS NOT NULL)"
_FORGET = "UPDATE reporting.case_record SET folded = NULL WHERE case_id = ANY($1)"


@dataclass(frozen=True)
class Locked:
    """A record as it was found: None where nothing is known yet; `folded` where facts can be added to it."""

    case: CaseRecord | None
    folded: Folded | None


async def lock(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, Locked]:
    """The records under FOR UPDATE, in order of id, made empty first where there are none."""
    await tx.fetch(_MAKE, list(case_ids))
    rows = await tx.fetch(_LOCK, list(case_ids))
    await tx.read_clock()
    return {row["case_id"]: _locked(row) for row in rows}


def _locked(row: Any) -> Locked:
    if row["body"] is None:
        return Locked(None, unheard(row["case_id"]))
    folded = codec.folded(row["body"], row["folded"])
    return Locked(folded.case if folded else codec.decode(row["body"]), folded)


async def save(tx: Tx, changed: Sequence[Folded]) -> None:
    """The caller holds the locks."""
    await tx.fetch(_SAVE, as_json([_row(folded) for folded in changed]))
    await save_cycles(tx, [folded.case for folded in changed])


async def save_cycles(tx: Tx, records: Sequence[CaseRecord]) -> None:
    """The rows that reports count of these records; the caller holds the locks."""
    rows = [row for case in records for row in cycles(case)]
    if rows:
        await tx.fetch(_SAVE_CYCLES, as_json(rows))
    await tx.fetch(_DERIVED, [UUID(case.case_id) for case in records])


async def lock_underived(tx: Tx, most: int) -> list[CaseRecord]:
    """Records, locked, that code without rows for reports has written."""
    return [codec.decode(row["body"]) for row in await tx.fetch(_UNDERIVED, most)]


async def is_any_underived(tx: Tx) -> bool:
    [[waits]] = await tx.fetch(_IS_UNDERIVED)
    return bool(waits)


def _row(folded: Folded) -> dict[str, Any]:
    case = folded.case
    return {
        "case_id": case.case_id, "number": case.number, "kind": case.kind, "subject": case.subject,
        "office": case.office, "region": case.region, "restricted": case.restricted, "state": case.state,
        "received_at": case.received_at, "closed_at": case.closed_at, "first_recorded_at": case.first_recorded_at,
        "changed_at": case.changed_at, "matters_until": case.matters_until, "body": codec.encode(case),
        "folded": codec.place(folded),
    }  # fmt: skip


async def forget_places(tx: Tx, case_ids: Collection[UUID]) -> None:
    """Let these cases be folded from all their facts next time."""
    await tx.fetch(_FORGET, list(case_ids))


async def find(tx: Tx, case_id: UUID, scope: Scope) -> CaseRecord | None:
    query = select(case_record.c.body).where(case_record.c.case_id == case_id, visible(scope))
    body = await tx.scalar(query)
    return codec.decode(body) if body else None


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
            yield [codec.decode(row.body) for row in rows]
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
    return [codec.decode(row.body) for row in await tx.all(query)]
