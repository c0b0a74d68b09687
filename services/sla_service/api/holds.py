"""Holds of a case by persons, over REST: with a reason that the policy knows, and evidence."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.sla_service.store import holds
from services.sla_service.use_cases import holding
from services.sla_service.use_cases.holding import WantedHold
from shared.db import Row
from shared.kernel.access import Actor
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Instant, PublicText, StrictModel

router = APIRouter(prefix="/sla/v1", tags=["step 2: holds and extensions"])
MayRead = Annotated[Actor, needs("clocks:read")]
MayHold = Annotated[Actor, needs("holds:write")]
Reason = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$", examples=["customer_absent"])]


class PlaceHoldBody(StrictModel):
    """A pause. Without a beginning: from now on; without an end: until it is ended."""

    reason: Reason
    evidence: PublicText = Field(description="what shows it: a document's number, a call, a photo's name")
    began_at: Instant | None = Field(None, description="in the past: needs holds:backdate, and why")
    ended_at: Instant | None = None
    why: PublicText | None = Field(None, description="why it is entered after the fact")


class EndHoldBody(StrictModel):
    """When the pause ended; without it: now."""

    ended_at: Instant | None = Field(None, description="in the past: needs holds:backdate, and why")
    why: PublicText | None = Field(None, description="why it is entered after the fact")


class HoldShown(BaseModel):
    """A hold that a person entered."""

    hold_id: UUID
    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    office: str
    cycle: int
    reason: str
    evidence: str | None
    began_at: Instant
    ended_at: Instant | None = Field(description="null while it runs; it ends with the cycle at the latest")
    why: str | None = Field(description="why it was entered after the fact")
    entered_by: str
    entered_at: Instant
    ended_by: str | None
    end_why: str | None


def _shown(row: Row[Any]) -> HoldShown:
    named = {name: getattr(row, name) for name in HoldShown.model_fields if name != "ended_at"}
    ended_by = row.ended_by or (row.entered_by if row.ended_with_it else None)
    return HoldShown(**{**named, "ended_by": ended_by, "ended_at": row.ended_with_it or row.ended_later})


@router.post("/cases/{case_id}/holds", status_code=201, summary="Hold the clocks of a case")
async def place_hold(
    case_id: UUID, body: PlaceHoldBody, tx: Transaction, _actor: MayHold, once: Idempotent, response: Response
) -> HoldShown:
    async def make() -> HoldShown:
        wanted = WantedHold(body.reason, body.evidence, body.began_at, body.ended_at, body.why)
        return _shown(await holding.place(tx, case_id, wanted))

    return await once.answer(tx, response, make)


@router.post("/holds/{hold_id}/end", summary="End a hold: the clocks run on")
async def end_hold(hold_id: UUID, body: EndHoldBody, tx: Transaction, _actor: MayHold) -> HoldShown:
    return _shown(await holding.end(tx, hold_id, body.ended_at, body.why))


@router.get("/holds", summary="Holds entered by persons, the oldest first")
async def list_holds(
    tx: Transaction,
    _actor: MayRead,
    paging: Paging,
    case_id: Annotated[UUID | None, Query()] = None,
    running: Annotated[bool | None, Query(description="true: not ended; false: ended")] = None,
) -> Page[HoldShown]:
    (after,) = paging.after(UUID) or (None,)
    rows = await holds.list_holds(tx, case_id=case_id, is_open=running, after=after, most=paging.fetch)
    return paging.page([_shown(row) for row in rows], lambda one: (one.hold_id,))
