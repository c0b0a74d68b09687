"""What survey knows of one case: told, called, answered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.survey_service.api.models import CallSummary, Timeline, answers_view, notice_view
from services.survey_service.store import calls, cases, notices
from services.survey_service.use_cases.common import found
from shared.kernel.access import Actor
from shared.web import Transaction, needs

router = APIRouter(prefix="/survey/v1", tags=["step 5: call every customer"])
MOST_CYCLES = 50


@router.get("/cases/{case_id}", summary="Notices, calls and answers of a case, all cycles")
async def get_case(
    case_id: UUID, tx: Transaction, actor: Annotated[Actor, needs("notices:read", "calls:read")]
) -> Timeline:
    case = found(await cases.find_visible(tx, actor.scope, case_id), "case")
    told = await notices.list_notices(tx, actor.scope, None, MOST_CYCLES, case_id=case_id)
    called = await calls.calls_of_case(tx, case_id)
    return Timeline(
        case_id=case.id,
        number=case.number,
        cycle=case.cycle,
        state=case.state,
        notices=sorted((notice_view(*row) for row in told), key=lambda view: (view.cycle, view.opened_at)),
        calls=[
            CallSummary.model_validate({**vars(call), "answers": answers_view(await calls.answer_of(tx, call.id))})
            for call in called
        ],
    )
