"""Settle case files: evaluate their facts, save what changed, tell it. Both handlers and the timer end here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import Breached, Decision, Key, Voided, decide
from services.sla_service.domain.evaluate import evaluate
from services.sla_service.domain.facts import CaseFacts, Pin
from services.sla_service.store import cases, clocks, ledger
from services.sla_service.store.book import read_book
from services.sla_service.use_cases.telling import dropped_event, event_of
from shared.db import Tx
from shared.observability.metrics import BREACHES

# Handlers change clocks but fire nothing: only the timer knows how far the news of a case reaches.
FIRE_NOTHING = datetime.min.replace(tzinfo=UTC)


Settled = tuple[CaseFile, Decision]
Pins = Mapping[UUID, Mapping[Key, Pin]]  # by case: the calendar version that a clock is to count by


async def take_in(tx: Tx, seen: CaseFile, source_event: UUID, facts: Iterable[ledger.Fact]) -> None:
    """Enter what an event said about a case, and settle it: in any order, and more than once, with the same result."""
    known = (await cases.lock_or_open(tx, seen)).told_by(seen)
    if known.received_at is None and seen.received_at is not None:
        known = replace(
            known,
            number=seen.number,
            channel=seen.channel,
            receiving_office=seen.receiving_office,
            received_at=seen.received_at,
        )
    await ledger.append(tx, known.case_id, source_event, facts)
    await settle(tx, [known], FIRE_NOTHING)


async def settle(
    tx: Tx, files: Sequence[CaseFile], covered_until: datetime, pins: Pins = MappingProxyType({})
) -> Sequence[Settled]:
    """Evaluate locked case files and save and tell the outcome; what lies before `covered_until` may fire.

    Clocks named in `pins` count by that calendar version from now on.
    """
    book = await read_book(tx)
    facts = repinned(await ledger.read(tx, files), pins)
    recorded = await clocks.read_recorded(tx, [file.case_id for file in files])
    settled = []
    for file in files:
        evaluated = evaluate(book, facts[file.case_id], tx.now)
        decision = decide(evaluated, recorded[file.case_id], covered_until)
        settled.append((replace(file, next_due_at=decision.next_due_at), decision))
    await _save(tx, settled)
    for file, decision in settled:
        await _tell(tx, file, decision)
    return settled


def repinned(facts: Mapping[UUID, CaseFacts], pins: Pins) -> Mapping[UUID, CaseFacts]:
    """The facts with other calendar versions for some clocks."""
    fresh = {
        case_id: replace(facts[case_id], pins={**facts[case_id].pins, **wanted}) for case_id, wanted in pins.items()
    }
    return {**facts, **fresh}


async def _save(tx: Tx, settled: Sequence[Settled]) -> None:
    """Few statements however many cases: files, clocks, breaches, each in one batch."""
    rows = [
        clocks.clock_row(file.case_id, clock, decision.warned[clock.metric, clock.cycle], tx.now)
        for file, decision in settled
        for clock in decision.clocks
    ]
    changes = [(file, change) for file, decision in settled for change in decision.changes]
    breaches = [clocks.breach_row(file.case_id, one, tx.now) for file, one in changes if isinstance(one, Breached)]
    voided = [change for _, change in changes if isinstance(change, Voided)]
    if rows:
        await clocks.save_clocks(tx, rows)
    for file, decision in settled:
        if decision.dropped:
            await clocks.drop_clocks(tx, file.case_id, decision.dropped)
    if voided:
        await clocks.void_breaches(tx, voided)
    if breaches:
        await clocks.save_breaches(tx, breaches)
    await cases.save(tx, [file for file, _ in settled])


async def _tell(tx: Tx, file: CaseFile, decision: Decision) -> None:
    for change in decision.changes:
        await tx.publish(event_of(file, change, tx.now))
        if isinstance(change, Breached):
            tx.after_commit(BREACHES.labels(change.clock.metric).inc)
    for dropped in decision.dropped:
        await tx.publish(dropped_event(file, dropped, tx.now))
