"""What nobody will look at again: old previews and replays."""

from datetime import timedelta

from services.sla_service.store import calendar_runs, what_if
from shared.db import Tx

RUNS_AT_ONCE = 20  # each with the changes or results that it shows


async def forget_runs(tx: Tx, days: int) -> int:
    """Throw away the runs that ended more than so many days ago; how many."""
    before = tx.now - timedelta(days=days)
    previews = await calendar_runs.forget_previews(tx, before, RUNS_AT_ONCE)
    return previews + await what_if.forget(tx, before, RUNS_AT_ONCE)
