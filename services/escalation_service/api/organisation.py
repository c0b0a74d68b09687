"""The organisation over REST: offices open, close and move, one by one or by a file with a dry run."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.escalation_service.api.import_models import CSV_BODY, ImportResult, import_result, row_result
from services.escalation_service.api.office_file import read_offices
from services.escalation_service.api.office_models import (
    AreaBody,
    Areas,
    AreaShown,
    NewOffice,
    OfficeBody,
    OfficeNumber,
    OfficeShown,
    RegionBody,
    StayShown,
    StaysShown,
    office_shown,
)
from services.escalation_service.use_cases import importing_offices, organisation
from shared.kernel.access import Actor
from shared.kernel.words import region_office
from shared.web import Idempotent, IfMatch, Transaction, etag, needs

router = APIRouter(prefix="/escalation/v1", tags=["offices and officers"])
MayRead = Annotated[Actor, needs("follow_ups:read", "officers:write")]
MayWrite = Annotated[Actor, needs("officers:write")]


@router.post("/offices", status_code=201, summary="Open a branch, a region or a deputy governor's area")
async def open_office(
    body: NewOffice, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> OfficeShown:
    """Known to escalation alone: cases come to a branch once intake knows it too."""

    async def make() -> OfficeShown:
        row = await organisation.open_office(tx, body.wish())
        etag(response, row.version)
        return office_shown(row)

    return await once.answer(tx, response, make)


@router.post("/offices/import", summary="Take in a CSV file of offices and moves", openapi_extra=CSV_BODY)
async def import_offices(
    request: Request,
    tx: Transaction,
    _actor: MayWrite,
    dry_run: Annotated[bool, Query(description="only say what each row would do")] = True,
) -> ImportResult:
    """Columns office; name, belongs_to, valid_from and valid_to (days, the last one included), or their Thai names.
    Opens an office that is not known; one that is known is renamed, closed after valid_to, or belongs to another from
    valid_from on. An empty cell leaves what is known. Rows count in their order and are applied all or none; the same
    file again changes nothing."""
    results = await importing_offices.import_offices(tx, read_offices(await request.body()), apply=not dry_run)
    rows = [row_result(result, office=result.wish.code if result.wish else None) for result in results]
    return import_result(rows, dry_run=dry_run)


@router.put("/offices/{code}", summary="Change an office's name, close it, or put off its first day")
async def put_office(
    code: OfficeNumber, body: OfficeBody, tx: Transaction, _actor: MayWrite, version: IfMatch, response: Response
) -> OfficeShown:
    row = await organisation.change_office(tx, body.wish(code), version=version)
    etag(response, row.version)
    return office_shown(row)


@router.get("/offices/{code}/regions", summary="To which region a branch belonged, belongs and will belong")
async def list_regions(code: OfficeNumber, tx: Transaction, _actor: MayRead, response: Response) -> StaysShown:
    office, stays = await organisation.list_regions(tx, code)
    etag(response, office.version)
    return StaysShown(items=[StayShown.model_validate(stay, from_attributes=True) for stay in stays])


@router.put("/offices/{code}/region", summary="Put a branch into another region from some time on")
async def put_region(
    code: OfficeNumber, body: RegionBody, tx: Transaction, actor: MayWrite, version: IfMatch, response: Response
) -> StaysShown:
    await organisation.move_branch(tx, code, region_office(body.region), body.valid_from, version=version)
    return await list_regions(code, tx, actor, response)


@router.get("/areas", summary="To which deputy governor's area each region belongs, from when on")
async def list_areas(tx: Transaction, _actor: MayRead) -> Areas:
    rows = await organisation.list_areas(tx)
    return Areas(items=[AreaShown(region=row.region, area=row.area, valid_from=row.valid_from) for row in rows])


@router.put("/offices/{code}/area", summary="Put a region into another area from some time on")
async def put_area(
    code: OfficeNumber, body: AreaBody, tx: Transaction, actor: MayWrite, version: IfMatch, response: Response
) -> Areas:
    etag(response, await organisation.move_region(tx, code, body.area, body.valid_from, version=version))
    return await list_areas(tx, actor)
