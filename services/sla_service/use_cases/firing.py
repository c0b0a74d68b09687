"""Fire what is due: warnings and breaches, once each, by any number of workers, and never blind."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import Coverage
from services.sla_service.domain.metrics import INTAKE_LANE, LANES
from services.sla_service.store import cases, decisions
from services.sla_service.use_cases.news import LONG_AGO, NEEDED, TOPICS, coverage, parked
from services.sla_service.use_cases.settling import Occasion, settle
from shared.db import Tx
from shared.db.failures import is_infrastructure
from shared.kernel.faults import fault_point
from shared.messaging.consumer import watermarks
from shared.messaging.waiting import rest_until
from shared.observability.metrics import TIMER_LATENESS

LOOK_AGAIN = timedelta(seconds=15)  # at a case of which an event is set aside
TRY_AGAIN = timedelta(seconds=60)  # with a case that could not be evaluated
log = logging.getLogger(__name__)


async def fire_due_clocks(tx: Tx, *, most: int) -> int:
    """Claim and settle one batch; how many case files were looked at.

    Everything that the publishers recorded before their watermarks has arrived here, so only instants before those may
    fire: a resolution that is still on its way cannot turn into a false breach. What is due but not covered is not
    claimed, and a publisher that stands still holds up only the metrics that need its news.
    """
    covered = await coverage(tx)
    looked_at = 0
    for lane, covered_until in covered.items():
        if covered_until > LONG_AGO and looked_at < most:
            looked_at += await _fire_lane(tx, lane, covered, most - looked_at)
    return looked_at


async def _fire_lane(tx: Tx, lane: str, covered: Coverage, most: int) -> int:
    claimed = await cases.claim_due(tx, covered[lane], most, lane)
    if not claimed:
        return 0
    await tx.read_clock()
    blind = await parked(tx, [file.case_id for file in claimed])
    apart = {case_id: {**covered, **dict.fromkeys(lanes, LONG_AGO)} for case_id, lanes in blind.items()}
    free = [file for file in claimed if INTAKE_LANE not in blind.get(file.case_id, ())]
    await _settle(tx, free, lane, Occasion(covered, apart))
    for dark in LANES:
        waiting = [case_id for case_id, lanes in blind.items() if dark in lanes]
        if waiting:
            await cases.hold_fire(tx, waiting, tx.now + LOOK_AGAIN, lane=dark)
    await decisions.hold_back(
        tx, [(file.case_id, file.wanted(lane)) for file in claimed if lane in blind.get(file.case_id, ())], "parked"
    )
    await fault_point("timer.fired")
    return len(claimed)


async def rest(tx: Tx) -> float:
    """Seconds for which nothing is to be fired: until the next instant, or until news may reach up to it."""
    due, heard = await cases.next_due(tx), await watermarks(tx, NEEDED)
    rests = [
        await rest_until(tx, due[lane], {topic: heard[topic] for topic in topics}) for lane, topics in TOPICS.items()
    ]
    return min(rests)


async def _settle(tx: Tx, files: Sequence[CaseFile], lane: str, occasion: Occasion) -> None:
    """All in few statements; when that fails, one by one, so that a bad row stops nobody else's."""
    if not files:
        return None
    try:
        async with tx.savepoint():
            await settle(tx, files, occasion)
            _observe(tx, files, lane)
    except Exception as error:
        if is_infrastructure(error):
            raise
        if len(files) == 1:
            return await _set_aside(tx, files[0], error)
        for file in files:
            await _settle(tx, [file], lane, occasion)


async def _set_aside(tx: Tx, file: CaseFile, error: Exception) -> None:
    problem = type(error).__name__
    log.error("case file cannot be evaluated", extra={"case_id": str(file.case_id), "problem": problem})
    await cases.hold_fire(tx, [file.case_id], tx.now + TRY_AGAIN, trouble=problem)


def _observe(tx: Tx, files: Sequence[CaseFile], lane: str) -> None:
    wanted = [file.wanted(lane) for file in files]
    lateness = [(tx.now - at).total_seconds() for at in wanted if at]
    histogram = TIMER_LATENESS.labels("sla")

    def observe() -> None:
        for seconds in lateness:
            histogram.observe(seconds)

    tx.after_commit(observe)
