"""Statements that throw away an old preview or replay, a bounded number of rows at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Table, delete, select

from services.sla_service.store.version_tables import (
    calendar_change,
    calendar_run,
    what_if_load,
    what_if_office,
    what_if_run,
)
from shared.db import Tx


@dataclass(frozen=True)
class OldRun:
    """A run that ended long ago, and the tables of what it showed."""

    id: UUID
    table: Table
    shown: tuple[Table, ...]


async def next_run(tx: Tx, before: datetime) -> OldRun | None:
    """Lock the oldest run that ended before an instant and nobody else removes. Applications are facts and stay."""
    for table, shown in ((calendar_run, (calendar_change,)), (what_if_run, (what_if_office, what_if_load))):
        old = select(table.c.id).where(table.c.finished_at < before)
        if table is calendar_run:
            old = old.where(table.c.kind == "preview")
        found = await tx.scalar(old.order_by(table.c.finished_at).limit(1).with_for_update(skip_locked=True))
        if found is not None:
            return OldRun(found, table, shown)
    return None


async def remove_shown(tx: Tx, run: OldRun, most: int) -> int:
    """Delete some of what a run showed, of one table; 0 when there is no more."""
    for table in run.shown:
        key = table.primary_key.columns.values()[1:]
        some = select(*key).where(table.c.run_id == run.id).limit(most).subquery()
        mine = [column == some.c[column.name] for column in key]
        gone = (await tx.execute(delete(table).where(table.c.run_id == run.id, *mine))).rowcount
        if gone:
            return gone
    return 0


async def remove(tx: Tx, run: OldRun) -> int:
    return (await tx.execute(delete(run.table).where(run.table.c.id == run.id))).rowcount
