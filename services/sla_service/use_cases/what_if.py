"""What-if: a past period replayed under drafts, as a job in batches that writes nothing but its own results."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.sla_service.domain.what_if import Past, Tally, replay
from services.sla_service.store import calendar_runs, clocks, ledger, versions
from services.sla_service.store import what_if as store
from services.sla_service.store.book import read_book
from services.sla_service.use_cases import batches
from services.sla_service.use_cases.batches import Runs
from shared.db import Row, Tx
from shared.kernel.errors import Invalid, NotFound

LONGEST = timedelta(days=400)
SCANNED_FOR_EACH = 5  # case files looked at for each one that a batch may replay
_BREATH = 20  # cases evaluated before others get the processor
log = logging.getLogger(__name__)
Name = tuple[str, int]


@dataclass(frozen=True)
class Asked:
    """A period, a place, and the versions to try."""

    from_at: datetime
    to_at: datetime
    region: int | None
    office: str | None
    policies: Sequence[Name]
    calendar: Name | None


async def ask(tx: Tx, asked: Asked) -> Row[Any]:
    """Queue a replay. Raises Invalid for a period that is not past, and for versions that are not there."""
    if not asked.from_at < asked.to_at <= tx.now:
        raise Invalid("The period begins before it ends, and is past.", code="bad_period")
    if asked.to_at - asked.from_at > LONGEST:
        raise Invalid("Replay at most 400 days at a time.", code="period_too_long")
    if not asked.policies and asked.calendar is None:
        raise Invalid("Name a draft to try.", code="nothing_to_try")
    policies = [await _version(tx, versions.POLICIES, name) for name in asked.policies]
    selectors = {tuple(getattr(row, part) for part in versions.SELECTOR) for row in policies}
    if len(selectors) < len(policies):
        raise Invalid("Two of these policies are for the same cases.", code="policy_tie")
    calendar = await _version(tx, versions.CALENDARS, asked.calendar) if asked.calendar else None
    run = await store.start(
        tx, store.Question(asked.from_at, asked.to_at, asked.region, asked.office, policies, calendar)
    )
    await tx.audit("what_if.started", str(run.id), from_at=str(asked.from_at), to_at=str(asked.to_at))
    return run


async def see(tx: Tx, run_id: UUID) -> Row[Any]:
    run = await store.find(tx, run_id)
    if run is None:
        raise NotFound("There is no such run.")
    return run


async def delete(tx: Tx, run_id: UUID) -> None:
    """Throw a replay away; one under way ends with it."""
    if not await store.remove(tx, run_id):
        raise NotFound("There is no such run.")
    await tx.audit("what_if.deleted", str(run_id))


async def work(tx: Tx, most: int) -> int:
    """One batch of the oldest run under way; 0 when there is none."""
    runs = Runs("what_if", store.claim, _step, store.end)
    return await batches.work(tx, runs, most)


async def _step(tx: Tx, run: Row[Any], most: int) -> None:
    if run.case_files is None:
        return await store.keep(tx, run.id, case_files=await store.count_files(tx))
    found = await store.next_cases(tx, run, most * SCANNED_FOR_EACH)
    if not found:
        return await store.end(tx, run.id)
    wanted = [case_id for case_id, is_asked in found if is_asked]
    troubled = await _replay(tx, run, wanted) if wanted else 0
    return await store.keep(
        tx,
        run.id,
        reached=found[-1][0],
        examined=run.examined + len(found),
        replayed=run.replayed + len(wanted) - troubled,
        troubled=run.troubled + troubled,
    )


async def _replay(tx: Tx, run: Row[Any], case_ids: Sequence[UUID]) -> int:
    """Count these cases and add them to the results; how many could not be evaluated."""
    book = await read_book(tx)
    drafts = store.drafts_of(run).book(book)
    files = await calendar_runs.read_files(tx, case_ids)
    facts = await ledger.read(tx, files)
    recorded = await clocks.read_recorded(tx, case_ids)
    declared = await store.declared(tx, case_ids)
    total, troubled = Tally(), 0
    for number, file in enumerate(files):
        past = Past(file, facts[file.case_id], recorded[file.case_id], declared[file.case_id])
        one = Tally()
        try:
            replay(one, past, book, drafts, run.started_at)
        except (LookupError, ValueError, Invalid) as error:
            log.error(
                "a case cannot be replayed", extra={"case_id": str(file.case_id), "problem": type(error).__name__}
            )
            troubled += 1
        else:
            total.add(one)
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    await store.add_up(tx, run.id, total)
    return troubled


async def _version(tx: Tx, table: versions.VersionTable, name: Name) -> Row[Any]:
    row = await versions.find(tx, table, *name)
    if row is None:
        raise Invalid("There is no such version.", code="unknown_version")
    return row
