"""Steps 5 and 7 over REST: the queue of calls, attempts and answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.survey_service.api.models import (
    AnswersView,
    Code,
    ContactPurpose,
    ContactView,
    Score,
    TaskState,
    answers_view,
    contact_view,
    task_state,
)  # fmt: skip
from services.survey_service.domain.card import mask_phone
from services.survey_service.domain.case import CONTACT_CENTER
from services.survey_service.store import calls, phone_tasks, rules
from services.survey_service.use_cases import calling
from services.survey_service.use_cases.calling import Interview
from services.survey_service.use_cases.common import found
from shared.db import Row, Tx
from shared.kernel.access import Actor
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Instant, OfficeCode, Region, StrictModel

router = APIRouter(prefix="/survey/v1", tags=["step 5: call every customer"])
MayRead = Annotated[Actor, needs("calls:read")]
MayWork = Annotated[Actor, needs("calls:work")]
Purpose = Literal["satisfaction", "sample"]


class CallView(BaseModel):
    """A call to a customer."""

    id: UUID
    case_id: UUID
    number: str | None = Field(None, examples=["1102-2569-000001"])
    office: str | None = None
    region: int | None = None
    subject: str | None = None
    channel: str | None = None
    cycle: int
    purpose: Purpose
    state: str = Field(description="open, claimed or closed")
    outcome: str | None = Field(None, description="of the last attempt, or why the call ended")
    attempts: int
    phone: str | None = Field(None, description="masked", examples=["08x-xxx-1234"])
    opened_at: Instant
    due_at: Instant | None = None
    closed_at: Instant | None = None
    claimed_by: str | None = None
    claimed_until: Instant | None = None
    checklist: str | None = Field(None, description="version of the checklist that this call carries, if it is sampled")


class AskedQuestion(BaseModel):
    """A question for this customer."""

    key: str
    text_th: str
    required: bool
    only_contact_center: bool


class AskedStandard(BaseModel):
    """An item of the checklist for this customer."""

    code: str
    about: str
    text_th: str


class AttemptView(BaseModel):
    """Somebody dialled."""

    number: int
    outcome: str
    attempted_by: str
    attempted_at: Instant


class MarkView(BaseModel):
    """One standard, kept or not; null = the customer could not say."""

    item: str
    about: str
    passed: bool | None


class CallDetail(CallView):
    """A call with what is to be asked and what was said."""

    questions: list[AskedQuestion]
    standards: list[AskedStandard]
    tried: list[AttemptView]
    answers: AnswersView | None
    marks: list[MarkView]
    to_be_told: bool = Field(description="no message reached the customer: say first that the work is done")


class ClaimBody(StrictModel):
    """Which call: the next of a kind, or a particular one."""

    call_id: UUID | None = None
    purpose: Purpose | None = None
    region: Region | None = None


class AttemptBody(StrictModel):
    """How dialling ended."""

    outcome: Literal["answered", "no_answer", "busy", "refused", "wrong_number"]


class AnswersBody(StrictModel):
    """The customer's answers. A question that does not apply to the customer is left out."""

    channel_convenience: Score | None = None
    channel_variety: Score | None = None
    speed: Score | None = None
    repair: Score | None = Field(None, description="required by the questionnaire")
    contact_center: Score | None = Field(None, description="only where 1662 took part")
    fixed: bool = Field(description="is the problem gone?")
    called_back_by_contact_center: bool = Field(False, description="1662 called this customer back during the case")
    checklist: dict[Code, bool | None] = Field({}, max_length=50, description="each standard of a sampled call")


def call_view(row: Row[Any]) -> CallView:
    values = row._asdict()
    return CallView.model_validate({**values, "phone": mask_phone(values["phone"])})


@router.get("/calls", summary="The queue of calls, oldest first")
async def list_calls(
    tx: Transaction,
    actor: MayRead,
    paging: Paging,
    state: Annotated[Literal["open", "claimed", "closed"] | None, Query(description="default: not closed")] = None,
    purpose: Annotated[Purpose | None, Query()] = None,
    region: Annotated[Region | None, Query()] = None,
    office: Annotated[OfficeCode | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
    outcome: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[CallView]:
    (after,) = paging.after(UUID) or (None,)
    rows = await calls.list_calls(
        tx, actor.scope, after, paging.fetch,
        state=state, purpose=purpose, region=region, office=office, case_id=case_id, outcome=outcome,
    )  # fmt: skip
    return paging.page([call_view(row) for row in rows], lambda view: (view.id,))


@router.get("/calls/{call_id}", summary="One call: what to ask, what was tried, what was said")
async def get_call(call_id: UUID, tx: Transaction, actor: MayRead) -> CallDetail:
    return await _detail(tx, found(await calls.find_shown(tx, call_id, actor.scope), "call"))


async def _detail(tx: Tx, row: Row[Any]) -> CallDetail:
    by_contact_center = row.channel == CONTACT_CENTER
    asked = await rules.questions(tx)
    items = (await rules.standards(tx, row.checklist)).for_channel(row.channel) if row.checklist else ()
    return CallDetail(
        **call_view(row).model_dump(),
        questions=[
            AskedQuestion.model_validate(vars(each)) for each in asked.asked(by_contact_center=by_contact_center)
        ],
        standards=[AskedStandard.model_validate(vars(each)) for each in items],
        tried=_rows(AttemptView, await calls.attempts_of(tx, row.id)),
        answers=answers_view(await calls.answer_of(tx, row.id)),
        marks=_rows(MarkView, await calls.marks_of(tx, row.id)),
        to_be_told=any(task.cycle == row.cycle for task in await phone_tasks.open_tasks(tx, row.case_id)),
    )


def _rows(model: type[Any], rows: Sequence[Row[Any]]) -> list[Any]:
    return [model.model_validate(row._asdict()) for row in rows]


@router.post(
    "/calls/claim", summary="Take the next call, or a particular one", responses={204: {"description": "queue empty"}}
)
async def claim(body: ClaimBody, tx: Transaction, actor: MayWork, response: Response) -> CallView | None:
    call = await (
        calling.claim_one(tx, body.call_id) if body.call_id else calling.claim_next(tx, body.purpose, body.region)
    )
    if call is None:
        response.status_code = 204
        return None
    return call_view(found(await calls.find_shown(tx, call.id, actor.scope), "call"))


@router.get("/calls/{call_id}/contact", summary="Whom to call, for whoever has claimed the call; logged")
async def contact(
    call_id: UUID,
    tx: Transaction,
    _actor: MayWork,
    purpose: Annotated[ContactPurpose, Query(description="why the number is needed")],
) -> ContactView:
    return contact_view(await calling.contact(tx, call_id, purpose))


@router.post("/calls/{call_id}/attempts", status_code=201, summary="Say how dialling ended")
async def attempt(
    call_id: UUID, body: AttemptBody, tx: Transaction, _actor: MayWork, once: Idempotent, response: Response
) -> TaskState:
    async def tried() -> TaskState:
        return task_state(await calling.attempt(tx, call_id, body.outcome))

    return await once.answer(tx, response, tried)


@router.post("/calls/{call_id}/answers", status_code=201, summary="Keep the answers and close the call")
async def answer(
    call_id: UUID, body: AnswersBody, tx: Transaction, _actor: MayWork, once: Idempotent, response: Response
) -> TaskState:
    scores = body.model_dump(exclude={"fixed", "called_back_by_contact_center", "checklist"})
    said = Interview(scores, body.fixed, body.called_back_by_contact_center, body.checklist)

    async def answered() -> TaskState:
        return task_state(await calling.answer(tx, call_id, said))

    return await once.answer(tx, response, answered)
