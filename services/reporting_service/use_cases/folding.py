"""Facts come in, case records and OIS records come out (architecture.md, "Reporting"; process step 6)."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from uuid import UUID

from services.reporting_service.domain import ois
from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.entries import Entry, entries
from services.reporting_service.domain.folded import Folded, unheard
from services.reporting_service.store import cases, facts
from services.reporting_service.store import entries as counted
from services.reporting_service.store import ois as records
from services.reporting_service.store.facts import Kept
from services.reporting_service.store.ois import Latest, Version
from services.reporting_service.use_cases.fold import add, fold
from shared.contracts.ois import OisRecord
from shared.db import Tx
from shared.db.failures import is_infrastructure

log = logging.getLogger(__name__)
Waiting = Mapping[UUID, Sequence[Kept]]


@dataclass
class Outcome:
    """What a batch of facts makes of their cases; written together at the end."""

    changed: list[Folded] = field(default_factory=list)
    entries: list[tuple[UUID, Entry]] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    aside: list[tuple[Kept, str]] = field(default_factory=list)

    def set_aside(self, case_id: UUID, waiting: Sequence[Kept], error: Exception) -> None:
        problem = f"fold failed: {type(error).__name__}"
        log.error("a case could not be folded", extra={"case_id": str(case_id), "problem": problem})
        self.aside += ((kept, problem) for kept in waiting)


async def fold_waiting(tx: Tx, most: int) -> int:
    """Bring the records of changed cases up to date; how many facts that took."""
    waiting = await facts.claim_waiting(tx, most)
    if not waiting:
        return 0
    try:
        async with tx.savepoint():
            await _fold(tx, waiting)
    except Exception as error:
        if is_infrastructure(error):
            raise
        await _fold_one_by_one(tx, waiting)
    return sum(map(len, waiting.values()))


async def _fold_one_by_one(tx: Tx, waiting: Waiting) -> None:
    """Something of the batch cannot be read or saved: see which case it is, and let the others go on."""
    failed = Outcome()
    for case_id in sorted(waiting):
        try:
            async with tx.savepoint():
                await _fold(tx, {case_id: waiting[case_id]})
        except Exception as error:
            if is_infrastructure(error):
                raise
            failed.set_aside(case_id, waiting[case_id], error)
    await _save(tx, failed)


async def _fold(tx: Tx, waiting: Waiting) -> None:
    locked = await cases.lock(tx, waiting)
    latest = await records.latest_of(tx, waiting)
    ready = {case_id: each.folded for case_id, each in locked.items() if _can_take(each.folded, waiting[case_id])}
    logs = await _logs(tx, waiting.keys() - ready.keys())
    outcome = Outcome()
    for case_id, kept in waiting.items():
        try:
            folded = ready.get(case_id)
            states = _one_after_another(folded, kept) if folded else _afresh(case_id, kept, logs[case_id])
            _take(outcome, case_id, states, latest.get(case_id))
        except Exception as error:  # noqa: BLE001 - pure: what is wrong with one case concerns no other
            outcome.set_aside(case_id, kept, error)
    await _save(tx, outcome)


def _can_take(folded: Folded | None, kept: Iterable[Kept]) -> bool:
    return folded is not None and folded.can_take((each.topic, each.seq) for each in kept)


async def _logs(tx: Tx, case_ids: Collection[UUID]) -> Waiting:
    """All facts of the cases to which what arrived cannot simply be added."""
    return await facts.of_cases(tx, case_ids) if case_ids else {}


def _one_after_another(folded: Folded, arrived: Iterable[Kept]) -> Sequence[Folded]:
    return list(accumulate((kept.read() for kept in arrived), add, initial=folded))


def _afresh(case_id: UUID, arrived: Iterable[Kept], log_of_case: Iterable[Kept]) -> Sequence[Folded]:
    known = {kept.event_id: kept.read() for kept in log_of_case}
    late = [known.pop(kept.event_id) for kept in arrived if kept.event_id in known]
    base = list(known.values())
    return [fold(case_id, [*base, *late[:count]]) for count in range(len(late) + 1)]


def _take(outcome: Outcome, case_id: UUID, states: Sequence[Folded], latest: Latest | None) -> None:
    """The case before anything arrived and after each fact: OIS is told of every change, not of the last only."""
    versions = []
    for folded in states[1:]:
        version = _next_version(folded.case, latest)
        if version is not None:
            versions.append(version)
            latest = Latest(case_id, version.version, version.sha256, "missing")
    new = entries(states[-1].case) - entries(states[0].case)
    outcome.versions += versions
    outcome.entries += ((case_id, entry) for entry in new)
    outcome.changed.append(states[-1])


def _next_version(case: CaseRecord, latest: Latest | None) -> Version | None:
    """A new version of the record, only when its content changed."""
    if not ois.belongs_in_ois(case, known=latest is not None):
        return None
    content = ois.record(case)
    digest = ois.hash_of(content)
    if latest is not None and latest.sha256 == digest:
        return None
    return Version(UUID(case.case_id), latest.version + 1 if latest else 1, digest, content)


async def _save(tx: Tx, outcome: Outcome) -> None:
    if outcome.changed:
        await cases.save(tx, outcome.changed)
    if outcome.entries:
        await counted.keep(tx, outcome.entries)
    if outcome.versions:
        await records.add_versions(tx, outcome.versions, tx.now)
    for told in outcome.versions:
        about = {**told.content, "version": told.version, "changed_at": tx.now}
        await tx.publish(OisRecord.model_validate(about))
    if outcome.aside:
        await facts.set_aside(tx, outcome.aside)
        await cases.forget_places(tx, {kept.case_id for kept, _ in outcome.aside})


async def recompute(tx: Tx, after: UUID | None) -> tuple[UUID | None, int, int]:
    """Fold the next records afresh from the fact log: where to go on, how many were looked at, how many differed."""
    ids = await cases.page_of_ids(tx, after)
    locked, latest = await cases.lock(tx, ids), await records.latest_of(tx, ids)
    logs = await _logs(tx, ids)
    outcome, differing = Outcome(), 0
    for case_id in ids:
        live, afresh = locked[case_id].case, fold(case_id, (kept.read() for kept in logs.get(case_id, ())))
        if live != afresh.case:
            # Facts that wait in the queue are no difference: the job would have said the same.
            differing += live is None or live.facts == afresh.case.facts
            _take(outcome, case_id, [unheard(case_id), afresh], latest.get(case_id))
    await _save(tx, outcome)
    return (ids[-1] if ids else None), len(ids), differing


async def derive_cycles(tx: Tx, most: int) -> int:
    """Give the next records what reports count, where code that did not know of it has written them; how many."""
    records_without = await cases.lock_underived(tx, most)
    if records_without:
        await cases.save_cycles(tx, records_without)
    return len(records_without)


async def retry_folding(tx: Tx) -> int:
    """Let what could not be folded be tried again."""
    count = await facts.retry_set_aside(tx)
    await tx.audit("folding.retried", "fold_queue", facts=count)
    return count
