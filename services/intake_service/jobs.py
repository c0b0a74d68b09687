"""What time causes in intake: contacts go when their retention ends, kept answers after a day."""

from datetime import timedelta

from services.intake_service.use_cases.maintaining import erase_ended
from shared.db.idempotency import purge_idempotency
from shared.runtime.service import Context, Job


async def erase_ended_contacts(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await erase_ended(tx, years_kept=context.settings.years_kept)


async def purge_kept_answers(context: Context) -> int:
    async with context.db.transaction() as tx:
        return await purge_idempotency(tx)


JOBS = (
    Job("erase_ended_contacts", erase_ended_contacts, timedelta(hours=1)),
    Job("purge_kept_answers", purge_kept_answers, timedelta(minutes=10)),
)
