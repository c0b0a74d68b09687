"""Reference data: subjects in force, branches."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.intake_service.api.answers import OfficeAnswer, SubjectAnswer, SubjectVersion
from services.intake_service.api.bodies import SubjectCode, SubjectEnd, SubjectWording
from services.intake_service.use_cases import looking
from services.intake_service.use_cases import subjects as subject_versions
from shared.kernel.access import Actor
from shared.reference import branches
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Region

router = APIRouter(prefix="/intake/v1", tags=["reference data"])
Editor = Annotated[Actor, needs("policies:write")]
Anybody = Annotated[Actor, needs(api_keys=True)]


@router.get("/subjects", response_model=list[SubjectAnswer])
async def subjects(tx: Transaction, actor: Anybody) -> list[SubjectAnswer]:
    """The subjects in force today, by code."""
    return [SubjectAnswer.model_validate(each) for each in await looking.subjects(tx)]


@router.get("/subjects/versions", response_model=Page[SubjectVersion])
async def versions(
    tx: Transaction, actor: Anybody, paging: Paging, code: Annotated[str | None, Query(max_length=10)] = None
) -> Page[SubjectVersion]:
    """Every version of every subject, past, present and planned, by code and date."""
    after = paging.after(str, datetime)
    rows = await subject_versions.versions(tx, code, (after[0], after[1]) if after else None, paging.fetch)
    page = paging.page(rows, lambda row: (row.code, row.valid_from))
    return Page(items=[SubjectVersion.model_validate(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/subjects/{code}/versions", response_model=SubjectVersion, status_code=201)
async def publish(
    code: SubjectCode, body: SubjectWording, tx: Transaction, actor: Editor, once: Idempotent, response: Response
) -> SubjectVersion:
    """Add a subject, or word a known one anew from a date on; cases keep the kind and dimension they were given."""
    said = body.model_dump(exclude={"valid_from"})
    wording = subject_versions.Wording(**said | {"severity": str(body.severity)})

    async def add() -> SubjectVersion:
        row = await subject_versions.publish(tx, code, wording, body.valid_from)
        return SubjectVersion.model_validate(row)

    return await once.answer(tx, response, add)


@router.post("/subjects/{code}/end", response_model=SubjectVersion)
async def end(code: SubjectCode, body: SubjectEnd, tx: Transaction, actor: Editor) -> SubjectVersion:
    """End a subject: from then on no case can be classified so."""
    return SubjectVersion.model_validate(await subject_versions.end(tx, code, body.valid_to))


@router.get("/offices", response_model=list[OfficeAnswer])
async def offices(actor: Anybody, region: Annotated[Region | None, Query()] = None) -> list[OfficeAnswer]:
    """All 234 branches, or those of a region."""
    return [
        OfficeAnswer(code=each.ba_code, region=each.region, name=each.name_th, customers=each.customers)
        for each in branches().values()
        if region in {None, each.region}
    ]
