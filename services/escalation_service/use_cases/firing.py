"""Fires the rungs that are due: claim, look again under the lock, record whom, tell (sla.md, semantics 11 to 13)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.ladder import NO_LADDER, Call, Facts, Fired, LadderRules, evaluate
from services.escalation_service.domain.offices import Chart, Holder, post_office
from services.escalation_service.domain.policy import RuleBook
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import cases, decisions, ladders, officers, offices
from services.escalation_service.use_cases import officer_messages
from services.escalation_service.use_cases.planning import decided, follow, rule_book, rules_of, rung_row, tell_end
from shared.contracts.base import INTAKE, SLA
from shared.contracts.escalation import RungFired
from shared.db import Tx
from shared.kernel.faults import fault_point
from shared.messaging.consumer import parked_keys, watermarks
from shared.messaging.waiting import rest_until
from shared.observability.metrics import TIMER_LATENESS

log = logging.getLogger(__name__)
PUBLISHERS = (INTAKE, SLA)
PARKED_PAUSE = timedelta(minutes=1)
FAILED_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class _Due:
    """A rung whose time has come, with everything that decided it."""

    ladder: Ladder
    file: CaseFile
    facts: Facts
    rules: LadderRules
    call: Call


@dataclass
class _Round:
    """One claimed batch on its way through."""

    now: datetime
    horizon: datetime
    book: RuleBook
    chart: Chart
    saved: list[Ladder] = field(default_factory=list)
    decided: list[dict[str, object]] = field(default_factory=list)
    due: list[_Due] = field(default_factory=list)


async def known_until(tx: Tx) -> datetime | None:
    """Everything recorded before this instant by those whose word could stop a rung has arrived here."""
    marks = (await watermarks(tx, PUBLISHERS)).values()
    known = [mark for mark in marks if mark is not None]
    return min(known) if len(known) == len(marks) else None


async def rest(tx: Tx) -> float:
    """Seconds for which nothing is to be fired: until the next instant, or until news may reach up to it."""
    return await rest_until(tx, await ladders.oldest_due(tx), await watermarks(tx, PUBLISHERS))


async def fire_due_rungs(tx: Tx, *, most: int) -> int:
    """Fire what is due and not blind; the number of ladders looked at. Any number of workers may do this at once."""
    known = await known_until(tx)
    if known is None:
        return 0
    horizon = min(known, tx.now)
    claimed = await ladders.claim_due(tx, before=horizon, most=most)
    if not claimed:
        return 0
    this = _Round(tx.now, horizon, await rule_book(tx), await offices.chart(tx, tx.now))
    await _sort(tx, this, claimed)
    await _fire(tx, this)
    await ladders.save(tx, this.saved)
    await decisions.add(tx, this.decided)
    await fault_point("timer.after_fire")
    return len(claimed)


async def _sort(tx: Tx, this: _Round, claimed: Sequence[Ladder]) -> None:
    """Which of the claimed ladders really fire; one that cannot be judged stops nobody else's."""
    facts = await ladders.facts_of(tx, claimed)
    files = await cases.files_of(tx, {ladder.case_id for ladder in claimed})
    parked = await _parked(tx, claimed)
    for ladder in claimed:
        if str(ladder.case_id) in parked:
            _follow(this, ladder, ladder.stall("parked", until=tx.now + PARKED_PAUSE), NO_LADDER)
            continue
        try:
            _judge(this, ladder, files[ladder.case_id], facts[ladder.key], tx.now)
        except Exception:
            log.exception("a ladder cannot be judged", extra={"case_id": str(ladder.case_id), "cycle": ladder.cycle})
            _follow(this, ladder, ladder.stall("failed", until=tx.now + FAILED_PAUSE), NO_LADDER)


async def _parked(tx: Tx, claimed: Sequence[Ladder]) -> set[str]:
    keys = sorted({str(ladder.case_id) for ladder in claimed})
    found: set[str] = set()
    for topic in PUBLISHERS:
        found |= await parked_keys(tx, topic, keys)
    return found


def _judge(this: _Round, ladder: Ladder, file: CaseFile, facts: Facts, now: datetime) -> None:
    rules = rules_of(this.book, file, facts, now)
    plan = evaluate(facts, rules)
    call = plan.call_before(this.horizon)
    if call is not None:
        this.due.append(_Due(ladder, file, facts, rules, call))
    else:
        _follow(this, ladder, follow(ladder, plan, facts, now), rules)


def _follow(this: _Round, before: Ladder, after: Ladder, rules: LadderRules) -> None:
    this.saved.append(after)
    this.decided += decided(before, after, rules, this.now)


async def _fire(tx: Tx, this: _Round) -> None:
    calls = [_post_of(this, due) for due in this.due]
    called = await officers.holders(tx, calls, tx.now)
    rows = [_row(due, called[call], tx.now) for due, call in zip(this.due, calls, strict=True)]
    await ladders.add_fired(tx, rows)
    await officer_messages.queue(tx, rows)
    _observe(tx, this.due)
    for due, row in zip(this.due, rows, strict=True):
        await tx.publish(_event(due, row))
        _follow(this, due.ladder, await _climb(tx, due), due.rules)


def _observe(tx: Tx, fired: Sequence[_Due]) -> None:
    """How long after the instant at which it could fire; that may be later than it was scheduled."""
    late = [(tx.now - due.ladder.next_due_at).total_seconds() for due in fired if due.ladder.next_due_at]
    histogram = TIMER_LATENESS.labels("escalation")

    def observe() -> None:
        for seconds in late:
            histogram.observe(seconds)

    tx.after_commit(observe)


def _post_of(this: _Round, due: _Due) -> tuple[str, str]:
    return post_office(due.call.rule.place, due.file, this.chart), due.call.rule.post


def _row(due: _Due, called: Holder, now: datetime) -> dict[str, object]:
    """The record of a fired rung; whom it called upon is frozen here, nobody where the post is vacant."""
    officer = called.officer
    return rung_row(due.ladder, due.file, due.call.rule, due.rules) | {
        "state": "fired",
        "breach_id": due.call.breach.breach_id,
        "post_office": called.office,
        "officer_code": officer.staff_code if officer else None,
        "officer_name": officer.name if officer else None,
        "officer_phone": officer.phone if officer else None,
        "officer_email": officer.email if officer else None,
        "acting": called.acting,
        "reason": called.reason,
        "absent_code": called.absent,
        "scheduled_at": due.call.scheduled_at,
        "ready_at": due.call.ready_at,
        "fired_at": now,
    }


def _event(due: _Due, row: dict[str, object]) -> RungFired:
    file = due.file
    copied = ("rung_id", "breach_id", "rung", "post", "post_office", "scheduled_at", "fired_at", "case_id", "cycle")
    return RungFired.model_validate(
        {name: row[name] for name in copied}
        | {"officer": row["officer_code"], "office": file.office, "region": file.region, "kind": file.kind}
        | {"restricted": file.restricted}
    )


async def _climb(tx: Tx, due: _Due) -> Ladder:
    """The ladder after its rung was fired: armed for the next one, or complete."""
    fired = (*due.facts.fired, Fired(due.call.rule.rung, tx.now))
    facts = Facts(due.facts.breaches, due.facts.marks, fired, due.facts.closure)
    plan = evaluate(facts, due.rules)
    after = follow(due.ladder, plan, facts, tx.now)
    await tell_end(tx, due.ladder, after, due.file, (len(fired), len(plan.lapsed)))
    return after
