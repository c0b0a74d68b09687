"""Extensions over REST: one person asks for more time, another decides."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.sla_service.api.models import Metric
from services.sla_service.store import extensions
from services.sla_service.use_cases import extending
from services.sla_service.use_cases.extending import WantedExtension
from shared.db import Row
from shared.kernel.access import Actor
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Instant, PublicText, StrictModel

router = APIRouter(prefix="/sla/v1", tags=["step 2: holds and extensions"])
MayRead = Annotated[Actor, needs("clocks:read")]
MayAsk = Annotated[Actor, needs("extensions:request")]
MayDecide = Annotated[Actor, needs("extensions:decide")]
State = Literal["requested", "approved", "rejected"]


class RequestBody(StrictModel):
    """More time for a clock that runs: working hours of its calendar, or until a date. One of the two."""

    metric: Metric = "resolve"
    reason: PublicText
    evidence: PublicText = Field(description="what shows it: a document's number, a call, a photo's name")
    hours: int | None = Field(None, ge=1, le=2000, examples=[24])
    until: Instant | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "RequestBody":
        if (self.hours is None) == (self.until is None):
            raise ValueError("Give hours or until, one of the two.")
        return self


class ApproveBody(StrictModel):
    """A word beside the approval."""

    note: PublicText | None = None


class RejectBody(StrictModel):
    """Why not."""

    note: PublicText


class ExtensionShown(BaseModel):
    """A request for more time, and what became of it."""

    id: UUID
    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    office: str
    region: int | None
    metric: Metric
    cycle: int
    state: State
    reason: str
    evidence: str
    hours: int | None
    until: Instant | None
    requested_by: str
    requested_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    note: str | None
    granted_seconds: int | None = Field(description="open time of the clock's calendar")
    previous_due_at: Instant | None
    due_at: Instant | None = Field(description="the new deadline, once approved")


def _shown(row: Row[Any]) -> ExtensionShown:
    named = {name: getattr(row, name) for name in ExtensionShown.model_fields if name != "granted_seconds"}
    return ExtensionShown(**named, granted_seconds=int(row.granted.total_seconds()) if row.granted else None)


@router.post("/cases/{case_id}/extensions", status_code=201, summary="Ask for more time; somebody else decides")
async def request_extension(
    case_id: UUID, body: RequestBody, tx: Transaction, _actor: MayAsk, once: Idempotent, response: Response
) -> ExtensionShown:
    async def make() -> ExtensionShown:
        wanted = WantedExtension(body.metric, body.reason, body.evidence, body.hours, body.until)
        return _shown(await extending.request(tx, case_id, wanted))

    return await once.answer(tx, response, make)


@router.get("/extensions", summary="Requests for more time, the oldest first")
async def list_extensions(
    tx: Transaction,
    _actor: MayRead,
    paging: Paging,
    state: Annotated[State | None, Query()] = None,
    case_id: Annotated[UUID | None, Query()] = None,
) -> Page[ExtensionShown]:
    (after,) = paging.after(UUID) or (None,)
    rows = await extensions.list_extensions(tx, state=state, case_id=case_id, after=after, most=paging.fetch)
    return paging.page([_shown(row) for row in rows], lambda one: (one.id,))


@router.get("/extensions/{extension_id}", summary="One request for more time")
async def get_extension(extension_id: UUID, tx: Transaction, _actor: MayRead) -> ExtensionShown:
    return _shown(await extending.see(tx, extension_id))


@router.post("/extensions/{extension_id}/approve", summary="Grant it; the customer is told the new date")
async def approve_extension(
    extension_id: UUID, body: ApproveBody, tx: Transaction, _actor: MayDecide
) -> ExtensionShown:
    return _shown(await extending.approve(tx, extension_id, body.note))


@router.post("/extensions/{extension_id}/reject", summary="Refuse it, with the reason")
async def reject_extension(extension_id: UUID, body: RejectBody, tx: Transaction, _actor: MayDecide) -> ExtensionShown:
    return _shown(await extending.reject(tx, extension_id, body.note))
