"""Step 4 over REST: the customers whom no message could tell."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.survey_service.api.models import (
    ContactView,
    PhoneTaskView,
    TaskDoneBody,
    TaskState,
    contact_view,
    phone_task_view,
    task_state,
)
from services.survey_service.store import phone_tasks
from services.survey_service.use_cases import sending, telling
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs

router = APIRouter(prefix="/survey/v1", tags=["step 4: tell the customer"])
MayWrite = Annotated[Actor, needs("notices:write")]


@router.get("/phone-tasks", summary="Customers to be told by telephone, oldest first")
async def list_tasks(
    tx: Transaction,
    actor: MayWrite,
    paging: Paging,
    state: Annotated[Literal["open", "claimed", "closed"] | None, Query()] = None,
) -> Page[PhoneTaskView]:
    (after,) = paging.after(UUID) or (None,)
    rows = await phone_tasks.list_tasks(tx, actor.scope, after, paging.fetch, state)
    return paging.page([phone_task_view(row) for row in rows], lambda view: (view.id,))


@router.post("/phone-tasks/{task_id}/claim", summary="Take a task")
async def claim(task_id: UUID, tx: Transaction, _actor: MayWrite) -> TaskState:
    return task_state(await telling.claim_task(tx, task_id))


@router.get("/phone-tasks/{task_id}/contact", summary="Whom to call and what to say; logged")
async def contact(
    task_id: UUID,
    tx: Transaction,
    _actor: MayWrite,
    purpose: Annotated[Literal["notice_call"], Query(description="why the number is needed")],
) -> ContactView:
    card = await telling.task_contact(tx, task_id, purpose)
    return contact_view(card, await sending.script(tx, task_id, card))


@router.post("/phone-tasks/{task_id}/done", summary="Say how the call ended")
async def done(task_id: UUID, body: TaskDoneBody, tx: Transaction, _actor: MayWrite) -> TaskState:
    return task_state(await telling.finish_task(tx, task_id, body.outcome))
