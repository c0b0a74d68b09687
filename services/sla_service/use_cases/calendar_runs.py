"""Preview and application of a calendar version to open clocks: jobs in batches; a kill loses and doubles nothing."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import decide
from services.sla_service.domain.effects import Effect, effects
from services.sla_service.domain.evaluate import Book, evaluate
from services.sla_service.domain.facts import Pin
from services.sla_service.store import calendar_runs, clocks, ledger, versions
from services.sla_service.store.book import calendar_of, read_book
from services.sla_service.store.versions import CALENDARS
from services.sla_service.use_cases import batches
from services.sla_service.use_cases.batches import Runs
from services.sla_service.use_cases.news import FIRE_NOTHING
from services.sla_service.use_cases.settling import Occasion, Pins, repinned, settle
from services.sla_service.use_cases.versions import see
from shared.db import Row, Tx
from shared.db.failures import is_infrastructure
from shared.kernel.errors import Conflict, NotFound

PREVIEW = "preview"
APPLY = "apply"
log = logging.getLogger(__name__)
Found = list[tuple[UUID, Effect]]
Work = Callable[[Tx, Row[Any], Sequence[CaseFile], Pins], Awaitable[Found]]


@dataclass(frozen=True)
class _Batch:
    """The outcome for some cases: clocks looked at, what changed, cases that could not be evaluated."""

    clocks: int
    found: Found
    troubled: int


async def start_preview(tx: Tx, code: str, version: int) -> Row[Any]:
    """Begin to find out what a version, draft or published, would do to open clocks."""
    row = await see(tx, CALENDARS, code, version)
    run = await calendar_runs.start(tx, PREVIEW, row)
    await tx.audit("calendar.preview_started", f"{code}/{version}", run=str(run.id))
    return run


async def start_application(tx: Tx, code: str, version: int) -> Row[Any]:
    """Begin to put open clocks under the newest published version. Harmless when repeated."""
    await versions.one_at_a_time(tx)
    row = await see(tx, CALENDARS, code, version)
    if row.published_at is None:
        raise Conflict("A draft is published before it is applied.", code="not_published")
    newest = await versions.newest_published(tx, CALENDARS, code)
    if newest != version:
        raise Conflict("A newer version is in force: apply that one.", code="superseded", published=f"{code}/{newest}")
    run = await calendar_runs.start(tx, APPLY, row)
    await tx.audit("calendar.application_started", f"{code}/{version}", run=str(run.id))
    return run


async def see_run(tx: Tx, run_id: UUID) -> Row[Any]:
    run = await calendar_runs.find(tx, run_id)
    if run is None:
        raise NotFound("There is no such run.")
    return run


async def work(tx: Tx, most: int) -> int:
    """One batch of the oldest run under way; 0 when there is none."""
    runs = Runs("calendar_run", calendar_runs.claim, _step, calendar_runs.end)
    return await batches.work(tx, runs, most)


async def _step(tx: Tx, run: Row[Any], most: int) -> None:
    older = await calendar_runs.older_versions(tx, run)
    if run.open_clocks is None:
        return await calendar_runs.keep(tx, run.id, open_clocks=await calendar_runs.count_open(tx, older))
    version = await see(tx, CALENDARS, run.code, run.version)
    if run.kind == PREVIEW and version.revision != run.revision:
        return await calendar_runs.end(tx, run.id, problem="draft_changed")
    case_ids = await calendar_runs.take_cases(tx, older, run.reached, most)
    if not case_ids:
        return await _finish(tx, run)
    read = calendar_runs.read_files if run.kind == PREVIEW else calendar_runs.lock_files
    files = await read(tx, case_ids)
    concerned = await calendar_runs.open_clocks(tx, older, [file.case_id for file in files])
    pins = {case_id: {key: Pin(version.id, tx.now) for key in keys} for case_id, keys in concerned.items()}
    done = await _each(tx, run, [file for file in files if file.case_id in pins], pins)
    await calendar_runs.keep_effects(tx, run.id, done.found)
    return await _count(tx, run, done, reached=case_ids[-1], skipped=len(case_ids) - len(files))


async def _each(tx: Tx, run: Row[Any], files: Sequence[CaseFile], pins: Pins) -> _Batch:
    """All in few statements; when that fails, one by one, so that a bad row stops nobody else's."""
    if not files:
        return _Batch(0, [], 0)
    keys = sum(len(pins[file.case_id]) for file in files)
    try:
        async with tx.savepoint():
            return _Batch(keys, await _WORK[run.kind](tx, run, files, pins), 0)
    except Exception as error:
        if is_infrastructure(error):
            raise
        if len(files) == 1:
            told = {"case_id": str(files[0].case_id), "problem": type(error).__name__}
            log.error("a case cannot be evaluated under another calendar", extra=told)
            return _Batch(keys, [], 1)
    parts = [await _each(tx, run, [file], pins) for file in files]
    found = [one for part in parts for one in part.found]
    return _Batch(keys, found, sum(part.troubled for part in parts))


async def _preview(tx: Tx, run: Row[Any], files: Sequence[CaseFile], pins: Pins) -> Found:
    """What would change; nothing is written."""
    version = calendar_of(await see(tx, CALENDARS, run.code, run.version))
    book = await read_book(tx)
    book = Book(book.policies, {**book.calendars, version.id: version})
    facts = repinned(await ledger.read(tx, files), pins)
    recorded = await clocks.read_recorded(tx, [file.case_id for file in files])
    found: Found = []
    for file in files:
        decision = decide(evaluate(book, facts[file.case_id], tx.now), recorded[file.case_id], FIRE_NOTHING)
        found += _of(file.case_id, effects(decision, recorded[file.case_id], pins[file.case_id].keys()))
    return found


async def _apply(tx: Tx, _run: Row[Any], files: Sequence[CaseFile], pins: Pins) -> Found:
    """Settle the cases with the new version: deadlines, voids and what follows are told as ever."""
    recorded = await clocks.read_recorded(tx, [file.case_id for file in files])
    found: Found = []
    for file, decision in await settle(tx, files, Occasion(FIRE_NOTHING, pins=pins)):
        found += _of(file.case_id, effects(decision, recorded[file.case_id], pins[file.case_id].keys()))
    return found


_WORK: Mapping[str, Work] = {PREVIEW: _preview, APPLY: _apply}


def _of(case_id: UUID, found: Sequence[Effect]) -> Found:
    return [(case_id, one) for one in found]


async def _count(tx: Tx, run: Row[Any], done: _Batch, *, reached: UUID, skipped: int) -> None:
    await calendar_runs.keep(
        tx,
        run.id,
        reached=reached,
        examined=run.examined + done.clocks,
        changed=run.changed + len(done.found),
        voided=run.voided + sum(one.voided for _, one in done.found),
        breached=run.breached + sum(one.breached for _, one in done.found),
        skipped=run.skipped + skipped,
        troubled=run.troubled + done.troubled,
    )


async def _finish(tx: Tx, run: Row[Any]) -> None:
    """The end of a pass: once more from the start for cases that others held meanwhile, else done."""
    if run.skipped:
        await calendar_runs.keep(tx, run.id, reached=None, skipped=0, troubled=0)
        return
    await calendar_runs.end(tx, run.id)
    facts = {"run": str(run.id), "changed": run.changed, "voided": run.voided, "troubled": run.troubled}
    await tx.audit(f"calendar.{run.kind}_done", f"{run.code}/{run.version}", **facts)
