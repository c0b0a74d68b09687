"""Why a rung fired, or why it did not, at any instant: the same rules, applied to what had happened until then."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.escalation_service.domain.ladder import (
    Breach,
    Facts,
    Fired,
    LadderRules,
    Limits,
    Plan,
    RungRule,
    State,
    evaluate,
    limits_of,
)


class Why(StrEnum):
    """The one reason that decides."""

    FIRED = "fired"
    VACANT = "fired_vacant"  # on record, but nobody was there to be called upon
    NOT_BREACHED = "not_breached"
    LAPSED = "lapsed"  # the case was closed
    VOIDED = "voided"  # the breach had not happened
    PASSED = "passed_over"  # a higher rung had fired before
    LOWER_FIRST = "lower_rung_first"
    HELD = "held"
    SCHEDULED = "not_yet_scheduled"
    GAP = "gap"
    DEFERRED = "deferred"
    LADDER = "ladder_missing"
    NAMED = "named_ladder_missing"
    CALENDAR = "calendar_missing"
    PARKED = "parked_event"
    FAILED = "cannot_be_judged"
    WATERMARK = "publisher_not_heard"
    DUE = "due"  # its time has come; the timer fires it next


class Recorded(Protocol):
    """A row of `rung` that fired."""

    rung: int
    fired_at: datetime | None
    acknowledged_at: datetime | None
    deferred_until: datetime | None
    officer_code: str | None


@dataclass(frozen=True)
class Explained:
    """One rung at one instant; `until` is when the reason ends, where that is known."""

    rule: RungRule
    why: Why
    scheduled_at: datetime | None = None
    until: datetime | None = None
    limits: Limits | None = None


def facts_at(facts: Facts, rungs: Iterable[Recorded], at: datetime) -> Facts:
    """What had happened until an instant, by the times that the facts themselves state."""
    breaches = tuple(
        replace(b, voided_at=b.voided_at if b.voided_at and b.voided_at <= at else None)
        for b in facts.breaches
        if b.breached_at <= at
    )
    marks = tuple(mark for each in facts.marks if (mark := each.until(at)))
    fired = tuple(_fired(rung, rung.fired_at, at) for rung in rungs if rung.fired_at and rung.fired_at <= at)
    closure = facts.closure if facts.closure and facts.closure.at <= at else None
    return Facts(breaches, marks, fired, closure)


def _fired(rung: Recorded, fired_at: datetime, at: datetime) -> Fired:
    answered = rung.acknowledged_at is not None and rung.acknowledged_at <= at
    return Fired(rung.rung, fired_at, rung.deferred_until if answered else None)


def explain(facts: Facts, rules: LadderRules, vacant: frozenset[int], at: datetime) -> list[Explained]:
    """Every rung of the ladder at an instant. `vacant`: the fired ones that called upon nobody."""
    plan, fired = evaluate(facts, rules), {one.rung: one for one in facts.fired}
    said = []
    for rule in sorted(rules.rungs, key=lambda rule: rule.rung):
        if rule.rung in fired:
            said.append(Explained(rule, Why.VACANT if rule.rung in vacant else Why.FIRED))
        else:
            said.append(_not_fired(facts, rules, plan, rule, at))
    return said


def _not_fired(facts: Facts, rules: LadderRules, plan: Plan, rule: RungRule, at: datetime) -> Explained:
    if facts.last is not None and rule.rung < facts.last.rung:
        return Explained(rule, Why.PASSED)
    if plan.breach is None:
        return Explained(rule, Why.NOT_BREACHED)
    if plan.state is State.ENDED:
        scheduled = next((lapse.scheduled_at for lapse in plan.lapsed if lapse.rule == rule), None)
        return Explained(rule, Why.VOIDED if plan.ended_reason == "voided" else Why.LAPSED, scheduled)
    if plan.state is State.WAITING:
        return Explained(rule, Why(plan.waits_for or Why.LADDER))
    limits = limits_of(facts, plan.breach, rule, rules)
    if plan.next_rung is not None and rule.rung > plan.next_rung.rung:
        return Explained(rule, Why.LOWER_FIRST, limits.scheduled_at if limits else None)
    return _waits(rule, limits, at) if limits else Explained(rule, Why.CALENDAR)


def _waits(rule: RungRule, limits: Limits, at: datetime) -> Explained:
    """The next rung: the limit that is reached last is the reason."""
    fires_at = limits.fires_at
    if fires_at is None:
        return Explained(rule, Why.HELD, limits.scheduled_at, limits=limits)
    if fires_at <= at:
        return Explained(rule, Why.DUE, limits.scheduled_at, fires_at, limits)
    reasons = (
        (limits.scheduled_at, Why.SCHEDULED),
        (limits.gap_ends_at, Why.GAP),
        (limits.deferred_until, Why.DEFERRED),
    )
    known = [(end, nr, why) for nr, (end, why) in enumerate(reasons) if end is not None]
    latest, _, why = max(known)
    return Explained(rule, why if latest == fires_at else Why.HELD, limits.scheduled_at, fires_at, limits)


def standing_at(facts: Facts) -> Breach | None:
    """The breach that the ladder climbs because of, or the newest void one."""
    return facts.standing or facts.newest
