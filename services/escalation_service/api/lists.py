"""The follow-up list over REST: pages, counts, a spreadsheet, and who is asking."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from services.escalation_service.api.list_models import FollowUp, ListCounts, Me, follow_up, list_counts
from services.escalation_service.api.workbook import MEDIA_TYPE, chunks_of, workbook_of
from services.escalation_service.domain.urgency import RANKS
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.use_cases import follow_up_list, follow_ups
from services.escalation_service.use_cases.follow_up_list import Due, Filters
from shared.kernel.access import Actor
from shared.kernel.fiscal import BUDDHIST_ERA, bangkok_date
from shared.web import Page, Paging, Transaction, needs, unavailable
from shared.web.types import OfficeCode, Region

router = APIRouter(prefix="/escalation/v1", tags=["step 3: chase until done"])
MayRead = Annotated[Actor, needs("follow_ups:read")]
_THAI_DIGITS = {ord("๐") + n: str(n) for n in range(10)}
_MOST_AT_ONCE = 2
_writing: list[datetime] = []


async def _filters(
    tx: Transaction,
    office: Annotated[OfficeCode | None, Query(description="the responsible office")] = None,
    region: Annotated[Region | None, Query()] = None,
    rung: Annotated[int | None, Query(ge=0, le=9, description="the rung fired last; 0 for none")] = None,
    min_age_hours: Annotated[int | None, Query(ge=0, le=100_000, description="overdue at least so long")] = None,
    late: Annotated[bool | None, Query(description="open and late; false: open and not late yet")] = None,
    unacknowledged: Annotated[bool | None, Query(description="the rung fired last has no answer yet")] = None,
    not_repaired: Annotated[bool | None, Query(description="reported done without repair")] = None,
    promise_broken: Annotated[bool | None, Query(description="a promised date has passed")] = None,
    not_told: Annotated[bool | None, Query(description="nobody could be told of the rung fired last")] = None,
    next_chase: Annotated[Due | None, Query(description="the next chase is today, was earlier, or either")] = None,
    number: Annotated[
        str | None, Query(min_length=1, max_length=40, description="a part of the case number", examples=["2569-0001"])
    ] = None,
    case_id: Annotated[UUID | None, Query(description="this case alone")] = None,
) -> Filters:
    overdue = timedelta(hours=min_age_hours) if min_age_hours is not None else None
    return Filters(
        office=office, region=region, rung=rung, overdue=overdue, late=late, unacknowledged=unacknowledged,
        not_repaired=not_repaired, promise_broken=promise_broken, not_told=not_told, next_chase=next_chase,
        number=number.translate(_THAI_DIGITS).strip() if number else None, case_id=case_id, reader=tx.actor.id,
    )  # fmt: skip


Asked = Annotated[Filters, Depends(_filters)]


@router.get("/follow-ups", summary="What กสส. chases today, the longest overdue or the most urgent first")
async def list_follow_ups(
    tx: Transaction,
    _actor: MayRead,
    asked: Asked,
    paging: Paging,
    sort: Annotated[Literal["overdue", "urgent"], Query(description="what comes first")] = "overdue",
) -> Page[FollowUp]:
    if sort == "urgent":
        return await _urgent_page(tx, asked, paging)
    found = await follow_up_list.by_deadline(tx, asked, after=paging.after(datetime, UUID, int), most=paging.fetch)
    lines = [follow_up(row, tx.now, found.names.get(row.office)) for row in found.rows]
    return paging.page(lines, lambda line: (line.due_at, line.case_id, line.cycle))


async def _urgent_page(tx: Transaction, asked: Filters, paging: Paging) -> Page[FollowUp]:
    place = paging.after(datetime, int, datetime, UUID, int)
    at = place[0] if place else tx.now
    found = await follow_up_list.by_urgency(tx, asked, at, after=place[1:] if place else None, most=paging.fetch)
    lines = [follow_up(row, at, found.names.get(row.office)) for row in found.rows]
    return paging.page(lines, lambda line: (at, RANKS[line.urgency], line.due_at, line.case_id, line.cycle))


@router.get("/follow-ups/counts", summary="How many lines each view and each office has, under the same filters")
async def count_follow_ups(tx: Transaction, _actor: MayRead, asked: Asked) -> ListCounts:
    return list_counts(await follow_up_list.count(tx, asked))


@router.get(
    "/follow-ups.xlsx",
    summary="The list as a spreadsheet, under the same filters, the most urgent first",
    response_class=StreamingResponse,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def export_follow_ups(request: Request, tx: Transaction, actor: MayRead, asked: Asked) -> StreamingResponse:
    settings: EscalationSettings = request.app.state.context.settings
    with _a_place(tx.now):
        batches = await follow_up_list.whole(tx, asked, most=settings.export_rows)
        file = await workbook_of(batches, tx.now, actor.id)
    day = bangkok_date(tx.now)
    written = f"{day.year + BUDDHIST_ERA}-{day:%m-%d}"
    name = quote(f"รายการติดตาม-{written}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename=\"follow-ups-{written}.xlsx\"; filename*=UTF-8''{name}"}
    return StreamingResponse(chunks_of(file), media_type=MEDIA_TYPE, headers=headers)


@contextmanager
def _a_place(now: datetime) -> Iterator[None]:
    """Only so many files are written at once: each takes a connection and a core. Raises Rejection 503."""
    if len(_writing) >= _MOST_AT_ONCE:
        raise unavailable("export_busy", "Other files are being written. Try again shortly.", retry_after=5)
    _writing.append(now)
    try:
        yield
    finally:
        _writing.remove(now)


@router.get("/me", summary="Who is signed in, and what they may do")
async def get_me(tx: Transaction, actor: Annotated[Actor, needs()]) -> Me:
    scope = await follow_ups.scope_of(tx)
    return Me(
        id=actor.id, roles=sorted(actor.roles), rights=sorted(actor.rights), offices=sorted(scope.offices),
        regions=sorted(scope.regions), everything=scope.everything, restricted=scope.restricted,
    )  # fmt: skip
