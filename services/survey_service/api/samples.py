"""Step 7 over REST: samples drawn per region and month, and how far they have come."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.survey_service.store import samples
from services.survey_service.store.samples import Sample
from services.survey_service.use_cases import sampling
from services.survey_service.use_cases.common import found
from services.survey_service.use_cases.sampling import Order
from shared.kernel.access import Actor
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Instant, Region, StrictModel

router = APIRouter(prefix="/survey/v1", tags=["step 7: sample calls"])
MayRead = Annotated[Actor, needs("calls:read", "samples:draw")]
MayDraw = Annotated[Actor, needs("samples:draw")]
Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-02"])]


class DrawBody(StrictModel):
    """Draw the sample of one region and month, once."""

    region: Region
    month: Month = Field(description="Bangkok month in which the branch reported completion")
    precision: Annotated[str, Field(max_length=8, examples=["0.05"])] | None = Field(
        None, description="Yamane's e; default: the rule in force"
    )
    quota: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="instead of N / (1 + N e²); never more than the frame"
    )
    seed: Annotated[str, Field(pattern="^[0-9A-Za-z_-]{1,64}$")] | None = Field(
        None, description="to repeat a draw; default: random"
    )


class SampleView(BaseModel):
    """A sample; the draw can be repeated from the seed and the frame."""

    id: UUID
    region: int
    month: str
    frame: int = Field(description="closed complaints to draw from")
    frame_hash: str = Field(description="SHA-256 of the frame's sorted case ids")
    quota: int
    precision: str
    seed: str
    checklist: str
    drawn_by: str
    drawn_at: Instant


class ProgressView(BaseModel):
    """Progress against the quota."""

    sample_id: UUID
    quota: int
    completed: int
    open: int = Field(description="called or to be called")
    unreached: int = Field(description="each was replaced while the reserve lasted")
    reserve: int
    short: int = Field(description="places that can no longer be filled: the frame is used up")


class MemberView(BaseModel):
    """A case of the sample, in the order of the draw."""

    position: int
    case_id: UUID
    state: str = Field(description="chosen, calling, completed or unreached")
    replaces: int | None = Field(description="position of the unreached member whose place it takes")
    call_id: UUID | None
    reason: str | None


def sample_view(drawn: Sample) -> SampleView:
    return SampleView.model_validate(vars(drawn))


@router.post("/samples/draw", status_code=201, summary="Draw the sample of a region and month")
async def draw(body: DrawBody, tx: Transaction, _actor: MayDraw, once: Idempotent, response: Response) -> SampleView:
    async def drawn() -> SampleView:
        return sample_view(await sampling.draw(tx, Order(**body.model_dump())))

    return await once.answer(tx, response, drawn)


@router.get("/samples", summary="Samples, newest first")
async def list_samples(
    tx: Transaction,
    actor: MayRead,
    paging: Paging,
    region: Annotated[Region | None, Query()] = None,
    month: Annotated[Month | None, Query()] = None,
) -> Page[SampleView]:
    (after,) = paging.after(UUID) or (None,)
    rows = await samples.list_samples(tx, actor.scope, after, paging.fetch, region=region, month=month)
    return paging.page([sample_view(row) for row in rows], lambda view: (view.id,))


@router.get("/samples/{sample_id}", summary="One sample")
async def get_sample(sample_id: UUID, tx: Transaction, actor: MayRead) -> SampleView:
    return sample_view(found(await samples.find_sample(tx, sample_id, actor.scope), "sample"))


@router.get("/samples/{sample_id}/progress", summary="How far the sample is from its quota")
async def get_progress(sample_id: UUID, tx: Transaction, _actor: MayRead) -> ProgressView:
    drawn, progress = await sampling.progress(tx, sample_id)
    return ProgressView(sample_id=drawn.id, **vars(progress))


@router.get("/samples/{sample_id}/members", summary="Who was drawn, who replaced whom")
async def list_members(sample_id: UUID, tx: Transaction, actor: MayRead, paging: Paging) -> Page[MemberView]:
    found(await samples.find_sample(tx, sample_id, actor.scope), "sample")
    (after,) = paging.after(int) or (0,)
    rows = await samples.list_members(tx, actor.scope, sample_id, after, paging.fetch)
    return paging.page([MemberView.model_validate(row._asdict()) for row in rows], lambda view: (view.position,))
