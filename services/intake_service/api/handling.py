"""Classification, information, answers, routing: what intake does with a case."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.intake_service.api.answers import CaseAnswer, case_answer
from services.intake_service.api.bodies import (
    Cancellation,
    Classification,
    InformationRequest,
    Reopening,
    Routing,
    Said,
)
from services.intake_service.domain.case import Case
from services.intake_service.use_cases import classifying, closing, informing, looking
from services.intake_service.use_cases import working as work
from shared.db import Tx
from shared.kernel.access import Actor
from shared.web import IfMatch, Transaction, etag, needs

router = APIRouter(prefix="/intake/v1/cases/{case_id}", tags=["1 receive and classify"])
Handler = Annotated[Actor, needs("cases:handle")]


async def answered(tx: Tx, response: Response, done: Awaitable[Case]) -> CaseAnswer:
    """The case as it is after a change, with its new ETag."""
    case = await done
    etag(response, case.version)
    return case_answer(await looking.changed(tx, case.id))


@router.post("/classify", response_model=CaseAnswer)
async def classify(
    case_id: UUID, body: Classification, tx: Transaction, actor: Handler, version: IfMatch, response: Response
) -> CaseAnswer:
    """Settle kind, dimension, subject and severity; again later to correct or to promote a report to a complaint."""
    return await answered(tx, response, classifying.classify(tx, case_id, version, body.subject, body.severity))


@router.post("/request-information", response_model=CaseAnswer)
async def request_information(
    case_id: UUID, body: InformationRequest, tx: Transaction, actor: Handler, version: IfMatch, response: Response
) -> CaseAnswer:
    """Something is missing: the case waits, and its clock with it."""
    done = informing.request_information(tx, case_id, version, body.missing, body.asked)
    return await answered(tx, response, done)


@router.post("/supply-information", response_model=CaseAnswer)
async def supply_information(
    case_id: UUID, body: Said, tx: Transaction, actor: Handler, version: IfMatch, response: Response
) -> CaseAnswer:
    """What was missing has come: the case goes on where it was."""
    return await answered(tx, response, informing.supply_information(tx, case_id, version, body.text))


@router.post("/answer", response_model=CaseAnswer)
async def answer(
    case_id: UUID, body: Said, tx: Transaction, actor: Handler, version: IfMatch, response: Response
) -> CaseAnswer:
    """Answer a general enquiry and close it at once."""
    return await answered(tx, response, closing.answer(tx, case_id, version, body.text))


@router.post("/route", response_model=CaseAnswer)
async def route(
    case_id: UUID, body: Routing, tx: Transaction, actor: Handler, version: IfMatch, response: Response
) -> CaseAnswer:
    """Give the case to the branch that owns the matter."""
    return await answered(tx, response, work.route(tx, case_id, version, body.branch))


@router.post("/cancel", response_model=CaseAnswer)
async def cancel(
    case_id: UUID, body: Cancellation, tx: Transaction, actor: Handler, version: IfMatch, response: Response
) -> CaseAnswer:
    """End the case without work: withdrawn, duplicate or mistaken."""
    return await answered(tx, response, closing.cancel(tx, case_id, version, body.reason, body.note))


@router.post("/reopen", response_model=CaseAnswer, tags=["5 call every customer"])
async def reopen(
    case_id: UUID,
    body: Reopening,
    tx: Transaction,
    actor: Annotated[Actor, needs("cases:decide")],
    version: IfMatch,
    response: Response,
) -> CaseAnswer:
    """Start the next cycle at the same branch; not for the one who reported it done."""
    return await answered(tx, response, closing.reopen(tx, case_id, version, body.reason))
