"""Policies and calendars with their versions, and a calculator for whoever promises a date before there is a case."""

from typing import Annotated

from fastapi import APIRouter

from services.sla_service.api.models import (
    CalculatorAnswer,
    CalculatorBody,
    CalendarShown,
    PolicyShown,
    calculated,
    calendar_shown,
    policy_shown,
)
from services.sla_service.store import reads
from services.sla_service.use_cases import reading
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs

router = APIRouter(prefix="/sla/v1", tags=["step 2: count and clock"])
MayRead = Annotated[Actor, needs("clocks:read")]


@router.get("/policies", summary="Policy versions: which cases they are for and what they promise")
async def list_policies(tx: Transaction, _actor: MayRead, paging: Paging) -> Page[PolicyShown]:
    rows = await reads.list_policies(tx, after=paging.after(str, int), most=paging.fetch)
    return paging.page([policy_shown(row) for row in rows], lambda one: (one.code, one.version))


@router.get("/calendars", summary="Calendar versions: opening hours, holidays, drafts")
async def list_calendars(tx: Transaction, _actor: MayRead, paging: Paging) -> Page[CalendarShown]:
    rows = await reads.list_calendars(tx, after=paging.after(str, int), most=paging.fetch)
    return paging.page([calendar_shown(row) for row in rows], lambda one: (one.code, one.version))


@router.post("/calculator", summary="When would a target be due? Nothing is kept")
async def calculate(body: CalculatorBody, tx: Transaction, _actor: MayRead) -> CalculatorAnswer:
    holds = [(one.began_at, one.ended_at) for one in body.holds]
    return calculated(await reading.calculate(tx, body.target.target(), body.start, holds))
