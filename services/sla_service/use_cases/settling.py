"""Settle case files: evaluate their facts, save what changed, publish it. Both consumer and timer end here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
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
from services.sla_service.domain.evaluate import Book, evaluate
from services.sla_service.domain.facts import CaseFacts, Fact, Pin
from services.sla_service.store import cases, clocks, decisions, ledger
from services.sla_service.store.book import read_book
from services.sla_service.store.clocks import Kept
from services.sla_service.use_cases.news import FIRE_NOTHING
from services.sla_service.use_cases.telling import dropped_event, event_of
from shared.contracts.base import CaseEvent
from shared.db import Tx
from shared.messaging.fold import Change as Changed
from shared.messaging.fold import Meta
from shared.observability.metrics import BREACHES

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
class Turn:
    """One evaluation of a case: the file and what was decided then, in the trace of the event that caused it."""

    file: CaseFile
    decision: Decision
    traceparent: str | None = None


Settled = tuple[CaseFile, Decision]


@dataclass(frozen=True)
class Settling:
    """A case in the midst of a batch: what is known of it, and the turns that events have made it take.

    `file` is None until an event opens it. `entries` are the facts to keep, each with the event that told it.
    """

    case_id: UUID
    book: Book
    now: datetime
    file: CaseFile | None
    facts: CaseFacts
    recorded: Mapping[Key, Kept]
    entries: tuple[tuple[UUID, Fact], ...] = ()
    turns: tuple[Turn, ...] = ()

    def take_in(self, seen: CaseFile, meta: Meta, facts: Sequence[Fact]) -> "Settling":
        """The case after an event that saw it as `seen`: in any order of the events it ends the same."""
        file = self.file.told_by(seen) if self.file else seen
        entries = (*self.entries, *((meta.event_id, fact) for fact in facts))
        known = replace(self, file=file, facts=self.facts.known(file.registration, facts), entries=entries)
        return known.settled(NEWS, meta.traceparent)

    def settled(self, occasion: Occasion, traceparent: str | None = None) -> "Settling":
        """The case after its facts were evaluated; what lies before the news' reach fires."""
        if self.file is None:
            raise LookupError("the case was never seen")
        evaluated = evaluate(self.book, self.facts, self.now)
        known = with_standing_warnings(evaluated, self.recorded, self.now)
        decision = decide(evaluated, known, occasion.of(self.case_id), occasion.cause, occasion.why)
        file = self.file.wanting(decision.wanted)
        return replace(
            self,
            file=file,
            facts=replace(self.facts, pins={**self.facts.pins, **_pins(decision)}),
            recorded=clocks.recorded_after(self.case_id, self.recorded, decision, self.now),
            turns=(*self.turns, Turn(file, decision, traceparent)),
        )


def _pins(decision: Decision) -> Mapping[Key, Pin]:
    return {(one.metric, one.cycle): Pin(one.calendar.id, one.repinned_at) for one in decision.clocks}


async def load(tx: Tx, case_ids: Collection[UUID]) -> Mapping[UUID, Settling]:
    """These cases, those that are known locked."""
    files = await cases.lock_all(tx, case_ids)
    return await _loaded(tx, dict.fromkeys(case_ids) | files)


async def _loaded(tx: Tx, files: Mapping[UUID, CaseFile | None]) -> Mapping[UUID, Settling]:
    book = await read_book(tx)
    known = [file for file in files.values() if file]
    facts = await ledger.read(tx, known)
    recorded = await clocks.read_recorded(tx, [file.case_id for file in known])
    return {
        case_id: Settling(case_id, book, tx.now, file, facts.get(case_id, CaseFacts(None)), recorded.get(case_id, {}))
        for case_id, file in files.items()
    }


async def save(tx: Tx, changes: Sequence[Changed[Settling]]) -> None:
    """A statement for each table, however many cases, events and clocks.

    Two processes that open the same case at once clash; the one that comes second takes its batch in event by event.
    """
    await cases.add(tx, [one.after.file for one in changes if one.before.file is None and one.after.file])
    await cases.save(tx, [one.after.file for one in changes if one.before.file is not None and one.after.file])
    await ledger.append(tx, [(one.after.case_id, *entry) for one in changes for entry in one.after.entries])
    await _save_turns(tx, changes)


async def settle(tx: Tx, files: Sequence[CaseFile], occasion: Occasion) -> list[Settled]:
    """Evaluate locked case files, save and publish the outcome; what lies before the news' reach may fire."""
    before = await _loaded(tx, {file.case_id: file for file in files})
    changes = [Changed(one, _repinned(one, occasion.pins).settled(occasion)) for one in before.values()]
    await cases.save(tx, [one.after.file for one in changes if one.after.file])
    await _save_turns(tx, changes)
    return [(turn.file, turn.decision) for one in changes for turn in one.after.turns]


def _repinned(one: Settling, pins: Pins) -> Settling:
    return replace(one, facts=repinned({one.case_id: one.facts}, pins)[one.case_id])


def repinned(facts: Mapping[UUID, CaseFacts], pins: Pins) -> Mapping[UUID, CaseFacts]:
    """The facts with other calendar versions for some clocks; pins of other cases do not matter."""
    return {
        case_id: replace(one, pins={**one.pins, **pins[case_id]}) if case_id in pins else one
        for case_id, one in facts.items()
    }


async def _save_turns(tx: Tx, changes: Sequence[Changed[Settling]]) -> None:
    """Clocks, breaches and decisions of the turns, and what they tell other services."""
    turns = [(one.after.case_id, turn) for one in changes for turn in one.after.turns]
    decided = [(case_id, change) for case_id, turn in turns for change in turn.decision.changes]
    dropped = [(case_id, one) for case_id, turn in turns for one in turn.decision.dropped]
    await clocks.save_clocks(
        tx, [row for one in changes for row in clocks.changed_rows(one.before.recorded, one.after.recorded)]
    )
    await clocks.void_breaches(tx, [change for _, change in decided if isinstance(change, Voided)])
    await clocks.save_breaches(
        tx, [(case_id, change) for case_id, change in decided if isinstance(change, Breached | Overdue)]
    )
    await decisions.enter(tx, [*decided, *dropped])
    for _, turn in turns:
        await _publish(tx, turn)


async def _publish(tx: Tx, turn: Turn) -> None:
    events: list[CaseEvent | None] = [event_of(turn.file, change, tx.now) for change in turn.decision.changes]
    events += [dropped_event(turn.file, dropped, tx.now) for dropped in turn.decision.dropped]
    for event in events:
        if event is not None:
            await tx.publish(event, traceparent=turn.traceparent)
    for change in turn.decision.changes:
        if isinstance(change, Breached):
            tx.after_commit(BREACHES.labels(change.clock.metric).inc)
