"""Requests to reopen, decided by somebody other than the handler."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.intake_service.api.answers import CaseAnswer, RequestAnswer
from services.intake_service.api.bodies import Nothing
from services.intake_service.api.handling import answered
from services.intake_service.use_cases import closing, looking
from services.intake_service.use_cases.looking import After
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs

router = APIRouter(prefix="/intake/v1/reopen-requests", tags=["5 call every customer"])
Decider = Annotated[Actor, needs("cases:decide")]


@router.get("", response_model=Page[RequestAnswer])
async def list_requests(
    tx: Transaction,
    actor: Annotated[Actor, needs("cases:read")],
    paging: Paging,
    state: Literal["open", "approved", "declined"] = "open",
) -> Page[RequestAnswer]:
    """What customers called not fixed or were dissatisfied with, oldest first."""
    values = paging.after(datetime, UUID)
    rows = await looking.reopen_requests(tx, state, After(*values) if values else None, paging.fetch)
    page = paging.page(rows, lambda row: (row.requested_at, row.id))
    return Page(items=[RequestAnswer.model_validate(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/{request_id}/approve", response_model=CaseAnswer)
async def approve(
    request_id: UUID, tx: Transaction, actor: Decider, response: Response, body: Nothing | None = None
) -> CaseAnswer:
    """Reopen the case: its next cycle starts at the same branch."""
    return await answered(tx, response, closing.approve_reopening(tx, request_id))


@router.post("/{request_id}/decline", response_model=CaseAnswer)
async def decline(
    request_id: UUID, tx: Transaction, actor: Decider, response: Response, body: Nothing | None = None
) -> CaseAnswer:
    """The case stays closed."""
    return await answered(tx, response, closing.decline_reopening(tx, request_id))
