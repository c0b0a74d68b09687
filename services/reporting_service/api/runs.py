"""Long work over REST: where a run stands, and recomputing the projections from the fact log."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.reporting_service.use_cases import folding, runs
from shared.db import Tx
from shared.kernel.access import Actor
from shared.web import Idempotency, Idempotent, Transaction, needs
from shared.web.types import Instant

router = APIRouter(prefix="/reporting/v1", tags=["runs"])
Operator = Annotated[Actor, needs("operations")]


class Run(BaseModel):
    """Work that takes longer than a request. Ask again until `state` is done or failed."""

    id: UUID
    kind: Literal["packs", "quarterly", "evaluation", "recompute"]
    params: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    progress: int
    result: dict[str, Any] | None = Field(description="what came of it: ids of packs, or of the report")
    problem: str | None = Field(description="code of the reason for which it failed")
    requested_at: Instant
    ended_at: Instant | None


class Retried(BaseModel):
    """How many facts will be folded again."""

    facts: int


def shown(row: Any, response: Response) -> Run:
    """A run, with where to find it again."""
    response.headers["Location"] = f"/reporting/v1/runs/{row.id}"
    return Run(**{name: getattr(row, name) for name in Run.model_fields})


async def queued(tx: Tx, once: Idempotency, response: Response, kind: str, params: dict[str, Any]) -> Run:
    """A run that was asked for, once per Idempotency-Key."""

    async def ask() -> Run:
        return shown(await runs.ask(tx, kind, params), response)

    return await once.answer(tx, response, ask)


@router.get("/runs/{run_id}", summary="Where a run stands")
async def get_run(
    run_id: UUID,
    tx: Transaction,
    _actor: Annotated[Actor, needs("packs:run", "reports:write", "operations")],
    response: Response,
) -> Run:
    return shown(await runs.see(tx, run_id), response)


@router.post("/projections/recompute", status_code=202, summary="Fold every case afresh from the fact log")
async def recompute(tx: Transaction, _actor: Operator, once: Idempotent, response: Response) -> Run:
    return await queued(tx, once, response, "recompute", {})


@router.post("/projections/retry", summary="Try again what could not be folded")
async def retry(tx: Transaction, _actor: Operator) -> Retried:
    return Retried(facts=await folding.retry_folding(tx))
