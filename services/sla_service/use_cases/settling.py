"""Settle case files: evaluate their facts, save what changed, tell it. Both handlers and the timer end here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import (
    CORRECTION,
    Breached,
    Coverage,
    Decision,
    Key,
    Overdue,
    Voided,
    decide,
    with_standing_warnings,
)
from services.sla_service.domain.evaluate import evaluate
from services.sla_service.domain.facts import CaseFacts, Pin
from services.sla_service.store import cases, clocks, decisions, ledger
from services.sla_service.store.book import read_book
from services.sla_service.store.clocks import Kept
from services.sla_service.use_cases.news import FIRE_NOTHING
from services.sla_service.use_cases.telling import dropped_event, event_of
from shared.db import Tx
from shared.db.tx import Deferred
from shared.observability.metrics import BREACHES

Settled = tuple[CaseFile, Decision]
Pins = Mapping[UUID, Mapping[Key, Pin]]  # by case: the calendar version that a clock is to count by


@dataclass(frozen=True)
class Occasion:
    """Why case files are settled: how far news reaches (of some cases less far), and the word for what moves.

    Clocks named in `pins` count by that calendar version from now on.
    """

    covered: Coverage
    apart: Mapping[UUID, Coverage] = field(default_factory=dict)
    cause: str = CORRECTION
    why: str | None = None  # what a person said who entered something after the fact
    pins: Pins = field(default_factory=dict)

    def of(self, case_id: UUID) -> Coverage:
        return self.apart.get(case_id, self.covered)


NEWS = Occasion(FIRE_NOTHING)


@dataclass(frozen=True)
class News:
    """What one event said about a case."""

    seen: CaseFile
    source_event: UUID
    facts: Sequence[ledger.Fact]


async def take_in(tx: Tx, seen: CaseFile, source_event: UUID, facts: Iterable[ledger.Fact]) -> None:
    """Enter what an event said about a case, and settle it: in any order, and more than once, with the same result.

    It is done together with the rest of the batch: the cases in few statements, the events of each one by one.
    """
    tx.defer(_take_in_turns, News(seen, source_event, tuple(facts)))


async def _take_in_turns(tx: Tx, items: Sequence[Deferred]) -> None:
    waiting: dict[UUID, list[Deferred]] = {}
    for item in items:
        waiting.setdefault(item.what.seen.case_id, []).append(item)
    while waiting:
        turn = [mine.pop(0) for mine in waiting.values()]
        with tx.traced({str(item.what.seen.case_id): item.traceparent for item in turn}):
            await _take_in(tx, [item.what for item in turn])
        waiting = {case_id: mine for case_id, mine in waiting.items() if mine}


async def _take_in(tx: Tx, news: Sequence[News]) -> None:
    """One event of each of these cases."""
    found = await cases.lock_or_open(tx, [one.seen for one in news])
    await ledger.append(tx, [(one.seen.case_id, one.source_event, one.facts) for one in news])
    await settle(tx, [_told_by(found[one.seen.case_id], one.seen) for one in news], NEWS)


def _told_by(known: CaseFile, seen: CaseFile) -> CaseFile:
    known = known.told_by(seen)
    if known.received_at is not None or seen.received_at is None:
        return known
    return replace(
        known,
        number=seen.number,
        channel=seen.channel,
        receiving_office=seen.receiving_office,
        received_at=seen.received_at,
        registered_at=seen.registered_at,
    )


async def settle(tx: Tx, files: Sequence[CaseFile], occasion: Occasion) -> list[Settled]:
    """Evaluate locked case files and save and tell the outcome; what lies before the news' reach may fire."""
    book = await read_book(tx)
    facts = repinned(await ledger.read(tx, files), occasion.pins)
    recorded = await clocks.read_recorded(tx, [file.case_id for file in files])
    settled = []
    for file in files:
        evaluated = evaluate(book, facts[file.case_id], tx.now)
        known = with_standing_warnings(evaluated, recorded[file.case_id], tx.now)
        covered = occasion.of(file.case_id)
        decision = decide(evaluated, known, covered, occasion.cause, occasion.why)
        settled.append((file.wanting(decision.wanted), decision))
    await _save(tx, settled, recorded)
    for file, decision in settled:
        await _tell(tx, file, decision)
    return settled


def repinned(facts: Mapping[UUID, CaseFacts], pins: Pins) -> Mapping[UUID, CaseFacts]:
    """The facts with other calendar versions for some clocks; pins of other cases do not matter."""
    return {
        case_id: replace(one, pins={**one.pins, **pins[case_id]}) if case_id in pins else one
        for case_id, one in facts.items()
    }


async def _save(tx: Tx, settled: Sequence[Settled], recorded: Mapping[UUID, Mapping[Key, Kept]]) -> None:
    """Few statements however many cases: files, clocks, breaches, decisions, each in one batch."""
    changes = [(file.case_id, change) for file, decision in settled for change in decision.changes]
    breaches = [
        clocks.breach_row(case_id, one, tx.now) for case_id, one in changes if isinstance(one, Breached | Overdue)
    ]
    voided = [change for _, change in changes if isinstance(change, Voided)]
    dropped = [(file.case_id, one) for file, decision in settled for one in decision.dropped]
    if rows := _changed_rows(tx, settled, recorded):
        await clocks.save_clocks(tx, rows)
    if dropped:
        await clocks.drop_clocks(tx, dropped)
    if voided:
        await clocks.void_breaches(tx, voided)
    if breaches:
        await clocks.save_breaches(tx, breaches)
    await decisions.enter(tx, [*changes, *dropped])
    await cases.save(tx, [file for file, _ in settled])


def _changed_rows(
    tx: Tx, settled: Sequence[Settled], recorded: Mapping[UUID, Mapping[Key, Kept]]
) -> list[dict[str, object]]:
    """The rows of clocks that are not as they were."""
    found = []
    for file, decision in settled:
        for clock in decision.clocks:
            key = (clock.metric, clock.cycle)
            row = clocks.clock_row(file.case_id, clock, decision.warned[key], tx.now)
            if not clocks.is_as_kept(row, recorded[file.case_id].get(key)):
                found.append(row)
    return found


async def _tell(tx: Tx, file: CaseFile, decision: Decision) -> None:
    for change in decision.changes:
        if (event := event_of(file, change, tx.now)) is not None:
            await tx.publish(event)
        if isinstance(change, Breached):
            tx.after_commit(BREACHES.labels(change.clock.metric).inc)
    for dropped in decision.dropped:
        await tx.publish(dropped_event(file, dropped, tx.now))
