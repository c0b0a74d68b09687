"""The auditor of the ladder's timer: rungs that are late although nothing hinders them."""

import logging
from datetime import timedelta

from services.escalation_service.store import ladders
from services.escalation_service.use_cases.firing import known_until
from shared.db import Tx
from shared.observability.metrics import TIMERS_LATE

GRACE = timedelta(seconds=60)
log = logging.getLogger(__name__)


async def lateness(tx: Tx) -> list[str]:
    """One sentence when ladders are late for longer than the grace; sets `pwa_timers_late`."""
    known = await known_until(tx)
    late = await ladders.count_late(tx, tx.now - GRACE, known) if known is not None else 0
    TIMERS_LATE.labels("escalation").set(late)
    if not late:
        return []
    log.warning("ladders are late", extra={"count": late})
    return [f"{late} ladders are more than {int(GRACE.total_seconds())} s late"]
