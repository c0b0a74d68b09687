"""Steps 9 and 10 over REST: quarterly reports, September evaluations, and the targets they are held against."""

from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from services.reporting_service.api.runs import Run, queued
from services.reporting_service.use_cases import publishing
from shared.kernel.access import Actor
from shared.web import Idempotent, Page, Paging, Transaction, needs
from shared.web.types import Day, Instant, StrictModel

router = APIRouter(prefix="/reporting/v1")
QUARTERLY: list[str | Enum] = ["step 9: quarterly report"]
SEPTEMBER: list[str | Enum] = ["step 10: September evaluation"]
MayRead = Annotated[Actor, needs("reports:read")]
MayWrite = Annotated[Actor, needs("reports:write")]
FiscalYear = Annotated[int, Field(ge=2560, le=2700, examples=[2569], description="Buddhist era, October to September")]
Indicator = Literal["O1", "O2", "O3", "P1", "P2"]


class QuarterBody(StrictModel):
    """Which quarter: 1 is October to December."""

    fiscal_year: FiscalYear
    quarter: Annotated[int, Field(ge=1, le=4)]


class EvaluationBody(StrictModel):
    """Which year, up to which day (31 August, or 30 September for the final edition, unless given)."""

    fiscal_year: FiscalYear
    cut_off: Day | None = Field(None, examples=["2026-08-31"])
    edition: Literal["september", "final"] = "september"


class ReportLine(BaseModel):
    """A published edition without its content."""

    id: UUID
    kind: Literal["quarterly", "evaluation"]
    fiscal_year: int
    label: str = Field(examples=["2569-Q2"])
    stage: str
    edition: int
    sha256: str
    published_at: Instant
    published_by: str


class ReportView(ReportLine):
    """A published edition; never changed. `sha256` is over the canonical JSON of `content`."""

    content: dict[str, Any]


class TargetBody(StrictModel):
    """A share between 0 and 1 (O1, P1, P2) or a mean from 1 to 5 (O2, O3)."""

    value: Annotated[float, Field(description="where the scale of the indicator ends: 422 target_off_scale")]


class Targets(BaseModel):
    """The targets that hold for a year."""

    fiscal_year: int
    targets: dict[str, float]


async def _page(tx: Transaction, kind: str, fiscal_year: int | None, paging: Paging) -> Page[ReportLine]:
    after = paging.after(str, int)
    rows = await publishing.listed(tx, kind, fiscal_year, (after[0], after[1]) if after else None, paging.fetch)
    lines = [ReportLine(**{name: getattr(row, name) for name in ReportLine.model_fields}) for row in rows]
    return paging.page(lines, lambda line: (line.label, line.edition))


def _view(row: Any, response: Response) -> ReportView:
    response.headers["ETag"] = f'"{row.sha256}"'
    return ReportView(**{name: getattr(row, name) for name in ReportView.model_fields})


@router.post("/reports/quarterly", status_code=202, tags=QUARTERLY, summary="Build and publish a quarter's report")
async def build_quarterly(
    body: QuarterBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> Run:
    publishing.check_quarter(tx, body.fiscal_year, body.quarter)
    return await queued(tx, once, response, "quarterly", body.model_dump())


@router.get("/reports/quarterly", tags=QUARTERLY, summary="Published quarterly reports")
async def list_quarterly(
    tx: Transaction, _actor: MayRead, paging: Paging, fiscal_year: Annotated[FiscalYear | None, Query()] = None
) -> Page[ReportLine]:
    return await _page(tx, "quarterly", fiscal_year, paging)


@router.get("/reports/{report_id}", tags=QUARTERLY, summary="A quarterly report as it was published")
async def get_quarterly(report_id: UUID, tx: Transaction, _actor: MayRead, response: Response) -> ReportView:
    return _view(await publishing.see(tx, report_id, "quarterly"), response)


@router.post("/evaluations", status_code=202, tags=SEPTEMBER, summary="Build and publish the year's evaluation")
async def build_evaluation(
    body: EvaluationBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> Run:
    cut_off = body.cut_off or publishing.default_cut_off(body.fiscal_year, body.edition)
    publishing.check_cut_off(tx, body.fiscal_year, cut_off, body.edition)
    params = {"fiscal_year": body.fiscal_year, "cut_off": cut_off.isoformat(), "edition": body.edition}
    return await queued(tx, once, response, "evaluation", params)


@router.get("/evaluations", tags=SEPTEMBER, summary="Published evaluations")
async def list_evaluations(
    tx: Transaction, _actor: MayRead, paging: Paging, fiscal_year: Annotated[FiscalYear | None, Query()] = None
) -> Page[ReportLine]:
    return await _page(tx, "evaluation", fiscal_year, paging)


@router.get("/evaluations/{report_id}", tags=SEPTEMBER, summary="An evaluation as it was published")
async def get_evaluation(report_id: UUID, tx: Transaction, _actor: MayRead, response: Response) -> ReportView:
    return _view(await publishing.see(tx, report_id, "evaluation"), response)


@router.get("/targets/{fiscal_year}", tags=SEPTEMBER, summary="The targets that hold for a year")
async def get_targets(fiscal_year: Annotated[FiscalYear, Path()], tx: Transaction, _actor: MayRead) -> Targets:
    return Targets(fiscal_year=fiscal_year, targets=await publishing.targets(tx, fiscal_year))


@router.put("/targets/{fiscal_year}/{indicator}", tags=SEPTEMBER, summary="Set a target for reports still to come")
async def put_target(
    fiscal_year: Annotated[FiscalYear, Path()],
    indicator: Indicator,
    body: TargetBody,
    tx: Transaction,
    _actor: MayWrite,
) -> Targets:
    await publishing.set_target(tx, fiscal_year, indicator, body.value)
    return Targets(fiscal_year=fiscal_year, targets=await publishing.targets(tx, fiscal_year))
