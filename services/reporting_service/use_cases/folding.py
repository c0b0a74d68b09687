"""Facts come in, case records and OIS records come out (architecture.md, "Reporting"; process step 6)."""

import logging
from collections.abc import Sequence
from uuid import UUID

from services.reporting_service.domain import ois
from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.entries import entries
from services.reporting_service.domain.fold import Fact, fold
from services.reporting_service.store import cases, facts
from services.reporting_service.store import entries as counted
from services.reporting_service.store import ois as records
from shared.contracts.ois import OisRecord
from shared.db import Tx
from shared.db.failures import is_infrastructure

log = logging.getLogger(__name__)


async def keep_fact(tx: Tx, fact: Fact, key: str, case_id: UUID | None) -> None:
    """Append an event to the log; its case is folded by the next step of the job."""
    await facts.append(tx, fact, key, case_id)


async def fold_waiting(tx: Tx, most: int) -> int:
    """Bring the records of changed cases up to date, in order of case id; how many facts that took."""
    waiting = await facts.claim_waiting(tx, most)
    for case_id in sorted(waiting):
        try:
            async with tx.savepoint():
                await _fold_case(tx, case_id, waiting[case_id])
        except Exception as error:
            if is_infrastructure(error):
                raise
            problem = f"fold failed: {type(error).__name__}"
            log.error("a case could not be folded", extra={"case_id": str(case_id), "problem": problem})
            await facts.set_aside(tx, case_id, waiting[case_id], problem)
    return sum(len(events) for events in waiting.values())


async def _fold_case(tx: Tx, case_id: UUID, arrived: Sequence[UUID]) -> None:
    """Fold after each fact that arrived, so that OIS is told of every change, not of the last only."""
    await cases.lock(tx, case_id)
    known = {fact.event_id: fact for fact in await facts.of_case(tx, case_id)}
    late = [known.pop(event_id) for event_id in arrived if event_id in known]
    base = list(known.values())
    case = fold(case_id, base)
    before = entries(case)
    for fact in late:
        base.append(fact)
        case = fold(case_id, base)
        await _tell_ois(tx, case)
    await cases.save(tx, case)
    await counted.keep(tx, case_id, entries(case) - before)


async def _tell_ois(tx: Tx, case: CaseRecord) -> None:
    """A new version of the record, only when its content changed."""
    case_id = UUID(case.case_id)
    latest = await records.find_latest(tx, case_id)
    if not ois.belongs_in_ois(case, known=latest is not None):
        return
    content = ois.record(case)
    digest = ois.hash_of(content)
    if latest is not None and latest.sha256 == digest:
        return
    newest = records.Latest(case_id, latest.version + 1 if latest else 1, digest, "missing")
    await records.add_version(tx, newest, content, tx.now)
    await tx.publish(OisRecord.model_validate({**content, "version": newest.version, "changed_at": tx.now}))


async def recompute(tx: Tx, after: UUID | None) -> tuple[UUID | None, int, int]:
    """Fold the next records afresh from the fact log: where to go on, how many were looked at, how many differed."""
    ids = await cases.page_of_ids(tx, after)
    differing = 0
    for case_id in ids:
        live = await cases.lock(tx, case_id)
        afresh = fold(case_id, await facts.of_case(tx, case_id))
        if live != afresh:
            # Facts that wait in the queue are no difference: the job would have said the same.
            differing += live is None or live.facts == afresh.facts
            await _tell_ois(tx, afresh)
            await cases.save(tx, afresh)
            await counted.keep(tx, case_id, entries(afresh))
    return (ids[-1] if ids else None), len(ids), differing


async def retry_folding(tx: Tx) -> int:
    """Let what could not be folded be tried again."""
    count = await facts.retry_set_aside(tx)
    await tx.audit("folding.retried", "fold_queue", facts=count)
    return count
