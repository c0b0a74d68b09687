"""Keeps next months' partitions of the fact log ready."""

from services.reporting_service.store import facts
from shared.db import Tx
from shared.kernel.fiscal import bangkok_date

MONTHS_AHEAD = 4


async def make_partitions(tx: Tx) -> int:
    """This month's and the next ones' partitions; how many were new."""
    return await facts.make_partitions(tx, bangkok_date(tx.now), MONTHS_AHEAD)
