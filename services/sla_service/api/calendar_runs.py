"""Previews and applications of a calendar version over REST: start, progress, and what changes."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.sla_service.api.calendars import CodeInPath, MayRead, MayWrite, Number
from services.sla_service.api.models import Code
from services.sla_service.store import calendar_runs as store
from services.sla_service.use_cases import calendar_runs
from shared.db import Row
from shared.web import Idempotent, Page, Paging, Transaction
from shared.web.types import Instant

router = APIRouter(prefix="/sla/v1", tags=["calendars and policies"])


class CalendarRun(BaseModel):
    """A preview or an application, done in batches. Ask again until `state` is done or failed."""

    id: UUID
    kind: Literal["preview", "apply"]
    code: str = Field(examples=["office"])
    version: int
    state: Literal["running", "done", "failed"]
    open_clocks: int | None = Field(description="clocks on older versions when it began; null: not counted yet")
    examined: int = Field(description="clocks looked at so far")
    changed: int = Field(description="clocks with another deadline or a voided breach")
    voided: int = Field(description="breaches that did not happen by this version")
    breached: int = Field(description="clocks that are late by this version and were not before")
    troubled: int = Field(description="cases that could not be evaluated; they keep their version")
    problem: str | None = Field(description="draft_changed | internal")
    started_at: Instant
    started_by: str
    finished_at: Instant | None


class ClockChange(BaseModel):
    """What a version does to one open clock; a deadline is null while a hold freezes what is left."""

    case_id: UUID
    number: str | None = Field(examples=["1102-2569-000123"])
    office: str
    region: int | None
    metric: str
    cycle: int
    old_due_at: Instant | None
    new_due_at: Instant | None
    voided: bool = Field(description="the declared breach did not happen")
    breached: bool = Field(description="late by this version, and not before")


def _shown(row: Row[Any], response: Response | None = None) -> CalendarRun:
    if response is not None:
        response.headers["Location"] = f"/sla/v1/calendar-runs/{row.id}"
    return CalendarRun(**{name: getattr(row, name) for name in CalendarRun.model_fields})


@router.post(
    "/calendars/{code}/{version}/preview", status_code=202, summary="Find out which open clocks a version would change"
)
async def preview_calendar(
    code: CodeInPath, version: Number, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> CalendarRun:
    async def start() -> CalendarRun:
        return _shown(await calendar_runs.start_preview(tx, code, version), response)

    return await once.answer(tx, response, start)


@router.post(
    "/calendars/{code}/{version}/apply", status_code=202, summary="Put open clocks under the newest published version"
)
async def apply_calendar(
    code: CodeInPath, version: Number, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> CalendarRun:
    async def start() -> CalendarRun:
        return _shown(await calendar_runs.start_application(tx, code, version), response)

    return await once.answer(tx, response, start)


@router.get("/calendar-runs", summary="Previews and applications, the newest first")
async def list_calendar_runs(
    tx: Transaction, _actor: MayRead, paging: Paging, code: Annotated[Code | None, Query()] = None
) -> Page[CalendarRun]:
    after = paging.after(UUID)
    rows = await store.list_runs(tx, code, after=after[0] if after else None, most=paging.fetch)
    return paging.page([_shown(row) for row in rows], lambda one: (one.id,))


@router.get("/calendar-runs/{run_id}", summary="Where a preview or an application stands")
async def get_calendar_run(run_id: UUID, tx: Transaction, _actor: MayRead) -> CalendarRun:
    return _shown(await calendar_runs.see_run(tx, run_id))


@router.get("/calendar-runs/{run_id}/changes", summary="The clocks that a version would change or changed")
async def list_calendar_changes(
    run_id: UUID,
    tx: Transaction,
    _actor: MayRead,
    paging: Paging,
    effect: Annotated[Literal["voided", "breached"] | None, Query(description="only these")] = None,
) -> Page[ClockChange]:
    await calendar_runs.see_run(tx, run_id)
    after = paging.after(UUID, str, int)
    place = (after[0], after[1], after[2]) if after else None
    rows = await store.list_changes(
        tx, tx.actor.scope, store.ChangeFilter(run_id, effect), after=place, most=paging.fetch
    )
    items = [ClockChange(**{name: getattr(row, name) for name in ClockChange.model_fields}) for row in rows]
    return paging.page(items, lambda one: (one.case_id, one.metric, one.cycle))
