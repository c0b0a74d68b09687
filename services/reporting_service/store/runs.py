"""Long work that was asked for over the API: queued, worked on by a job, kept with its result."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update

from services.reporting_service.store.tables import run
from shared.db import Tx

# The oldest open run; another worker steps over it while this transaction lasts.
_CLAIM = text("""
    SELECT id, kind, params, state, progress, result, requested_by FROM reporting.run
    WHERE state IN ('queued', 'running') AND kind <> ALL (CAST(:waiting AS text[]))
    ORDER BY requested_at, id LIMIT 1 FOR UPDATE SKIP LOCKED""")


async def add(tx: Tx, run_id: UUID, kind: str, params: Mapping[str, Any]) -> None:
    values = {"id": run_id, "kind": kind, "params": dict(params), "state": "queued"}
    await tx.execute(insert(run).values(**values, requested_by=tx.actor.id, requested_at=tx.now))


async def claim(tx: Tx, waiting: Collection[str]) -> Row[Any] | None:
    """The run to be worked on next, but for the kinds that must wait."""
    return await tx.lock(_CLAIM, {"waiting": list(waiting)})


async def keep(tx: Tx, run_id: UUID, progress: int, result: Mapping[str, Any]) -> None:
    """Part of the work is done; the rest goes on with the next step."""
    values = {"state": "running", "progress": progress, "result": dict(result)}
    await tx.execute(update(run).where(run.c.id == run_id).values(**values))


async def end(tx: Tx, run_id: UUID, *, result: Mapping[str, Any] | None = None, problem: str | None = None) -> None:
    ended_at = await tx.read_clock()
    values: dict[str, Any] = {"state": "failed" if problem else "done", "problem": problem, "ended_at": ended_at}
    if result is not None:
        values["result"] = dict(result)
    if not problem:
        values["progress"] = 100
    await tx.execute(update(run).where(run.c.id == run_id).values(**values))


async def find(tx: Tx, run_id: UUID) -> Row[Any] | None:
    return await tx.find(select(run).where(run.c.id == run_id))
