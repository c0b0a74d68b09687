"""Runs that are worked off in batches: previews and applications of calendars, replays of the past."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from shared.db import Row, Tx
from shared.db.failures import is_infrastructure
from shared.kernel.faults import fault_point

log = logging.getLogger(__name__)


class End(Protocol):
    """Writes down that a run is over, and what went wrong if something did."""

    async def __call__(self, tx: Tx, run_id: UUID, problem: str | None = None) -> None: ...


@dataclass(frozen=True)
class Runs:
    """One kind of runs: which is next, a batch of it, its end. `name` names the fault point after a batch."""

    name: str
    claim: Callable[[Tx], Awaitable[Row[Any] | None]]
    step: Callable[[Tx, Row[Any], int], Awaitable[None]]
    end: End


async def work(tx: Tx, runs: Runs, most: int) -> int:
    """One batch of the oldest run under way; 0 when there is none. A run whose batch cannot be done ends there."""
    run = await runs.claim(tx)
    if run is None:
        return 0
    try:
        async with tx.savepoint():
            await runs.step(tx, run, most)
    except Exception as error:
        if is_infrastructure(error):
            raise
        log.error("a run failed", extra={"run": str(run.id), "problem": type(error).__name__})
        await runs.end(tx, run.id, problem="internal")
    await fault_point(f"{runs.name}.batch")
    return 1
