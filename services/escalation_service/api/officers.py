"""Officers over REST: contacts, leave, and files of officers with a dry run."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.escalation_service.api.import_models import CSV_BODY, ImportResult, RowResult, import_result, row_result
from services.escalation_service.api.models import StaffCode
from services.escalation_service.api.officer_file import read_officers
from services.escalation_service.api.officer_models import (
    ContactsBody,
    LeaveBody,
    LeaveEntered,
    NewOfficer,
    OfficerDetails,
    OfficerEntered,
    OfficerLine,
    is_loopback,
    officer_details,
    officer_line,
)
from services.escalation_service.domain.roster import Wish
from services.escalation_service.use_cases import importing, officers
from services.escalation_service.use_cases.lines import Result
from shared.kernel.access import Actor
from shared.kernel.errors import Invalid
from shared.web import Idempotent, IfMatch, Page, Paging, Transaction, etag, needs

router = APIRouter(prefix="/escalation/v1", tags=["offices and officers"])
MayRead = Annotated[Actor, needs("follow_ups:read", "officers:write")]
MayWrite = Annotated[Actor, needs("officers:write")]


def _check_webhook(request: Request, body: ContactsBody) -> None:
    if body.webhook_url and is_loopback(body.webhook_url) and request.app.state.context.settings.is_production:
        raise Invalid("A webhook of this machine is for development.", code="bad_url")


@router.get("/officers", summary="The officers that rungs may call upon")
async def list_officers(tx: Transaction, actor: MayRead, paging: Paging) -> Page[OfficerLine]:
    after = paging.after(str)
    rows = await officers.list_officers(tx, after=after[0] if after else "", most=paging.fetch)
    contacts = actor.may("officers:write")
    return paging.page([officer_line(row, contacts=contacts) for row in rows], lambda one: (one.staff_code,))


@router.post("/officers", status_code=201, summary="Enter an officer with work contacts")
async def create_officer(
    body: NewOfficer, request: Request, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> OfficerEntered:
    _check_webhook(request, body)

    async def create() -> OfficerEntered:
        await officers.create_officer(tx, body.new_officer())
        return OfficerEntered(staff_code=body.staff_code)

    return await once.answer(tx, response, create)


@router.post("/officers/import", summary="Take in a CSV file of officers and posts", openapi_extra=CSV_BODY)
async def import_officers(
    request: Request,
    tx: Transaction,
    _actor: MayWrite,
    dry_run: Annotated[bool, Query(description="only say what each row would do")] = True,
) -> ImportResult:
    """Columns office, post, staff_code, name; phone, email, line_id, webhook_url, preferred, digest, acting (yes | no),
    valid_from and valid_to at the post, leave_from and leave_to (days, the last one included), or their Thai names.
    An empty cell leaves what is known. All rows are applied or none; the same file again changes nothing."""
    lines = read_officers(await request.body(), production=request.app.state.context.settings.is_production)
    results = await importing.import_officers(tx, lines, apply=not dry_run)
    return import_result([_row(result) for result in results], dry_run=dry_run)


def _row(result: Result[Wish]) -> RowResult:
    if (wish := result.wish) is None:
        return row_result(result, office=None)
    return row_result(result, office=wish.seat.office, post=wish.seat.post, staff_code=wish.officer.staff_code)


@router.get("/officers/{staff_code}", summary="An officer: posts over time and leave")
async def get_officer(staff_code: StaffCode, tx: Transaction, actor: MayRead, response: Response) -> OfficerDetails:
    view = await officers.view_officer(tx, staff_code)
    etag(response, view.row.version)
    return officer_details(view, contacts=actor.may("officers:write"))


@router.put("/officers/{staff_code}", summary="Replace an officer's name and work contacts")
async def put_officer(
    staff_code: StaffCode,
    body: ContactsBody,
    request: Request,
    tx: Transaction,
    _actor: MayWrite,
    version: IfMatch,
    response: Response,
) -> OfficerDetails:
    _check_webhook(request, body)
    view = await officers.change_officer(tx, body.officer(staff_code), version=version)
    etag(response, view.row.version)
    return officer_details(view, contacts=True)


@router.post("/officers/{staff_code}/leaves", status_code=201, summary="An officer is on leave from when to when")
async def add_leave(
    staff_code: StaffCode, body: LeaveBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> LeaveEntered:
    async def add() -> LeaveEntered:
        return LeaveEntered(leave_id=await officers.go_on_leave(tx, staff_code, body.valid_from, body.valid_to))

    return await once.answer(tx, response, add)


@router.delete("/officers/{staff_code}/leaves/{leave_id}", status_code=204, summary="A leave ends now, or never begins")
async def end_leave(staff_code: StaffCode, leave_id: UUID, tx: Transaction, _actor: MayWrite) -> None:
    await officers.come_back(tx, staff_code, leave_id)
