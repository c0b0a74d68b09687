"""SQL for the chase log, and for which cases a reader of the follow-up list may see."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, false, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.store.tables import CASE_FILE, CHASE
from shared.db import Tx
from shared.kernel.access import Scope

F = CASE_FILE.c


def visible(scope: Scope) -> ColumnElement[bool]:
    """The rows that a reader may see; says in SQL what `Scope.sees` says."""
    seen: ColumnElement[bool] = true()
    if not scope.everything:
        seen = or_(false(), F.office.in_(sorted(scope.offices)), F.region.in_(sorted(scope.regions)))
    return seen if scope.restricted else and_(seen, F.restricted.is_(False))


async def is_visible(tx: Tx, scope: Scope, case_id: UUID) -> bool:
    return await tx.find(select(F.case_id).where(F.case_id == case_id, visible(scope))) is not None


async def add_chase(tx: Tx, row: Mapping[str, object]) -> None:
    await tx.execute(insert(CHASE).values(dict(row)))


async def chases_of(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """The chase log of a case, newest first."""
    return await tx.all(
        select(CHASE).where(CHASE.c.case_id == case_id).order_by(CHASE.c.chased_at.desc(), CHASE.c.chase_id.desc())
    )
