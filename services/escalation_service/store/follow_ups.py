"""SQL for the chase log, and for which cases a reader of the follow-up list may see."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.store.tables import CASE_FILE, CHASE
from shared.db import Tx
from shared.db.visibility import visible_rows
from shared.kernel.access import Scope

F = CASE_FILE.c


visible = partial(visible_rows, F)


async def is_visible(tx: Tx, scope: Scope, case_id: UUID) -> bool:
    return await tx.find(select(F.case_id).where(F.case_id == case_id, visible(scope))) is not None


async def add_chase(tx: Tx, row: Mapping[str, object]) -> None:
    await tx.execute(insert(CHASE).values(dict(row)))


async def chases_of(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """The chase log of a case, newest first."""
    return await tx.all(
        select(CHASE).where(CHASE.c.case_id == case_id).order_by(CHASE.c.chased_at.desc(), CHASE.c.chase_id.desc())
    )
