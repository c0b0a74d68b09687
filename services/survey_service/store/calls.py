"""Statements about call tasks, attempts, answers and checklist marks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.domain.calls import Call, CallState
from services.survey_service.domain.questionnaire import Standard
from services.survey_service.store.cases import visible
from services.survey_service.store.rows import fields
from services.survey_service.store.tables import (
    answer,
    call_attempt,
    call_task,
    case_file,
    checklist_mark,
    contact_card,
    phone_task,
)  # fmt: skip
from shared.db import Tx
from shared.kernel.access import Scope

_SHOWN = (
    case_file.c.number, case_file.c.office, case_file.c.region, case_file.c.subject, case_file.c.channel,
    contact_card.c.phone,
)  # fmt: skip


async def add_call(tx: Tx, call: Call) -> None:
    await tx.execute(insert(call_task).values(**asdict(call)))


async def save_call(tx: Tx, call: Call) -> None:
    await tx.execute(update(call_task).where(call_task.c.id == call.id).values(**asdict(call)))


def call_of(row: Row[Any]) -> Call:
    return Call(**{**fields(row, Call), "state": CallState(row.state)})


async def find_call(tx: Tx, call_id: UUID, scope: Scope) -> Call | None:
    row = await tx.find(
        select(call_task)
        .join(case_file, case_file.c.case_id == call_task.c.case_id)
        .where(call_task.c.id == call_id, visible(scope))
    )
    return call_of(row) if row else None


async def open_calls(tx: Tx, case_id: UUID) -> Sequence[Call]:
    condition = and_(call_task.c.case_id == case_id, call_task.c.state != CallState.CLOSED)
    return [call_of(row) for row in await tx.all(select(call_task).where(condition).order_by(call_task.c.id))]


async def calls_of_cycle(tx: Tx, case_id: UUID, cycle: int) -> Mapping[str, Call]:
    """The calls of one cycle by purpose."""
    condition = and_(call_task.c.case_id == case_id, call_task.c.cycle == cycle)
    return {row.purpose: call_of(row) for row in await tx.all(select(call_task).where(condition))}


async def calls_of_case(tx: Tx, case_id: UUID) -> Sequence[Call]:
    oldest_first = (call_task.c.cycle, call_task.c.opened_at, call_task.c.id)
    rows = await tx.all(select(call_task).where(call_task.c.case_id == case_id).order_by(*oldest_first))
    return [call_of(row) for row in rows]


async def claim_next(tx: Tx, scope: Scope, **wanted: object) -> Call | None:
    """The call that has waited longest, is due, free, and was not this caller's own work; its case is locked."""
    free = or_(call_task.c.state == CallState.OPEN, call_task.c.claimed_until <= tx.now)
    telling = (
        select(phone_task.c.id)
        .where(phone_task.c.case_id == call_task.c.case_id, phone_task.c.state == CallState.CLAIMED)
        .where(phone_task.c.claimed_until > tx.now, phone_task.c.claimed_by != tx.actor.id)
    )
    query = (
        select(call_task)
        .join(case_file, case_file.c.case_id == call_task.c.case_id)
        .where(call_task.c.state != CallState.CLOSED, free, call_task.c.due_at <= tx.now, visible(scope))
        .where(call_task.c.handler.is_distinct_from(tx.actor.id), ~telling.exists())
    )
    if wanted.get("purpose"):
        query = query.where(call_task.c.purpose == wanted["purpose"])
    if wanted.get("region"):
        query = query.where(case_file.c.region == wanted["region"])
    locked = [case_file, call_task]
    row = await tx.find(
        query.order_by(call_task.c.due_at, call_task.c.id).limit(1).with_for_update(of=locked, skip_locked=True)
    )
    await tx.read_clock()
    return call_of(row) if row else None


async def add_attempt(tx: Tx, call: Call, outcome: str) -> None:
    values = {"call_id": call.id, "number": call.attempts, "outcome": outcome}
    await tx.execute(insert(call_attempt).values(**values, attempted_by=tx.actor.id, attempted_at=tx.now))


async def add_answer(tx: Tx, call_id: UUID, values: Mapping[str, object]) -> None:
    await tx.execute(insert(answer).values(call_id=call_id, answered_by=tx.actor.id, answered_at=tx.now, **values))


async def add_marks(tx: Tx, call_id: UUID, marks: Sequence[tuple[Standard, bool | None]]) -> None:
    rows = [{"call_id": call_id, "item": item.code, "about": item.about, "passed": passed} for item, passed in marks]
    await tx.execute(insert(checklist_mark), rows)


def _shown(scope: Scope) -> Select[Any]:
    return (
        select(call_task, *_SHOWN)
        .join(case_file, case_file.c.case_id == call_task.c.case_id)
        .outerjoin(contact_card, contact_card.c.case_id == call_task.c.case_id)
        .where(visible(scope))
    )


async def list_calls(tx: Tx, scope: Scope, after: UUID | None, limit: int, **wanted: object) -> Sequence[Row[Any]]:
    """The queue, oldest first: open and claimed calls unless a state is asked for."""
    query = _shown(scope)
    state = wanted.pop("state", None)
    query = query.where(call_task.c.state == state if state else call_task.c.state != CallState.CLOSED)
    for name, value in wanted.items():
        if value is not None:
            query = query.where((case_file if name in {"region", "office"} else call_task).c[name] == value)
    if after:
        query = query.where(call_task.c.id > after)
    return await tx.all(query.order_by(call_task.c.id).limit(limit))


async def find_shown(tx: Tx, call_id: UUID, scope: Scope) -> Row[Any] | None:
    return await tx.find(_shown(scope).where(call_task.c.id == call_id))


async def attempts_of(tx: Tx, call_id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(select(call_attempt).where(call_attempt.c.call_id == call_id).order_by(call_attempt.c.number))


async def answer_of(tx: Tx, call_id: UUID) -> Row[Any] | None:
    return await tx.find(select(answer).where(answer.c.call_id == call_id))


async def marks_of(tx: Tx, call_id: UUID) -> Sequence[Row[Any]]:
    return await tx.all(
        select(checklist_mark).where(checklist_mark.c.call_id == call_id).order_by(checklist_mark.c.item)
    )
