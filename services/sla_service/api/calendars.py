"""Calendar versions over REST: draft, change, compare, publish."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.sla_service.api.calendar_models import (
    CalendarBody,
    CalendarDiffShown,
    CalendarDrafted,
    CalendarPublication,
    CalendarShown,
    NewCalendarBody,
    calendar_diff,
    calendar_shown,
    drafted,
)
from services.sla_service.api.models import Code
from services.sla_service.store import versions
from services.sla_service.use_cases import calendars
from services.sla_service.use_cases.versions import see
from shared.kernel.access import Actor
from shared.web import Idempotent, IfMatch, Page, Paging, Transaction, etag, needs

router = APIRouter(prefix="/sla/v1", tags=["calendars and policies"])
MayRead = Annotated[Actor, needs("clocks:read")]
MayWrite = Annotated[Actor, needs("policies:write")]
CodeInPath = Annotated[Code, Path(description="of the calendar", examples=["office"])]
Number = Annotated[int, Path(ge=1, le=100_000, description="of the version", examples=[2])]


@router.get("/calendars", summary="Calendar versions: opening hours, holidays, drafts")
async def list_calendars(
    tx: Transaction, _actor: MayRead, paging: Paging, code: Annotated[Code | None, Query()] = None
) -> Page[CalendarShown]:
    after = paging.after(str, int)
    rows = await versions.list_versions(
        tx, versions.CALENDARS, code, after=(after[0], after[1]) if after else None, most=paging.fetch
    )
    return paging.page([calendar_shown(row) for row in rows], lambda one: (one.code, one.version))


@router.post("/calendars", status_code=201, summary="Draft a version: from nothing, or from another one with changes")
async def draft_calendar(
    body: NewCalendarBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> CalendarDrafted:
    async def make() -> CalendarDrafted:
        row = await calendars.create(tx, body.code, body.based_on, body.drafting())
        etag(response, row.revision)
        response.headers["Location"] = f"/sla/v1/calendars/{row.code}/{row.version}"
        return drafted(row, body.draft_year)

    return await once.answer(tx, response, make)


@router.get("/calendars/{code}/{version}", summary="One version of a calendar")
async def get_calendar(
    code: CodeInPath, version: Number, tx: Transaction, _actor: MayRead, response: Response
) -> CalendarShown:
    row = await see(tx, versions.CALENDARS, code, version)
    etag(response, row.revision)
    return calendar_shown(row)


@router.patch("/calendars/{code}/{version}", summary="Change a draft; what is left out stays")
async def change_calendar(
    code: CodeInPath,
    version: Number,
    body: CalendarBody,
    tx: Transaction,
    _actor: MayWrite,
    seen: IfMatch,
    response: Response,
) -> CalendarDrafted:
    row = await calendars.edit(tx, code, version, seen, body.drafting())
    etag(response, row.revision)
    return drafted(row, body.draft_year)


@router.delete("/calendars/{code}/{version}", status_code=204, summary="Delete a draft, and its previews with it")
async def delete_calendar(code: CodeInPath, version: Number, tx: Transaction, _actor: MayWrite, seen: IfMatch) -> None:
    await calendars.delete(tx, code, version, seen)


@router.get("/calendars/{code}/{version}/diff", summary="What changes from another version to this one")
async def compare_calendars(
    code: CodeInPath,
    version: Number,
    tx: Transaction,
    _actor: MayRead,
    from_version: Annotated[int, Query(ge=1, le=100_000, examples=[1])],
) -> CalendarDiffShown:
    return calendar_diff(*await calendars.diff(tx, code, from_version, version))


@router.post(
    "/calendars/{code}/{version}/publish",
    summary="Put a draft in force for new clocks; open ones keep theirs until it is applied to them",
)
async def publish_calendar(
    code: CodeInPath, version: Number, tx: Transaction, _actor: MayWrite, seen: IfMatch, response: Response
) -> CalendarPublication:
    row, warnings = await calendars.publish(tx, code, version, seen)
    etag(response, row.revision)
    return CalendarPublication(calendar=calendar_shown(row), warnings=warnings)
