"""Step 3 over REST: what officers answer to rungs, and the rungs that wait for an answer."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from services.escalation_service.api.models import OfficerShown, Said, StaffCode
from services.escalation_service.store.answers import Filters
from services.escalation_service.use_cases import answers
from services.escalation_service.use_cases.follow_ups import Acknowledgement
from shared.db import Row, Tx
from shared.kernel.access import Actor
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Instant, OfficeCode, Region, StrictModel

router = APIRouter(prefix="/escalation/v1", tags=["step 3: chase until done"])
MayRead = Annotated[Actor, needs("follow_ups:read")]
MayAnswer = Annotated[Actor, needs("rungs:acknowledge")]
Rung = Annotated[int, Path(ge=1, le=9)]


async def _place(case_id: UUID, rung: Rung) -> tuple[UUID, int]:
    return case_id, rung


Place = Annotated[tuple[UUID, int], Depends(_place)]


class PromiseBody(StrictModel):
    """By when the case will be done. Earlier promises stay in the log."""

    promised_at: Instant
    note: Said | None = Field(None, examples=["รออะไหล่จากเขต"])


class HandOverBody(StrictModel):
    """Who shall answer for the rung from now on, and why."""

    to_staff_code: StaffCode
    reason: Said = Field(examples=["ไปราชการ"])


class TakeOverBody(StrictModel):
    """Why you answer for the rung from now on."""

    reason: Said = Field(examples=["เขตรับไปเร่งรัดเอง"])


class InCharge(BaseModel):
    """Who answers for the rung now."""

    case_id: UUID
    rung: int
    staff_code: str
    name: str | None


class Promised(BaseModel):
    case_id: UUID
    rung: int
    promised_at: Instant


class RungRef(StrictModel):
    """One rung of one case."""

    case_id: UUID
    rung: int = Field(ge=1, le=9)


class AcknowledgementsBody(StrictModel):
    """Up to 100 rungs at once. Without `defer_hours` each next rung waits as long as its ladder allows."""

    items: list[RungRef] = Field(min_length=1, max_length=100)
    defer_hours: int | None = Field(None, ge=0, le=24)
    note: Said | None = None


class AcknowledgementResult(BaseModel):
    """What became of one of them."""

    case_id: UUID
    rung: int
    result: str = Field(description="acknowledged, or the code of the refusal", examples=["already_acknowledged"])
    deferred_until: Instant | None


class AcknowledgementResults(BaseModel):
    items: list[AcknowledgementResult] = Field(description="in the order of the request")


class UnansweredRung(BaseModel):
    """A rung that fired and that nobody has acknowledged."""

    rung_id: UUID
    case_id: UUID
    number: str | None
    cycle: int
    rung: int
    post: str
    post_office: str
    office: str = Field(description="the responsible office of the case")
    region: int | None
    subject: str | None
    subject_name: str | None = Field(description="what it is called today", examples=["น้ำไม่ไหล"])
    severity: str | None
    officer: OfficerShown | None = Field(description="null: the post was vacant")
    in_charge: str | None = Field(description="staff code of whoever took it over or was handed it")
    in_charge_name: str | None
    fired_at: Instant
    hours_since: int
    due_at: Instant | None
    told: str | None = Field(description="how the message to the officer stands; not_told: nobody could be told")


@router.post("/cases/{case_id}/rungs/{rung}/promise", summary="The officer promises a date")
async def promise(
    place: Place, body: PromiseBody, tx: Transaction, _actor: MayAnswer, once: Idempotent, response: Response
) -> Promised:
    async def give() -> Promised:
        await answers.promise(tx, *place, body.promised_at, body.note)
        return Promised(case_id=place[0], rung=place[1], promised_at=body.promised_at)

    return await once.answer(tx, response, give)


@router.post("/cases/{case_id}/rungs/{rung}/hand-over", summary="Put another officer in charge of a rung")
async def hand_over(
    place: Place, body: HandOverBody, tx: Transaction, _actor: MayAnswer, once: Idempotent, response: Response
) -> InCharge:
    async def hand() -> InCharge:
        name = await answers.hand_over(tx, *place, body.to_staff_code, body.reason)
        return InCharge(case_id=place[0], rung=place[1], staff_code=body.to_staff_code, name=name)

    return await once.answer(tx, response, hand)


@router.post("/cases/{case_id}/rungs/{rung}/take-over", summary="Answer for a rung yourself from now on")
async def take_over(
    place: Place, body: TakeOverBody, tx: Transaction, actor: MayAnswer, once: Idempotent, response: Response
) -> InCharge:
    async def take() -> InCharge:
        await answers.take_over(tx, *place, body.reason)
        return InCharge(case_id=place[0], rung=place[1], staff_code=actor.id, name=None)

    return await once.answer(tx, response, take)


@router.post("/acknowledgements", summary="Acknowledge several rungs at once; each has its own result")
async def acknowledge_all(
    body: AcknowledgementsBody, tx: Transaction, _actor: MayAnswer, once: Idempotent, response: Response
) -> AcknowledgementResults:
    return await once.answer(tx, response, lambda: _acknowledge_all(tx, body))


async def _acknowledge_all(tx: Tx, body: AcknowledgementsBody) -> AcknowledgementResults:
    asked = [(item.case_id, item.rung) for item in body.items]
    defer = timedelta(hours=body.defer_hours) if body.defer_hours is not None else None
    results = await answers.acknowledge_all(tx, asked, Acknowledgement(defer, None, body.note))
    shown = [results[pair] for pair in dict.fromkeys(asked)]
    return AcknowledgementResults(
        items=[
            AcknowledgementResult(case_id=r.case_id, rung=r.rung, result=r.result, deferred_until=r.deferred_until)
            for r in shown
        ]
    )


async def _filters(
    tx: Transaction,
    office: Annotated[OfficeCode | None, Query(description="the responsible office")] = None,
    region: Annotated[Region | None, Query()] = None,
    rung: Annotated[int | None, Query(ge=1, le=9)] = None,
    min_age_hours: Annotated[int | None, Query(ge=0, le=100_000, description="fired at least so long ago")] = None,
    not_told: Annotated[bool | None, Query(description="nobody could be told of it")] = None,
) -> Filters:
    before = tx.now - timedelta(hours=min_age_hours) if min_age_hours is not None else None
    return Filters(office, region, rung, before, not_told)


@router.get("/unacknowledged", summary="Rungs that fired and that nobody has acknowledged, the oldest first")
async def list_unacknowledged(
    tx: Transaction, _actor: MayRead, wanted: Annotated[Filters, Depends(_filters)], paging: Paging
) -> Page[UnansweredRung]:
    after = paging.after(datetime, UUID)
    rows = await answers.unanswered(tx, wanted, after=(after[0], after[1]) if after else None, most=paging.fetch)
    return paging.page([_unanswered(row, tx.now) for row in rows], lambda line: (line.fired_at, line.rung_id))


def _unanswered(row: Row[Any], now: datetime) -> UnansweredRung:
    officer = None
    if row.officer_code is not None:
        officer = OfficerShown(staff_code=row.officer_code, name=row.officer_name, acting=row.acting)
    known = row._asdict() | {"office": row.case_office, "officer": officer}
    known["hours_since"] = (now - row.fired_at) // timedelta(hours=1)
    return UnansweredRung.model_validate({name: known[name] for name in UnansweredRung.model_fields})
