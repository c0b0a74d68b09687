"""Work that time causes: firing what is due, and looking after what waits too long."""

from collections.abc import Sequence
from datetime import timedelta

from services.sla_service.use_cases import calendar_runs, forgetting, what_if
from services.sla_service.use_cases.firing import fire_due_clocks, rest
from services.sla_service.use_cases.watching import lateness, record_blind
from shared.runtime.service import Context, Job


async def fire_clocks(context: Context) -> int:
    """One batch of due case files in one transaction; safe in any number of processes at once."""
    async with context.db.transaction(edge="timer") as tx:
        return await fire_due_clocks(tx, most=context.settings.batch)


async def until_next(context: Context) -> float:
    """Seconds until the next case file wants attention; asks intake for its word where one waits for it."""
    async with context.db.transaction() as tx:
        return await rest(tx)


async def run_calendars(context: Context) -> int:
    """One batch of a preview or an application of a calendar version."""
    async with context.db.transaction() as tx:
        return await calendar_runs.work(tx, context.settings.run_batch)


async def run_what_if(context: Context) -> int:
    """One batch of a replay of a past period under drafts."""
    async with context.db.transaction() as tx:
        return await what_if.work(tx, context.settings.run_batch)


async def forget_runs(context: Context) -> int:
    """Throw away previews and replays that are older than the setting says."""
    async with context.db.transaction() as tx:
        return await forgetting.forget_runs(tx, context.settings.runs_kept_days)


async def watch_lateness(context: Context) -> int:
    """Keep the metric `sla_clock_blind` true, and on record what it is about."""
    async with context.db.transaction() as tx:
        if await lateness(tx):
            await record_blind(tx)
    return 0


JOBS: Sequence[Job] = (
    Job("fire_clocks", fire_clocks, timedelta(seconds=5), until_next),
    Job("run_calendars", run_calendars, timedelta(seconds=1)),
    Job("run_what_if", run_what_if, timedelta(seconds=1)),
    Job("forget_runs", forget_runs, timedelta(hours=1)),
    Job("watch_lateness", watch_lateness, timedelta(seconds=15)),
)
