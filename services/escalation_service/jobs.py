"""Work that time causes: firing the rungs that are due, telling the officers, settling what nobody finished."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from services.escalation_service.gateways.providers import deliver
from services.escalation_service.use_cases import bundling, mailing_out, message_health
from services.escalation_service.use_cases.firing import fire_due_rungs, rest
from services.escalation_service.use_cases.mailing_out import Posted
from services.escalation_service.use_cases.watching import lateness
from shared.kernel.faults import fault_point
from shared.runtime.service import Context, Job


async def fire_rungs(context: Context) -> int:
    """One batch of due rungs in one transaction; safe in any number of processes at once."""
    async with context.db.transaction(edge="timer") as tx:
        return await fire_due_rungs(tx, most=context.settings.batch)


async def until_next(context: Context) -> float:
    """Seconds until the next ladder wants attention; asks the publishers for their word where one waits for it."""
    async with context.db.transaction() as tx:
        return await rest(tx)


async def watch_lateness(context: Context) -> int:
    """Keep the metric of late rungs true."""
    async with context.db.transaction() as tx:
        await lateness(tx)
    return 0


async def bundle_messages(context: Context) -> int:
    """Waiting messages become mailings."""
    async with context.db.transaction(edge="bundler") as tx:
        return await bundling.bundle(tx, context.settings)


async def send_mailings(context: Context) -> int:
    """Claim and commit `sending`, then call the providers, then record: never a call inside a transaction."""
    async with context.db.transaction(edge="sender") as tx:
        looked_at, posted = await mailing_out.claim(tx, context.settings)
    await fault_point("sender.claimed")
    results = await asyncio.gather(*(_send(context, each) for each in posted), return_exceptions=True)
    for problem in results:
        if problem is not None:
            raise problem
    return looked_at


async def _send(context: Context, posted: Posted) -> None:
    outcome = await deliver(context.http, context.settings, posted.letter, posted.at)
    await fault_point("sender.called")
    async with context.db.transaction(edge="sender") as tx:
        await mailing_out.record(tx, posted, outcome, context.settings)
    await fault_point("sender.recorded")


async def settle_stale_mailings(context: Context) -> int:
    async with context.db.transaction() as tx:
        await message_health.measure(tx)
        return await mailing_out.settle_stale(tx, context.settings)


async def forget_old_receipts(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await mailing_out.forget_old_receipts(tx)


JOBS: Sequence[Job] = (
    Job("fire_rungs", fire_rungs, timedelta(seconds=5), until_next),
    Job("watch_lateness", watch_lateness, timedelta(seconds=15)),
    Job("bundle-messages", bundle_messages, timedelta(seconds=1)),
    Job("send-mailings", send_mailings, timedelta(seconds=1)),
    Job("settle-stale-mailings", settle_stale_mailings, timedelta(seconds=15)),
    Job("forget-old-receipts", forget_old_receipts, timedelta(hours=1)),
)
