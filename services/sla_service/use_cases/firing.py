"""Fire what is due: warnings and breaches, once each, by any number of workers, and never blind."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.store import cases
from services.sla_service.use_cases.settling import settle
from shared.contracts.base import INTAKE
from shared.db import Tx
from shared.db.failures import is_infrastructure
from shared.kernel.faults import fault_point
from shared.messaging.consumer import parked_keys, watermark
from shared.messaging.waiting import rest_until
from shared.observability.metrics import TIMER_LATENESS

LOOK_AGAIN = timedelta(seconds=15)  # at a case of which an event is set aside
TRY_AGAIN = timedelta(seconds=60)  # with a case that could not be evaluated
log = logging.getLogger(__name__)


async def fire_due_clocks(tx: Tx, *, most: int) -> int:
    """Claim and settle one batch; how many case files were looked at.

    Everything that intake recorded before its watermark has arrived here, so only instants before it may fire: a
    resolution that is still on its way cannot turn into a false breach. What is due but not covered is not claimed.
    """
    known_until = await watermark(tx, INTAKE)
    if known_until is None:
        return 0
    covered_until = min(known_until, tx.now)
    claimed = await cases.claim_due(tx, covered_until, most)
    if not claimed:
        return 0
    await tx.read_clock()
    parked = await parked_keys(tx, INTAKE, [str(file.case_id) for file in claimed])
    waiting = [file.case_id for file in claimed if str(file.case_id) in parked]
    if waiting:
        await cases.hold_fire(tx, waiting, tx.now + LOOK_AGAIN)
    await _settle(tx, [file for file in claimed if str(file.case_id) not in parked], covered_until)
    await fault_point("timer.fired")
    return len(claimed)


async def rest(tx: Tx) -> float:
    """Seconds for which nothing is to be fired: until the next instant, or until news may reach up to it."""
    return await rest_until(tx, await cases.next_due(tx), {INTAKE: await watermark(tx, INTAKE)})


async def _settle(tx: Tx, files: Sequence[CaseFile], covered_until: datetime) -> None:
    """All in few statements; when that fails, one by one, so that a bad row stops nobody else's."""
    if not files:
        return None
    try:
        async with tx.savepoint():
            await settle(tx, files, covered_until)
            _observe(tx, files)
    except Exception as error:
        if is_infrastructure(error):
            raise
        if len(files) == 1:
            return await _set_aside(tx, files[0], error)
        for file in files:
            await _settle(tx, [file], covered_until)


async def _set_aside(tx: Tx, file: CaseFile, error: Exception) -> None:
    problem = type(error).__name__
    log.error("case file cannot be evaluated", extra={"case_id": str(file.case_id), "problem": problem})
    await cases.hold_fire(tx, [file.case_id], tx.now + TRY_AGAIN, trouble=problem)


def _observe(tx: Tx, files: Sequence[CaseFile]) -> None:
    lateness = [(tx.now - file.next_due_at).total_seconds() for file in files if file.next_due_at]
    histogram = TIMER_LATENESS.labels("sla")

    def observe() -> None:
        for seconds in lateness:
            histogram.observe(seconds)

    tx.after_commit(observe)
