"""Personal data: full readings with a purpose, corrections, notes, erasure."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.intake_service.api.answers import CaseAnswer, FullContact, NoteAnswer
from services.intake_service.api.bodies import Contact, Purpose, Said
from services.intake_service.api.handling import answered
from services.intake_service.use_cases import contacting
from shared.kernel.access import Actor
from shared.web import IfMatch, Transaction, etag, needs

router = APIRouter(prefix="/intake/v1/cases/{case_id}", tags=["people's data"])
ContactReader = Annotated[Actor, needs("contacts:read")]


@router.get("/contact", response_model=FullContact)
async def read_contact(
    case_id: UUID, purpose: Purpose, tx: Transaction, actor: ContactReader, response: Response
) -> FullContact:
    """The whole card and the complaint's words. Who read them, when and what for is recorded."""
    row, card = await contacting.read_contact(tx, case_id, purpose)
    etag(response, row.version)
    return FullContact.model_validate(card)


@router.put("/contact", response_model=CaseAnswer)
async def correct_contact(
    case_id: UUID,
    body: Contact,
    tx: Transaction,
    actor: Annotated[Actor, needs("contacts:write")],
    version: IfMatch,
    response: Response,
) -> CaseAnswer:
    """Replace the whole card; masked values are refused."""
    return await answered(tx, response, contacting.correct_contact(tx, case_id, version, body.person()))


@router.delete("/contact", response_model=CaseAnswer)
async def erase_contact(
    case_id: UUID,
    tx: Transaction,
    actor: Annotated[Actor, needs("contacts:erase")],
    version: IfMatch,
    response: Response,
) -> CaseAnswer:
    """Erase all personal data of a case, here and everywhere it was sent to; the case and all totals stay."""
    return await answered(tx, response, contacting.erase(tx, case_id, version))


@router.get("/notes", response_model=list[NoteAnswer])
async def read_notes(case_id: UUID, purpose: Purpose, tx: Transaction, actor: ContactReader) -> list[NoteAnswer]:
    """What was said in the course of a case: the newest 200 notes, oldest first. The reading is recorded."""
    return [NoteAnswer.model_validate(row) for row in await contacting.read_notes(tx, case_id, purpose)]


@router.post("/notes", response_model=CaseAnswer, status_code=201)
async def add_note(
    case_id: UUID,
    body: Said,
    tx: Transaction,
    actor: Annotated[Actor, needs("cases:handle")],
    response: Response,
) -> CaseAnswer:
    """Add a remark; it changes nothing about the case."""
    return await answered(tx, response, contacting.add_note(tx, case_id, body.text))
