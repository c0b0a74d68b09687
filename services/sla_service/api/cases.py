"""Step 2 over REST: the clocks of a case, why they stand so, and the breaches."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.sla_service.api.models import (
    BreachShown,
    CaseClocksShown,
    Explanation,
    Metric,
    breach_shown,
    case_clocks,
    explanation,
)
from services.sla_service.store.reads import BreachFilter
from services.sla_service.use_cases import reading
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs
from shared.web.types import Instant, OfficeCode, Region

router = APIRouter(prefix="/sla/v1", tags=["step 2: count and clock"])
MayRead = Annotated[Actor, needs("clocks:read")]


async def _filter(
    office: Annotated[OfficeCode | None, Query(description="the responsible office")] = None,
    region: Annotated[Region | None, Query()] = None,
    metric: Annotated[Metric | None, Query()] = None,
    standing: Annotated[bool | None, Query(description="true: not voided; false: voided")] = None,
    level: Annotated[int | None, Query(ge=1, le=100, description="1: the deadline; 2: twice the budget")] = None,
) -> BreachFilter:
    return BreachFilter(office=office, region=region, metric=metric, standing=standing, level=level)


@router.get("/cases/{case_id}/clocks", summary="The clocks of a case as of now, and its breaches")
async def get_clocks(case_id: UUID, tx: Transaction, _actor: MayRead) -> CaseClocksShown:
    return case_clocks(await reading.clocks_of(tx, case_id))


@router.get(
    "/cases/{case_id}/explain", summary="Why the clocks stood as they did at any instant: stretches, and decisions"
)
async def get_explanation(
    case_id: UUID,
    tx: Transaction,
    _actor: MayRead,
    at: Annotated[Instant | None, Query(description="without it: now")] = None,
) -> Explanation:
    return explanation(await reading.explain_case(tx, case_id, at))


@router.get("/breaches", summary="Missed deadlines, the newest first")
async def list_breaches(
    tx: Transaction, _actor: MayRead, wanted: Annotated[BreachFilter, Depends(_filter)], paging: Paging
) -> Page[BreachShown]:
    rows = await reading.list_breaches(tx, wanted, after=paging.after(datetime, UUID), most=paging.fetch)
    return paging.page([breach_shown(row) for row in rows], lambda one: (one.breached_at, one.breach_id))
