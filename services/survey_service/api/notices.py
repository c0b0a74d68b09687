"""Step 4 over REST: notices, decisions on unknown outcomes, resolutions that wait for กสส., the table of templates."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.survey_service.api.models import (
    DecisionBody,
    NoticeState,
    NoticeView,
    ReviewView,
    TemplateView,
    notice_state,
    notice_view,
)
from services.survey_service.domain.audience import NOTICES
from services.survey_service.store import cases, notices
from services.survey_service.use_cases import facts, telling
from services.survey_service.use_cases.common import found
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs

router = APIRouter(prefix="/survey/v1", tags=["step 4: tell the customer"])
MayRead = Annotated[Actor, needs("notices:read")]
MayWrite = Annotated[Actor, needs("notices:write")]
State = Literal["pending", "accepted", "unknown", "told", "phone", "failed", "superseded", "cancelled"]


@router.get("/notices", summary="Notices to customers, newest first")
async def list_notices(
    tx: Transaction,
    actor: MayRead,
    paging: Paging,
    state: Annotated[State | None, Query(description="unknown: waits for a person's decision")] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[NoticeView]:
    (after,) = paging.after(UUID) or (None,)
    rows = await notices.list_notices(tx, actor.scope, after, paging.fetch, state=state, case_id=case_id)
    return paging.page([notice_view(*row) for row in rows], lambda view: (view.id,))


@router.get("/notices/{notice_id}", summary="One notice with its deliveries")
async def get_notice(notice_id: UUID, tx: Transaction, actor: MayRead) -> NoticeView:
    rows = await notices.list_notices(tx, actor.scope, None, 1, id=notice_id)
    return notice_view(*found(rows[0] if rows else None, "notice"))


@router.post("/notices/{notice_id}/decide", summary="Decide on a notice whose outcome nobody knows")
async def decide(notice_id: UUID, body: DecisionBody, tx: Transaction, _actor: MayWrite) -> NoticeState:
    return notice_state(await telling.decide(tx, notice_id, body.decision))


@router.get("/reviews", summary="Resolutions without repair that กสส. sees before the customer is told")
async def list_reviews(tx: Transaction, actor: MayWrite, paging: Paging) -> Page[ReviewView]:
    (after,) = paging.after(UUID) or (None,)
    rows = await cases.list_reviews(tx, actor.scope, after, paging.fetch)
    views = [ReviewView.model_validate(row._asdict()) for row in rows]
    return paging.page(views, lambda view: (view.id,))


@router.post("/reviews/{review_id}/release", status_code=204, summary="Let the customer be told, and called")
async def release(review_id: UUID, tx: Transaction, _actor: MayWrite) -> None:
    await facts.settle(tx, await telling.release(tx, review_id))


@router.get("/templates", summary="Who is told of which state by which template")
async def list_templates(_actor: MayRead) -> list[TemplateView]:
    return [TemplateView(state=state, audience=who, template=name) for (state, who), name in NOTICES.items()]
