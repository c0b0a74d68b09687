"""Work that time causes: folding, feeding OIS, building and sending packs, runs, next months' partitions."""

from collections.abc import Sequence
from datetime import timedelta

from services.reporting_service.domain.delivery import Backoff
from services.reporting_service.use_cases import delivering, folding, maintenance, ois, packs, runs, sending
from shared.kernel.faults import fault_point
from shared.runtime.service import Context, Job

DELIVERIES = 20


async def fold_cases(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await folding.fold_waiting(tx, context.settings.batch)


async def derive_cycles(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await folding.derive_cycles(tx, context.settings.batch)


async def number_ois_feed(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await ois.number_feed(tx, context.settings.batch)


async def build_packs(context: Context) -> int:
    """The packs of the earliest day that is due."""
    async with context.db.transaction() as tx:
        day = await packs.day_due(tx, context.settings.pack_hour, context.settings.pack_grace)
        return len(await packs.build_day(tx, day)) if day else 0


async def deliver_packs(context: Context) -> int:
    """A handful of deliveries that are due, one after the other."""
    sent = 0
    while sent < DELIVERIES and await _deliver_one(context):
        sent += 1
    return sent


async def _deliver_one(context: Context) -> bool:
    """Mark it as being sent, send it outside any transaction, settle it."""
    settings = context.settings
    async with context.db.transaction(edge="sender") as tx:
        taken = await delivering.take_next(tx, settings.lease)
        started_at = tx.now
    if taken is None:
        return False
    await fault_point("pack.claimed")
    outcome = await sending.send(taken, context.http, settings, started_at)
    await fault_point("pack.called")
    backoff = Backoff(settings.first_pause, settings.longest_pause, settings.most_attempts)
    async with context.db.transaction(edge="sender") as tx:
        await delivering.settle(tx, taken, started_at, outcome, backoff)
    return True


async def work_runs(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await runs.work(tx)


async def make_partitions(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await maintenance.make_partitions(tx)


JOBS: Sequence[Job] = (
    Job("fold_cases", fold_cases, timedelta(milliseconds=200)),
    Job("derive_cycles", derive_cycles, timedelta(seconds=10)),
    Job("number_ois_feed", number_ois_feed, timedelta(milliseconds=200)),
    Job("build_packs", build_packs, timedelta(seconds=30)),
    Job("deliver_packs", deliver_packs, timedelta(seconds=1)),
    Job("work_runs", work_runs, timedelta(seconds=1)),
    Job("make_partitions", make_partitions, timedelta(hours=1)),
)
