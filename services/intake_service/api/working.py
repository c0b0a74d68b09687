"""Branch work: accept, bounce, resolve."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.intake_service.api.answers import CaseAnswer
from services.intake_service.api.bodies import Bounce, Nothing, Report
from services.intake_service.api.handling import answered
from services.intake_service.use_cases import working
from shared.kernel.access import Actor
from shared.web import IfMatch, Transaction, needs

router = APIRouter(prefix="/intake/v1/cases/{case_id}", tags=["1 receive and classify"])
Worker = Annotated[Actor, needs("cases:work")]


@router.post("/accept", response_model=CaseAnswer)
async def accept(
    case_id: UUID,
    tx: Transaction,
    actor: Worker,
    version: IfMatch,
    response: Response,
    body: Nothing | None = None,
) -> CaseAnswer:
    """The branch takes the case on."""
    return await answered(tx, response, working.accept(tx, case_id, version))


@router.post("/bounce", response_model=CaseAnswer)
async def bounce(
    case_id: UUID, body: Bounce, tx: Transaction, actor: Worker, version: IfMatch, response: Response
) -> CaseAnswer:
    """The branch gives it back to the head office with a reason; no clock is reset."""
    return await answered(tx, response, working.bounce(tx, case_id, version, body.reason))


@router.post("/resolve", response_model=CaseAnswer, tags=["4 tell the customer"])
async def resolve(
    case_id: UUID, body: Report, tx: Transaction, actor: Worker, version: IfMatch, response: Response
) -> CaseAnswer:
    """The branch reports completion: repaired, or not repaired with the reason."""
    return await answered(tx, response, working.resolve(tx, case_id, version, body.work_report()))
