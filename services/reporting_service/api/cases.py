"""What reporting knows of cases: the folded record behind every figure, for those who may see the case."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.reporting_service.use_cases import reading
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs
from shared.web.types import Instant, OfficeCode, Region, SubjectCode

router = APIRouter(prefix="/reporting/v1/cases", tags=["case records"])
MayRead = Annotated[Actor, needs("reports:read", "packs:read")]
State = Literal[
    "received", "awaiting_information", "classified", "routed", "in_progress", "resolved", "answered", "cancelled"
]


class CaseLine(BaseModel):
    """One case as the figures see it."""

    case_id: UUID
    number: str | None
    kind: str
    subject: str | None
    office: str
    region: int | None
    restricted: bool
    state: str
    cycle: int
    received_at: Instant
    due_at: Instant | None = Field(description="deadline of the current cycle; null while held")
    resolved_at: Instant | None
    on_time: bool = Field(description="by the headline rule of O1; false also while it is open")


class CaseView(CaseLine):
    """The whole record."""

    record: dict[str, Any]


@router.get("", summary="Case records, newest receipt first")
async def list_cases(
    tx: Transaction,
    actor: MayRead,
    paging: Paging,
    office: Annotated[OfficeCode | None, Query()] = None,
    region: Annotated[Region | None, Query()] = None,
    subject: Annotated[SubjectCode | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
) -> Page[CaseLine]:
    filters = {"office": office, "region": region, "subject": subject, "state": state}
    found = await reading.listed(tx, actor.scope, filters, paging.after(datetime, UUID), paging.fetch)
    lines = [CaseLine(**reading.line(case)) for case in found]
    return paging.page(lines, lambda line: (line.received_at, line.case_id))


@router.get("/{case_id}", summary="The record of one case")
async def get_case(case_id: UUID, tx: Transaction, actor: MayRead) -> CaseView:
    case = await reading.see(tx, case_id, actor.scope)
    return CaseView(**reading.line(case), record=reading.body(case))
