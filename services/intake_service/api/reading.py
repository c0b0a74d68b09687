"""Lists, search, one case, its timeline and the rules' suggestion."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.intake_service.api.answers import (
    CaseAnswer,
    CaseDetail,
    Entry,
    RelatedCase,
    SuggestionAnswer,
    case_answer,
    case_detail,
    cycle_answer,
    related_case,
)
from services.intake_service.domain.case import State
from services.intake_service.domain.number import as_case_number
from services.intake_service.domain.tracking import as_tracking_code
from services.intake_service.store.rows import Found
from services.intake_service.use_cases import looking
from services.intake_service.use_cases.classifying import suggestion_for
from services.intake_service.use_cases.looking import After, Wanted
from shared.db import Tx
from shared.kernel.access import Actor
from shared.kernel.words import Channel, Kind
from shared.web import CursorQuery, Page, Paging, Transaction, etag, needs
from shared.web.types import Instant, Region

router = APIRouter(prefix="/intake/v1", tags=["1 receive and classify"])
Reader = Annotated[Actor, needs("cases:read")]
Code = Annotated[str | None, Query(max_length=10)]


@router.get("/cases", response_model=Page[CaseAnswer])
async def list_cases(
    tx: Transaction,
    actor: Reader,
    paging: Paging,
    state: State | None = None,
    office: Code = None,
    region: Annotated[Region | None, Query()] = None,
    kind: Kind | None = None,
    subject: Code = None,
    channel: Channel | None = None,
    queue: Literal["head_office"] | None = None,
    received_from: Annotated[Instant | None, Query()] = None,
    received_to: Annotated[Instant | None, Query()] = None,
    overdue: Annotated[bool, Query(description="only open cases past their deadline, the most overdue first")] = False,
) -> Page[CaseAnswer]:
    """The cases that you may see, newest receipt first; phones masked. `queue=head_office`: what waits for HQ."""
    wanted = Wanted(state, office, region, kind, subject, channel, received_from, received_to, queue is not None)
    if overdue:
        rows = await looking.overdue(tx, wanted, _after(paging), paging.fetch)
        return _page(paging, rows, lambda row: (row.fact_due_at, row.id))
    rows = await looking.newest(tx, wanted, _after(paging), paging.fetch)
    return _page(paging, rows, lambda row: (row.received_at, row.id))


@router.get("/cases/search", response_model=Page[CaseAnswer])
async def search(
    tx: Transaction,
    actor: Annotated[Actor, needs("contacts:read")],
    paging: Paging,
    q: Annotated[str, Query(min_length=3, max_length=200, description="number, tracking code, or part of any text")],
) -> Page[CaseAnswer]:
    """Find cases by number, or by words of the complaint, name, phone, place, meter or account (at least 3 letters)."""
    number, code = as_case_number(q), as_tracking_code(q)
    if number or code:
        rows = await looking.named(tx, number=number, tracking_code=code)
        if rows or number:
            return Page(items=[case_answer(row) for row in rows], next_cursor=None)
    rows = await looking.matching(tx, q, _after(paging), paging.fetch)
    return _page(paging, rows, lambda row: (row.received_at, row.id))


@router.get("/cases/by-number/{number}", response_model=CaseDetail)
async def get_by_number(number: str, tx: Transaction, actor: Reader, response: Response) -> CaseDetail:
    """One case by its running number."""
    return await _detail(tx, response, await looking.get(tx, number=as_case_number(number) or ""))


@router.get("/cases/{case_id}", response_model=CaseDetail)
async def get_case(case_id: UUID, tx: Transaction, actor: Reader, response: Response) -> CaseDetail:
    """One case: state, deadline, breach, rung, told, called; its personal data masked."""
    return await _detail(tx, response, await looking.get(tx, case_id=case_id))


@router.get("/cases/{case_id}/timeline", response_model=Page[Entry])
async def timeline(case_id: UUID, tx: Transaction, actor: Reader, paging: Paging) -> Page[Entry]:
    """What happened to a case, oldest first."""
    after = paging.after(int)
    rows = await looking.timeline(tx, case_id, after=after[0] if after else 0, limit=paging.fetch)
    page = paging.page(rows, lambda row: (row.id,))
    return Page(items=[Entry.model_validate(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/cases/{case_id}/related", response_model=Page[RelatedCase])
async def related(
    case_id: UUID,
    tx: Transaction,
    actor: Annotated[Actor, needs("contacts:read")],
    paging: Paging,
    which: Literal["same", "incidents_nearby"] = "same",
    days: Annotated[int, Query(ge=1, le=90, description="how far incidents nearby look back")] = 7,
) -> Page[RelatedCase]:
    """Other cases of the same person, place, meter or account; or open incident reports of the same office.

    Only cases that you may see, masked, newest first. Comparing personal data is recorded.
    """
    after = _after(paging)
    if which == "same":
        rows = await looking.same(tx, case_id, after, paging.fetch)
    else:
        rows = await looking.incidents(tx, case_id, days, after, paging.fetch)
    page = paging.page(rows, lambda row: (row.received_at, row.id))
    return Page(items=[related_case(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/cases/{case_id}/suggestion", response_model=SuggestionAnswer)
async def suggestion(
    case_id: UUID, tx: Transaction, actor: Annotated[Actor, needs("cases:handle")]
) -> SuggestionAnswer:
    """What the rules make of the text. A person decides; what was suggested and what was chosen are both kept."""
    return SuggestionAnswer.model_validate(await suggestion_for(tx, case_id))


async def _detail(tx: Tx, response: Response, row: Found) -> CaseDetail:
    etag(response, row.version)
    return case_detail(row, [cycle_answer(each) for each in await looking.cycles(tx, row.id)])


def _after(paging: CursorQuery) -> After | None:
    values = paging.after(datetime, UUID)
    return After(*values) if values else None


def _page(paging: CursorQuery, rows: Sequence[Found], key: Callable[[Found], Sequence[object]]) -> Page[CaseAnswer]:
    page = paging.page(rows, key)
    return Page(items=[case_answer(row) for row in page.items], next_cursor=page.next_cursor)
