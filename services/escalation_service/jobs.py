"""Work that time causes: firing the rungs that are due."""

from collections.abc import Sequence
from datetime import timedelta

from services.escalation_service.use_cases.firing import fire_due_rungs, rest
from shared.runtime.service import Context, Job


async def fire_rungs(context: Context) -> int:
    """One batch of due rungs in one transaction; safe in any number of processes at once."""
    async with context.db.transaction(edge="timer") as tx:
        return await fire_due_rungs(tx, most=context.settings.batch)


async def until_next(context: Context) -> float:
    """Seconds until the next ladder wants attention; asks the publishers for their word where one waits for it."""
    async with context.db.transaction() as tx:
        return await rest(tx)


JOBS: Sequence[Job] = (Job("fire_rungs", fire_rungs, timedelta(seconds=5), until_next),)
