"""A calculator for whoever promises a date before there is a case."""

from typing import Annotated

from fastapi import APIRouter

from services.sla_service.api.models import CalculatorAnswer, CalculatorBody, calculated
from services.sla_service.use_cases import reading
from shared.kernel.access import Actor
from shared.web import Transaction, needs

router = APIRouter(prefix="/sla/v1", tags=["step 2: count and clock"])


@router.post("/calculator", summary="When would a target be due? Nothing is kept")
async def calculate(
    body: CalculatorBody, tx: Transaction, _actor: Annotated[Actor, needs("clocks:read", "deadlines:calculate")]
) -> CalculatorAnswer:
    holds = [(one.began_at, one.ended_at) for one in body.holds]
    version = None if body.target.unit == "wall" else body.target.version
    return calculated(await reading.calculate(tx, body.target.target(), body.start, holds, version))
