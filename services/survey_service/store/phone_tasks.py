"""Statements about the phone tasks that follow when no message could do it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.domain.calls import CallState, PhoneTask
from services.survey_service.store.cases import visible
from services.survey_service.store.rows import fields
from services.survey_service.store.tables import call_task, case_file, contact_card, notice, phone_task, resolution
from shared.db import Tx
from shared.kernel.access import Scope

_CASE = (case_file.c.number, case_file.c.office, case_file.c.region, case_file.c.restricted)


async def add_task(tx: Tx, task: PhoneTask) -> None:
    await tx.execute(insert(phone_task).values(**asdict(task)).on_conflict_do_nothing())


async def save_task(tx: Tx, task: PhoneTask) -> None:
    await tx.execute(update(phone_task).where(phone_task.c.id == task.id).values(**asdict(task)))


async def open_tasks(tx: Tx, case_id: UUID) -> Sequence[PhoneTask]:
    condition = and_(phone_task.c.case_id == case_id, phone_task.c.state != CallState.CLOSED)
    return [_task(row) for row in await tx.all(select(phone_task).where(condition).order_by(phone_task.c.id))]


async def find_task(tx: Tx, task_id: UUID, scope: Scope) -> PhoneTask | None:
    row = await tx.find(
        select(phone_task)
        .join(case_file, case_file.c.case_id == phone_task.c.case_id)
        .where(phone_task.c.id == task_id, visible(scope))
    )
    return _task(row) if row else None


def _task(row: Row[Any]) -> PhoneTask:
    return PhoneTask(**{**fields(row, PhoneTask), "state": CallState(row.state)})


async def list_tasks(tx: Tx, scope: Scope, after: UUID | None, limit: int, state: str | None) -> Sequence[Row[Any]]:
    """Phone tasks with the masked phone, oldest first; open and claimed ones unless a state is asked for."""
    chosen = phone_task.c.state == state if state else phone_task.c.state != CallState.CLOSED
    asking = and_(
        call_task.c.case_id == phone_task.c.case_id, call_task.c.cycle == phone_task.c.cycle,
        call_task.c.purpose == "satisfaction", call_task.c.state != CallState.CLOSED,
    )  # fmt: skip
    query = (
        select(
            phone_task,
            call_task.c.id.label("call_id"),
            *_CASE,
            notice.c.purpose,
            contact_card.c.phone,
            resolution.c.action,
        )
        .join(case_file, case_file.c.case_id == phone_task.c.case_id)
        .join(notice, notice.c.id == phone_task.c.notice_id)
        .outerjoin(
            resolution,
            and_(resolution.c.case_id == phone_task.c.case_id, resolution.c.cycle == phone_task.c.cycle),
        )
        .outerjoin(contact_card, contact_card.c.case_id == phone_task.c.case_id)
        .outerjoin(call_task, asking)
        .where(visible(scope), chosen)
    )
    if after:
        query = query.where(phone_task.c.id > after)
    return await tx.all(query.order_by(phone_task.c.id).limit(limit))
