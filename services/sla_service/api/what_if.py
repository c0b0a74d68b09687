"""What-if over REST: start a replay of a past period under drafts, see its progress, read its results."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.sla_service.api.calendars import MayRead, MayWrite
from services.sla_service.api.models import Code
from services.sla_service.api.policy_models import Name
from services.sla_service.store import what_if as store
from services.sla_service.use_cases import what_if
from shared.db import Row
from shared.web import Idempotent, Page, Paging, Transaction
from shared.web.types import Day, Instant, OfficeCode, Region, StrictModel

router = APIRouter(prefix="/sla/v1", tags=["what if"])
Number = Annotated[int, Field(ge=1, le=100_000)]


class PolicyName(StrictModel):
    """A policy version, draft or published."""

    code: Name = Field(examples=["L01"])
    version: Number = Field(examples=[2])


class CalendarName(StrictModel):
    """A calendar version, draft or published."""

    code: Code = Field(examples=["office"])
    version: Number = Field(examples=[2])


class WhatIfBody(StrictModel):
    """Cases received in [from_at, to_at), replayed as if these versions had been in force."""

    from_at: Instant
    to_at: Instant
    region: Region | None = None
    office: OfficeCode | None = Field(None, description="the office that is responsible now")
    policies: list[PolicyName] = Field([], max_length=60)
    calendar: CalendarName | None = None

    def asked(self) -> what_if.Asked:
        policies = [(one.code, one.version) for one in self.policies]
        calendar = (self.calendar.code, self.calendar.version) if self.calendar else None
        return what_if.Asked(self.from_at, self.to_at, self.region, self.office, policies, calendar)


class WhatIfRun(BaseModel):
    """A replay, done in batches. Ask again until `state` is done or failed."""

    id: UUID
    from_at: Instant
    to_at: Instant
    region: int | None
    office: str | None
    policies: list[str] = Field(examples=[["L01/2"]])
    calendar: str | None = Field(examples=["office/2"])
    state: Literal["running", "done", "failed"]
    case_files: int | None = Field(description="all there were when it began; null: not counted yet")
    examined: int = Field(description="case files looked at so far")
    replayed: int = Field(description="those of them that were received in the period")
    troubled: int = Field(description="cases that could not be replayed")
    problem: str | None
    started_at: Instant
    started_by: str
    finished_at: Instant | None


class Outcome(BaseModel):
    """What became of the clocks; overdue ones that still run are judged too."""

    clocks: int
    judged: int
    on_time: int
    on_time_share: float | None = Field(description="on_time of judged; null when none is judged")
    breaches: int


class OfficeOutcome(BaseModel):
    """One metric at one office: as it went and as it would have gone."""

    office: str
    region: int | None
    metric: str
    really: Outcome
    drafted: Outcome


class Firings(BaseModel):
    """How often the timer tells something."""

    warnings: int
    breaches: int
    very_late: int


class DayLoad(BaseModel):
    """One day at one office: what was told and what would have been."""

    office: str
    region: int | None
    day: Day
    really: Firings
    drafted: Firings


def _shown(row: Row[Any], response: Response | None = None) -> WhatIfRun:
    if response is not None:
        response.headers["Location"] = f"/sla/v1/what-if/{row.id}"
    same = {name: getattr(row, name) for name in WhatIfRun.model_fields if name not in ("policies", "calendar")}
    policies = [f"{one['code']}/{one['version']}" for one in row.policies]
    calendar = f"{row.calendar['code']}/{row.calendar['version']}" if row.calendar else None
    return WhatIfRun(**same, policies=policies, calendar=calendar)


def _outcome(row: Row[Any], side: str) -> Outcome:
    counts = {name: getattr(row, side + name) for name in ("clocks", "judged", "on_time", "breaches")}
    share = round(counts["on_time"] / counts["judged"], 4) if counts["judged"] else None
    return Outcome(**counts, on_time_share=share)


def _firings(row: Row[Any], side: str) -> Firings:
    return Firings(**{name: getattr(row, side + name) for name in Firings.model_fields})


@router.post("/what-if", status_code=202, summary="Replay a past period under drafts; nothing is changed")
async def start_what_if(
    body: WhatIfBody, tx: Transaction, _actor: MayWrite, once: Idempotent, response: Response
) -> WhatIfRun:
    async def start() -> WhatIfRun:
        return _shown(await what_if.ask(tx, body.asked()), response)

    return await once.answer(tx, response, start)


@router.get("/what-if", summary="Replays, the newest first")
async def list_what_ifs(tx: Transaction, _actor: MayRead, paging: Paging) -> Page[WhatIfRun]:
    after = paging.after(UUID)
    rows = await store.list_runs(tx, after=after[0] if after else None, most=paging.fetch)
    return paging.page([_shown(row) for row in rows], lambda one: (one.id,))


@router.get("/what-if/{run_id}", summary="Where a replay stands")
async def get_what_if(run_id: UUID, tx: Transaction, _actor: MayRead) -> WhatIfRun:
    return _shown(await what_if.see(tx, run_id))


@router.delete("/what-if/{run_id}", status_code=204, summary="Throw a replay away; one under way ends with it")
async def delete_what_if(run_id: UUID, tx: Transaction, _actor: MayWrite) -> None:
    await what_if.delete(tx, run_id)


@router.get("/what-if/{run_id}/offices", summary="Breaches and on-time share by office, as it went and as drafted")
async def list_what_if_offices(run_id: UUID, tx: Transaction, _actor: MayRead, paging: Paging) -> Page[OfficeOutcome]:
    await what_if.see(tx, run_id)
    after = paging.after(str, str)
    place = (after[0], after[1]) if after else None
    rows = await store.list_offices(tx, tx.actor.scope, run_id, after=place, most=paging.fetch)
    items = [
        OfficeOutcome(
            office=row.office, region=row.region, metric=row.metric, really=_outcome(row, "real_"),
            drafted=_outcome(row, ""),
        )
        for row in rows
    ]  # fmt: skip
    return paging.page(items, lambda one: (one.office, one.metric))


@router.get("/what-if/{run_id}/load", summary="Firings by office and day, as they were and as drafted")
async def list_what_if_load(run_id: UUID, tx: Transaction, _actor: MayRead, paging: Paging) -> Page[DayLoad]:
    await what_if.see(tx, run_id)
    after = paging.after(str, date)
    place = (after[0], after[1]) if after else None
    rows = await store.list_load(tx, tx.actor.scope, run_id, after=place, most=paging.fetch)
    items = [
        DayLoad(
            office=row.office, region=row.region, day=row.day, really=_firings(row, "real_"), drafted=_firings(row, "")
        )
        for row in rows
    ]
    return paging.page(items, lambda one: (one.office, one.day))
