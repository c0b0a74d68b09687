"""Work that time causes: letters that are due, deliveries that nobody finished, sample members without a call."""

import asyncio
from datetime import timedelta

from services.survey_service.gateways.letter import Letter
from services.survey_service.gateways.providers import deliver
from services.survey_service.use_cases import sampling, sending
from shared.kernel.faults import fault_point
from shared.runtime.service import Context, Job

MEMBERS_AT_ONCE = 50


async def send_due_notices(context: Context) -> int:
    """Claim and commit `sending`, then call the providers, then record: never a call inside a transaction."""
    async with context.db.transaction(edge="sender") as tx:
        claimed = await sending.claim(tx, context.settings)
    await fault_point("sender.claimed")
    results = await asyncio.gather(*(_send(context, letter) for letter in claimed.letters), return_exceptions=True)
    for problem in results:
        if problem is not None:
            raise problem
    return claimed.looked_at


async def _send(context: Context, letter: Letter) -> None:
    outcome = await deliver(context.http, context.settings, letter)
    await fault_point("sender.called")
    async with context.db.transaction(edge="sender") as tx:
        await sending.record(tx, letter, outcome)
    await fault_point("sender.recorded")


async def settle_stale_deliveries(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await sending.settle_stale(tx)


async def arrange_sample_calls(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await sampling.arrange_calls(tx, MEMBERS_AT_ONCE)


async def forget_old_receipts(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await sending.forget_old_receipts(tx)


JOBS = (
    Job("send-due-notices", send_due_notices, timedelta(seconds=1)),
    Job("settle-stale-deliveries", settle_stale_deliveries, timedelta(seconds=15)),
    Job("arrange-sample-calls", arrange_sample_calls, timedelta(seconds=2)),
    Job("forget-old-receipts", forget_old_receipts, timedelta(hours=1)),
)
