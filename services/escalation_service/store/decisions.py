"""SQL for what the ladders decided and why: rows are added, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from services.escalation_service.store.tables import DECISION
from shared.db import Tx


async def add(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        await tx.execute(insert(DECISION), rows)


async def of_case(tx: Tx, case_id: UUID, until: datetime) -> Sequence[Row[Any]]:
    """What was decided about a case up to an instant, oldest first."""
    d = DECISION.c
    return await tx.all(select(DECISION).where(d.case_id == case_id, d.at <= until).order_by(d.cycle, d.id))
