"""Long work: asked for over the API, done by a job, one step per transaction, with progress and result."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from services.reporting_service.domain.report import evaluation_plan, quarterly_plan
from services.reporting_service.store import cases, runs
from services.reporting_service.use_cases import folding, packs, publishing
from shared.db import Tx
from shared.db.failures import is_infrastructure
from shared.kernel.errors import NotFound, Refusal
from shared.kernel.ids import uuid7

COUNTING = ("quarterly", "evaluation")  # they wait until every record has the rows that they count
log = logging.getLogger(__name__)


async def ask(tx: Tx, kind: str, params: Mapping[str, Any]) -> Any:
    """Queue a run."""
    run_id = uuid7(tx.now)
    await runs.add(tx, run_id, kind, params)
    await tx.audit("run.asked", str(run_id), kind=kind)
    return await runs.find(tx, run_id)


async def see(tx: Tx, run_id: UUID) -> Any:
    row = await runs.find(tx, run_id)
    if row is None:
        raise NotFound("There is no such run.")
    return row


async def work(tx: Tx) -> int:
    """One step of the oldest open run. What it refuses or breaks on ends the run, not the job."""
    row = await runs.claim(tx, COUNTING if await cases.is_any_underived(tx) else ())
    if row is None:
        return 0
    try:
        async with tx.savepoint():
            await _STEPS[row.kind](tx, row)
    except Refusal as refusal:
        await runs.end(tx, row.id, problem=refusal.reason_code)
    except Exception as error:
        if is_infrastructure(error):
            raise
        told = {"run_id": str(row.id), "kind": row.kind, "problem": type(error).__name__}
        log.error("a run failed", extra=told)
        await runs.end(tx, row.id, problem="internal")
    return 1


async def _packs(tx: Tx, row: Any) -> None:
    day = date.fromisoformat(row.params["day"])
    made = await packs.build_day(tx, day)
    await runs.end(tx, row.id, result={"day": row.params["day"], "packs": [str(pack_id) for pack_id in made]})


async def _quarterly(tx: Tx, row: Any) -> None:
    plan = partial(quarterly_plan, row.params["fiscal_year"], row.params["quarter"])
    await _published(tx, row, *await publishing.publish(tx, plan, row.requested_by))


async def _evaluation(tx: Tx, row: Any) -> None:
    cut_off = date.fromisoformat(row.params["cut_off"])
    plan = partial(evaluation_plan, row.params["fiscal_year"], cut_off, row.params["edition"])
    await _published(tx, row, *await publishing.publish(tx, plan, row.requested_by))


async def _published(tx: Tx, row: Any, report_id: UUID, new: bool) -> None:
    await runs.end(tx, row.id, result={"report_id": str(report_id), "new_edition": new})


async def _recompute(tx: Tx, row: Any) -> None:
    before = row.result or {"after": None, "cases": 0, "differing": 0}
    after = UUID(before["after"]) if before["after"] else None
    last, seen, differing = await folding.recompute(tx, after)
    result = {"cases": before["cases"] + seen, "differing": before["differing"] + differing}
    if last is None:
        await runs.end(tx, row.id, result=result)
    else:
        await runs.keep(tx, row.id, min(99, row.progress + 1), {**result, "after": str(last)})


_STEPS: Mapping[str, Callable[[Tx, Any], Awaitable[None]]] = {
    "packs": _packs,
    "quarterly": _quarterly,
    "evaluation": _evaluation,
    "recompute": _recompute,
}
