"""What nobody will look at again: old previews and replays."""

from datetime import timedelta

from services.sla_service.store import forgotten
from shared.db import Tx

ROWS_AT_ONCE = 5_000  # a preview may show as many changes as there are open clocks


async def forget_runs(tx: Tx, days: int) -> int:
    """Throw away a bounded part of the runs that ended more than so many days ago; how many rows and runs.

    A run goes last, when nothing is left of what it showed.
    """
    run = await forgotten.next_run(tx, tx.now - timedelta(days=days))
    if run is None:
        return 0
    return await forgotten.remove_shown(tx, run, ROWS_AT_ONCE) or await forgotten.remove(tx, run)
