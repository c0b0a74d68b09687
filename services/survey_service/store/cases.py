"""Statements about cases, their resolutions and their contact cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CaseFile, CaseState, Resolution, Review
from services.survey_service.store.rows import fields
from services.survey_service.store.tables import call_task, case_file, contact_card, notice, resolution
from shared.db import Tx
from shared.db.visibility import visible_rows
from shared.kernel.access import Scope
from shared.kernel.errors import NotFound

visible = partial(visible_rows, case_file.c)


async def lock_case(tx: Tx, case_id: UUID) -> CaseFile:
    """The case's aggregate, locked; an empty one is made for a case that is heard of for the first time."""
    await tx.execute(insert(case_file).values(case_id=case_id).on_conflict_do_nothing())
    row = await tx.lock(select(case_file).where(case_file.c.case_id == case_id).with_for_update())
    if row is None:
        raise NotFound("No such case.")
    return case_of(row)


def case_of(row: Row[Any]) -> CaseFile:
    known = fields(row, CaseFile, without=frozenset({"id", "state"}))
    return CaseFile(id=row.case_id, state=CaseState(row.state), **known)


async def find_visible(tx: Tx, scope: Scope, case_id: UUID) -> CaseFile | None:
    row = await tx.find(select(case_file).where(case_file.c.case_id == case_id, visible(scope)))
    return case_of(row) if row else None


@dataclass(frozen=True)
class Reported:
    """A resolution and what was already made of it."""

    resolution: Resolution
    has_notice: bool
    has_call: bool


async def reported(tx: Tx, case_id: UUID) -> Sequence[Reported]:
    """Every resolution of a case by cycle."""
    notices = select(notice.c.id).where(
        notice.c.case_id == case_id, notice.c.cycle == resolution.c.cycle, notice.c.extension_id.is_(None)
    )
    calls = select(call_task.c.id).where(
        call_task.c.case_id == case_id,
        call_task.c.cycle == resolution.c.cycle,
        call_task.c.purpose == "satisfaction",
    )
    rows = await tx.all(
        select(resolution, notices.exists().label("has_notice"), calls.exists().label("has_call"))
        .where(resolution.c.case_id == case_id)
        .order_by(resolution.c.cycle)
    )
    return [Reported(resolution_of(row), row.has_notice, row.has_call) for row in rows]


def resolution_of(row: Row[Any]) -> Resolution:
    return Resolution(**{**fields(row, Resolution), "review": Review(row.review)})


async def get_resolution(tx: Tx, case_id: UUID, cycle: int) -> Resolution:
    row = await tx.find(select(resolution).where(resolution.c.case_id == case_id, resolution.c.cycle == cycle))
    if row is None:
        raise NotFound("No such resolution.")
    return resolution_of(row)


async def find_resolution(tx: Tx, resolution_id: UUID, scope: Scope) -> Resolution | None:
    row = await tx.find(
        select(resolution)
        .join(case_file, case_file.c.case_id == resolution.c.case_id)
        .where(resolution.c.id == resolution_id, visible(scope))
    )
    return resolution_of(row) if row else None


async def release(tx: Tx, resolution_id: UUID) -> None:
    await tx.execute(
        update(resolution)
        .where(resolution.c.id == resolution_id)
        .values(review=Review.RELEASED, released_by=tx.actor.id, released_at=tx.now)
    )


async def supersede_reviews(tx: Tx, case: CaseFile) -> None:
    """Reviews of earlier cycles, or of a case that is no longer resolved, need no decision any more."""
    stale = resolution.c.cycle < case.cycle if case.state is CaseState.RESOLVED else resolution.c.cycle <= case.cycle
    await tx.execute(
        update(resolution)
        .where(resolution.c.case_id == case.id, resolution.c.review == Review.WAITING, stale)
        .values(review=Review.SUPERSEDED)
    )


async def list_reviews(tx: Tx, scope: Scope, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Resolutions without repair that wait for กสส., oldest first."""
    query = (
        select(resolution, case_file.c.number, case_file.c.office, case_file.c.region)
        .join(case_file, case_file.c.case_id == resolution.c.case_id)
        .where(resolution.c.review == Review.WAITING, visible(scope))
    )
    if after:
        query = query.where(resolution.c.id > after)
    return await tx.all(query.order_by(resolution.c.id).limit(limit))


async def find_card(tx: Tx, case_id: UUID) -> Card | None:
    row = await tx.find(select(contact_card).where(contact_card.c.case_id == case_id))
    return Card(**fields(row, Card)) if row else None


async def waiting_reviews_before(tx: Tx, at: datetime) -> int:
    """How many reviews have waited since before `at`."""
    counted = select(func.count()).where(resolution.c.review == Review.WAITING, resolution.c.reported_at < at)
    return int(await tx.scalar(counted) or 0)
