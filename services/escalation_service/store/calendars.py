"""SQL for escalation's copies of published calendars."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.calendars import ALWAYS, AROUND_THE_CLOCK, CalendarCopy, working_time
from services.escalation_service.store.directory_tables import CALENDAR_COPY
from shared.db import Tx

C = CALENDAR_COPY.c


async def add(tx: Tx, values: Mapping[str, object]) -> None:
    """Keep a published version; it never changes."""
    await tx.execute(insert(CALENDAR_COPY).values(dict(values)).on_conflict_do_nothing())


async def newest(tx: Tx, codes: Sequence[str]) -> dict[str, CalendarCopy]:
    """The newest version of each of these calendars of which a copy has arrived; `always` needs none."""
    wanted = sorted(set(codes) - {ALWAYS})
    found = {ALWAYS: AROUND_THE_CLOCK}
    if wanted:
        last = select(C.code, func.max(C.version)).where(C.code.in_(wanted)).group_by(C.code)
        rows = await tx.all(select(CALENDAR_COPY).where(tuple_(C.code, C.version).in_(last)))
        found |= {row.code: _copy(row) for row in rows}
    return found


def _copy(row: Row[Any]) -> CalendarCopy:
    exceptions = [(day["day"], day["windows"]) for day in row.exceptions]
    return CalendarCopy(row.code, row.version, working_time(row.weekly, exceptions, row.zone), row.horizon_on)


async def known(tx: Tx) -> Sequence[Row[Any]]:
    """Every copy, newest first within a code, without the days."""
    columns = (C.code, C.version, C.name_th, C.zone, C.horizon_on, C.published_at)
    return await tx.all(select(*columns).order_by(C.code, C.version.desc()))
