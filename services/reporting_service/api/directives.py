"""Step 9 over REST: the committee's directives, the lines' root causes, and whether the matter came back."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.reporting_service.use_cases import directives
from shared.kernel.access import Actor
from shared.web import Idempotent, IfMatch, Page, Paging, Transaction, etag, needs
from shared.web.types import Day, Instant, Line, PublicText, StrictModel, SubjectCode, public_text

router = APIRouter(prefix="/reporting/v1", tags=["step 9: directives"])
MayRead = Annotated[Actor, needs("reports:read")]
MayWrite = Annotated[Actor, needs("directives:write")]
Name = Annotated[str, public_text(200)]  # of a line or an office; travels in events
MayAnswer = Annotated[Actor, needs("directives:answer")]
Status = Literal["issued", "answered", "in_progress", "done", "returned", "verified", "withdrawn"]
Category = Literal[
    "pipe_network", "water_source", "treatment", "equipment", "process", "people", "contractor", "information", "other"
]


class DirectiveBody(StrictModel):
    """What the committee tells a line (สายงาน) to do."""

    line: Name = Field(
        examples=["สายงานปฏิบัติการ 3"], description="as the `offices` of the line's tokens write it: only these answer"
    )
    text: PublicText = Field(examples=["ให้วิเคราะห์สาเหตุท่อแตกซ้ำและจัดทำแผนเปลี่ยนท่อ"])
    owner: Name = Field(examples=["ผู้ช่วยผู้ว่าการ (ปฏิบัติการ 3)"])
    due_on: Day = Field(examples=["2026-05-29"])
    subject: SubjectCode | None = Field(None, description="makes it possible to count whether it recurred")


class ActionBody(StrictModel):
    """One action with its owner and date."""

    kind: Literal["corrective", "preventive"]
    text: PublicText = Field(examples=["เปลี่ยนท่อ PB เป็น HDPE ระยะทาง 2 กม."])
    owner: Name = Field(examples=["ผจก.กปภ.สาขาชลบุรี"])
    due_on: Day = Field(examples=["2026-06-30"])


class RootCauseBody(StrictModel):
    """The line's analysis with its actions."""

    category: Category
    analysis: PublicText = Field(examples=["ท่อ PB อายุเกิน 20 ปี แรงดันสูงช่วงกลางคืน"])
    actions: Annotated[tuple[ActionBody, ...], Field(min_length=1, max_length=50)]


class StepBody(StrictModel):
    """Where the directive goes next, and why."""

    status: Literal["in_progress", "done", "returned", "verified", "withdrawn"]
    note: PublicText = Field(examples=["ดำเนินการแล้วเสร็จตามแผน"])


class Directive(BaseModel):
    """A directive as it stands."""

    id: UUID
    report_id: UUID
    line: str
    text: str
    subject: str | None
    owner: str
    due_on: Day
    status: Status
    version: int
    issued_by: str
    issued_at: Instant


class Step(BaseModel):
    """One step in a directive's history."""

    status: Status
    note: str | None
    taken_by: str
    taken_at: Instant


class RootCause(BaseModel):
    """One answer of the line."""

    id: UUID
    category: Category
    analysis: str
    actions: list[dict[str, Any]]
    answered_by: str
    answered_at: Instant


class DirectiveView(Directive):
    """A directive with everything that was said and done about it."""

    steps: list[Step]
    root_causes: list[RootCause]


class Recurrence(BaseModel):
    """Complaints of the same subject since the last action was due, beside as long a time before."""

    directive_id: UUID
    subject: str
    since: Instant
    days: float
    cases_after: int
    cases_before: int


def _shown(row: Any, response: Response) -> Directive:
    etag(response, row.version)
    return Directive(**{name: getattr(row, name) for name in Directive.model_fields})


@router.post("/reports/{report_id}/directives", status_code=201, summary="Tell a line to act")
async def issue(
    report_id: UUID, body: DirectiveBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> Directive:
    async def add() -> Directive:
        return _shown(await directives.issue(tx, report_id, directives.Order(**body.model_dump())), response)

    return await once.answer(tx, response, add)


@router.get("/directives", summary="Directives in order of issue")
async def list_directives(
    tx: Transaction,
    _actor: MayRead,
    paging: Paging,
    report_id: Annotated[UUID | None, Query()] = None,
    line: Annotated[Line | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    due_before: Annotated[Day | None, Query()] = None,
) -> Page[Directive]:
    after = paging.after(UUID)
    filters: dict[str, Any] = {"report_id": report_id, "line": line, "status": status, "due_before": due_before}
    rows = await directives.listed(tx, filters, after[0] if after else None, paging.fetch)
    shown = [Directive(**{name: getattr(row, name) for name in Directive.model_fields}) for row in rows]
    return paging.page(shown, lambda each: (each.id,))


@router.get("/directives/{directive_id}", summary="A directive with its steps and answers")
async def get_directive(directive_id: UUID, tx: Transaction, _actor: MayRead, response: Response) -> DirectiveView:
    row, steps, causes = await directives.see(tx, directive_id)
    return DirectiveView(
        **_shown(row, response).model_dump(),
        steps=[Step(**{name: getattr(step, name) for name in Step.model_fields}) for step in steps],
        root_causes=[RootCause(**{name: getattr(cause, name) for name in RootCause.model_fields}) for cause in causes],
    )


@router.post(
    "/directives/{directive_id}/root-cause",
    status_code=201,
    summary="The line it was given to answers with the root cause",
)
async def answer(
    directive_id: UUID, body: RootCauseBody, tx: Transaction, _actor: MayAnswer, version: IfMatch, response: Response
) -> Directive:
    actions = tuple(directives.Action(**action.model_dump()) for action in body.actions)
    found = directives.RootCause(body.category, body.analysis, actions)
    return _shown(await directives.answer(tx, directive_id, version, found), response)


@router.post("/directives/{directive_id}/status", summary="Move a directive on; every step stays on record")
async def take_step(
    directive_id: UUID,
    body: StepBody,
    tx: Transaction,
    _actor: Annotated[Actor, needs("directives:write", "directives:answer")],
    version: IfMatch,
    response: Response,
) -> Directive:
    return _shown(await directives.take_step(tx, directive_id, version, body.status, body.note), response)


@router.get("/directives/{directive_id}/recurrence", summary="Did it recur?")
async def get_recurrence(directive_id: UUID, tx: Transaction, _actor: MayRead) -> Recurrence:
    return Recurrence(**await directives.recurrence(tx, directive_id))
