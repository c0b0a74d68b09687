"""Lets a ladder follow its facts: what is next, what lapsed, whether it is over."""

from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.ladder import Facts, LadderRules, Plan, RungRule, evaluate
from services.escalation_service.domain.offices import post_office
from services.escalation_service.domain.policy import RuleBook
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import decisions, ladders, offices, policies
from services.escalation_service.use_cases import officer_messages
from shared.contracts.escalation import LadderEnded
from shared.db import Tx
from shared.kernel.ids import uuid7

WAIT_PAUSE = timedelta(minutes=1)
_BOOKS: WeakKeyDictionary[Tx, RuleBook] = WeakKeyDictionary()


async def rule_book(tx: Tx) -> RuleBook:
    """Read once in a transaction: a batch of breaches needs it for each of them."""
    if tx not in _BOOKS:
        _BOOKS[tx] = await policies.rule_book(tx)
    return _BOOKS[tx]


def forget_rule_book(tx: Tx) -> None:
    """Something in it was changed in this transaction: whoever plans next reads it anew."""
    _BOOKS.pop(tx, None)


def rules_of(book: RuleBook, file: CaseFile, facts: Facts, now: datetime) -> LadderRules:
    """The version in force at the breach, of the ladder that its policy names: later publications change nothing.

    Where there was none, the first that has begun since.
    """
    breach = facts.newest
    return book.rules_for(file, breach.breached_at, now, breach.ladder) if breach else book.rules_for(file, now, now)


def follow(before: Ladder, plan: Plan, facts: Facts, now: datetime) -> Ladder:
    """The ladder after its plan; one that waits for rules or a calendar is looked at again."""
    after = before.follow(plan, facts)
    return after.stall(plan.waits_for, until=now + WAIT_PAUSE) if plan.waits_for else after


async def settle(tx: Tx, before: Ladder, after: Ladder, file: CaseFile, *, plan_again: bool = False) -> None:
    """Save a ladder after a fact; plan again where there was a breach, and tell when that ended it."""
    if after.has_breached or plan_again:
        facts = (await ladders.facts_of(tx, [after]))[after.key]
        rules = rules_of(await rule_book(tx), file, facts, tx.now)
        plan = evaluate(facts, rules)
        after = follow(after, plan, facts, tx.now)
        await _set_lapsed(tx, before, file, (rules, plan))
        await tell_end(tx, before, after, file, (len(facts.fired), len(plan.lapsed)))
        await decisions.add(tx, decided(before, after, rules, tx.now))
    if after != before:
        await ladders.save(tx, [after])
    if after.last_rung and after.closed_at is not None and before.closed_at is None:
        await officer_messages.end_cycle(tx, after.case_id, after.cycle, after.closed_reason or "closed")


def decided(before: Ladder, after: Ladder, rules: LadderRules, now: datetime) -> list[dict[str, object]]:
    """The row that says why the ladder goes on as it does from now on; none when nothing changed."""
    if _said(before) == _said(after):
        return []
    calendar = rules.calendars.get(after.calendar) if after.calendar else None
    facts: dict[str, object] = {
        "ladder": rules.ladder, "version": rules.version, "calendar": after.calendar,
        "calendar_version": calendar.version if calendar else None,
        "due_at": after.due_at.isoformat() if after.due_at else None,
        "ended_reason": after.ended_reason,
    }  # fmt: skip
    return [
        {
            "case_id": after.case_id, "cycle": after.cycle, "at": now, "what": after.stalled or after.state,
            "rung": after.next_rung, "scheduled_at": after.next_scheduled_at,
            "fires_at": None if after.stalled else after.next_due_at, "facts": facts,
        }
    ]  # fmt: skip


def _said(ladder: Ladder) -> tuple[object, ...]:
    planned = None if ladder.stalled else ladder.next_due_at
    return ladder.state, ladder.stalled, ladder.next_rung, ladder.next_scheduled_at, planned, ladder.ended_reason


async def tell_end(tx: Tx, before: Ladder, after: Ladder, file: CaseFile, counts: tuple[int, int]) -> None:
    """Publish that nothing more will fire, once for each way in which that became true. counts = (fired, lapsed)."""
    if after.ended_at is None or after.ended_reason is None:
        return
    if (after.ended_reason, after.ended_at) == (before.ended_reason, before.ended_at):
        return
    await tx.publish(
        LadderEnded(
            case_id=after.case_id, office=file.office, region=file.region, kind=file.kind, restricted=file.restricted,
            cycle=after.cycle, fired=counts[0], lapsed=counts[1], reason=after.ended_reason,
            ended_at=after.ended_at,
        )
    )  # fmt: skip


async def _set_lapsed(tx: Tx, before: Ladder, file: CaseFile, decided: tuple[LadderRules, Plan]) -> None:
    rules, plan = decided
    if not plan.lapsed and before.ended_at is None:
        return
    chart = await offices.chart(tx, tx.now)
    rows = [
        rung_row(before, file, lapse.rule, rules)
        | {
            "state": "lapsed",
            "breach_id": plan.breach.breach_id if plan.breach else None,
            "post_office": post_office(lapse.rule.place, file, chart),
            "scheduled_at": lapse.scheduled_at,
            "lapsed_at": plan.ended_at,
            "lapsed_reason": plan.ended_reason,
        }
        for lapse in plan.lapsed
    ]
    await ladders.set_lapsed(tx, before.key, rows)


def rung_row(ladder: Ladder, file: CaseFile, rule: RungRule, rules: LadderRules) -> dict[str, object]:
    """What every recorded rung has, fired or lapsed."""
    calendar = rules.calendars.get(rule.calendar)
    return {
        "rung_id": uuid7(),
        "case_id": ladder.case_id,
        "cycle": ladder.cycle,
        "rung": rule.rung,
        "post": rule.post,
        "office": file.office,
        "ladder": rules.ladder,
        "ladder_version": rules.version,
        "calendar": rule.calendar,
        "calendar_version": calendar.version if calendar else None,
        "review": rule.review,
    }
