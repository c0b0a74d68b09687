"""Reference data: subjects in force, branches."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.intake_service.api.answers import OfficeAnswer, SubjectAnswer
from services.intake_service.use_cases import looking
from shared.kernel.access import Actor
from shared.reference import branches
from shared.web import Transaction, needs
from shared.web.types import Region

router = APIRouter(prefix="/intake/v1", tags=["reference data"])
Anybody = Annotated[Actor, needs(api_keys=True)]


@router.get("/subjects", response_model=list[SubjectAnswer])
async def subjects(tx: Transaction, actor: Anybody) -> list[SubjectAnswer]:
    """The subjects in force today, by code."""
    return [SubjectAnswer.model_validate(each) for each in await looking.subjects(tx)]


@router.get("/offices", response_model=list[OfficeAnswer])
async def offices(actor: Anybody, region: Annotated[Region | None, Query()] = None) -> list[OfficeAnswer]:
    """All 234 branches, or those of a region."""
    return [
        OfficeAnswer(code=each.ba_code, region=each.region, name=each.name_th, customers=each.customers)
        for each in branches().values()
        if region in {None, each.region}
    ]
