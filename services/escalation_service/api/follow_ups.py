"""Step 3 over REST: the chase log, the rungs of a case and their acknowledgement."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.escalation_service.api.models import (
    AcknowledgeBody,
    Acknowledged,
    CaseRungs,
    ChaseBody,
    ChaseDone,
    case_rungs,
)
from services.escalation_service.use_cases import follow_ups
from services.escalation_service.use_cases.follow_ups import Acknowledgement, Chase
from shared.kernel.access import Actor
from shared.web import Idempotent, Transaction, needs

router = APIRouter(prefix="/escalation/v1", tags=["step 3: chase until done"])
MayRead = Annotated[Actor, needs("follow_ups:read")]


@router.post("/follow-ups/{case_id}/chases", status_code=201, summary="Log that an office was chased")
async def add_chase(
    case_id: UUID,
    body: ChaseBody,
    tx: Transaction,
    _actor: Annotated[Actor, needs("follow_ups:write")],
    once: Idempotent,
    response: Response,
) -> ChaseDone:
    done = Chase(body.whom, body.means, body.answer, body.next_chase_on, body.promised_at)

    async def add() -> ChaseDone:
        return ChaseDone(chase_id=await follow_ups.chase(tx, case_id, done))

    return await once.answer(tx, response, add)


@router.get("/cases/{case_id}/rungs", summary="The ladder of a case: what fired, whom it called upon, what is next")
async def get_rungs(case_id: UUID, tx: Transaction, _actor: MayRead) -> CaseRungs:
    return case_rungs(await follow_ups.view_case(tx, case_id))


@router.post("/cases/{case_id}/rungs/{rung}/acknowledge", summary="An officer takes notice of a rung")
async def acknowledge(
    case_id: UUID,
    rung: Annotated[int, Path(ge=1, le=9)],
    body: AcknowledgeBody,
    tx: Transaction,
    _actor: Annotated[Actor, needs("rungs:acknowledge")],
    once: Idempotent,
    response: Response,
) -> Acknowledged:
    defer = timedelta(hours=body.defer_hours) if body.defer_hours is not None else None
    said = Acknowledgement(defer, body.promised_at, body.note)

    async def notice() -> Acknowledged:
        until = await follow_ups.acknowledge(tx, case_id, rung, said)
        return Acknowledged(case_id=case_id, rung=rung, deferred_until=until)

    return await once.answer(tx, response, notice)
