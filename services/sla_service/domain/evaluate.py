"""The clocks of a case as a pure function of policy, calendar, facts and time (design note sla.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from services.sla_service.domain.calendar import CalendarVersion
from services.sla_service.domain.facts import CANCELLED, CaseFacts, Stop
from services.sla_service.domain.policy import PolicyVersion, Target, Traits, by_precedence
from shared.kernel.working_time import Hold, union

MET = "met"
BREACHED = "breached"
NOTHING_LEFT = "cancelled"
FIRST_CYCLE_ONLY = frozenset({"acknowledge", "first_contact"})
MEASURED = FIRST_CYCLE_ONLY | {"resolve"}  # those whose beginning and end this service is told
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Book:
    """All published policies and calendars; immutable, so it is shared until somebody publishes."""

    policies: tuple[PolicyVersion, ...]
    calendars: Mapping[UUID, CalendarVersion]
    _fitting: dict[Traits, Sequence[PolicyVersion]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that some policy sets a target for, of those that this service can measure."""
        promised = {target.metric for policy in self.policies for target in policy.targets if target.amount}
        return tuple(sorted(promised & MEASURED))

    def policy(self, traits: Traits, started_at: datetime) -> PolicyVersion | None:
        """The most specific policy in force when the case started: a policy change touches new cases only."""
        fitting = self._fitting.get(traits)
        if fitting is None:
            if len(self._fitting) >= _MOST_REMEMBERED:
                self._fitting.clear()
            fitting = self._fitting[traits] = by_precedence(self.policies, traits)
        return next((policy for policy in fitting if policy.is_live(started_at)), None)

    def calendar(self, code: str, pinned: UUID | None = None) -> CalendarVersion:
        """The pinned version if it is one of this calendar, else the newest published."""
        if pinned is not None and self.calendars[pinned].code == code:
            return self.calendars[pinned]
        return max((c for c in self.calendars.values() if c.code == code), key=lambda c: c.version)


@dataclass(frozen=True)
class Clock:
    """One metric of one cycle, as the facts have it."""

    metric: str
    cycle: int
    policy: PolicyVersion
    calendar: CalendarVersion
    target: Target
    started_at: datetime
    opened_at: datetime  # of the cycle: a breach cannot be older
    retargeted_at: datetime | None  # when the case was classified into this target
    repinned_at: datetime | None  # when a new calendar version was applied
    budget: timedelta
    holds: tuple[Hold, ...]
    due_at: datetime | None  # None while a hold freezes what is left
    held_at: datetime | None = None
    hold_reason: str | None = None
    remaining: timedelta | None = None
    stopped_at: datetime | None = None
    verdict: str | None = None
    consumed: timedelta = timedelta(0)
    gross: timedelta = timedelta(0)
    overrun: timedelta = timedelta(0)
    breached_at: datetime | None = None
    cause: str | None = None
    warn_at: tuple[tuple[str, datetime], ...] = ()


def evaluate(book: Book, facts: CaseFacts, now: datetime) -> tuple[Clock, ...]:
    """Every clock that the case has. Depends on nothing else, so facts in any order give the same clocks."""
    if facts.received_at is None:
        return ()
    clocks = (_clock(book, facts, metric, cycle, now) for cycle in facts.cycles for metric in book.metrics)
    return tuple(clock for clock in clocks if clock)


def _clock(book: Book, facts: CaseFacts, metric: str, cycle: int, now: datetime) -> Clock | None:
    if cycle > 1 and metric in FIRST_CYCLE_ONLY:
        return None
    stop = facts.stop(metric, cycle)
    chosen = _policy(book, facts, cycle, stop)
    target = chosen and next((t for t in chosen[0].targets if t.metric == metric and t.amount), None)
    if chosen is None or target is None:
        return None
    policy, retargeted_at = chosen
    pin = facts.pins.get((metric, cycle))
    calendar = book.calendar(target.calendar, pin.calendar if pin else None)
    base = _base(facts, cycle)
    holds = (*facts.holds(cycle, policy.pause_reasons), *base.closed)
    budget = target.budget(calendar.working, base.started_at)
    clock = Clock(
        metric=metric,
        cycle=cycle,
        policy=policy,
        calendar=calendar,
        target=target,
        started_at=base.started_at,
        opened_at=base.opened_at,
        retargeted_at=retargeted_at,
        repinned_at=pin.since if pin else None,
        budget=budget,
        holds=holds,
        due_at=calendar.working.due(base.started_at, budget, holds),
    )
    return _stopped(clock, stop) if stop else _running(clock, facts, now)


@dataclass(frozen=True)
class _Base:
    """From when a cycle counts, when it opened, and which closed time it leaves out."""

    started_at: datetime
    opened_at: datetime
    closed: tuple[Hold, ...] = ()


def _base(facts: CaseFacts, cycle: int) -> _Base:
    reopening = facts.reopening(cycle)
    received_at = facts.start
    opened_at = reopening.ended_at if reopening and reopening.ended_at else received_at
    mode = reopening.reason if reopening else "count_all"
    if cycle == 1 or mode == "count_all":
        return _Base(received_at, opened_at)
    if mode == "new_cycle":
        return _Base(opened_at, opened_at)
    before = _base(facts, cycle - 1)
    closed = facts.closed_before(cycle)
    return _Base(before.started_at, opened_at, (*before.closed, *((closed,) if closed else ())))


def _policy(
    book: Book, facts: CaseFacts, cycle: int, stop: Stop | None
) -> tuple[PolicyVersion, datetime | None] | None:
    """The policy of a cycle and since when it has been that one. A subject without policy keeps the one before."""
    found: tuple[PolicyVersion, datetime | None] | None = None
    for at, traits in facts.traits(cycle, stop.seq if stop else None):
        policy = book.policy(traits, facts.start)
        if policy and (found is None or found[0].id != policy.id):
            found = policy, at
    return found


def _stopped(clock: Clock, stop: Stop) -> Clock:
    is_late = clock.due_at is not None and stop.at > clock.due_at
    verdict = BREACHED if is_late else NOTHING_LEFT if stop.reason == CANCELLED else MET
    return _as_of(replace(clock, stopped_at=stop.at, verdict=verdict), stop.at)


def _running(clock: Clock, facts: CaseFacts, now: datetime) -> Clock:
    held_at = next((begin for begin, end in union(clock.holds) if end is None), None)
    if held_at is not None:
        used = clock.calendar.working.used(clock.started_at, held_at, clock.holds)
        left = max(clock.budget - used, timedelta(0))
        held = replace(
            clock, held_at=max(held_at, clock.started_at), hold_reason=facts.reason_at(held_at), remaining=left
        )
        return _as_of(held, now)
    warn_at = tuple(_warnings(clock, clock.due_at)) if clock.due_at else ()
    return _as_of(replace(clock, warn_at=warn_at), now)


def _warnings(clock: Clock, due_at: datetime) -> Iterator[tuple[str, datetime]]:
    working = clock.calendar.working
    for warn in clock.policy.warnings:
        if warn.fraction is not None:
            at = working.due(clock.started_at, clock.budget * warn.fraction, clock.holds)
        else:
            at = working.subtract(due_at, warn.before or timedelta(0), clock.holds)
        if at is not None and at < due_at:
            yield warn.level, at


def _as_of(clock: Clock, at: datetime) -> Clock:
    """Adds what has been used by an instant, and the breach if the deadline had passed by then."""
    working, due_at = clock.calendar.working, clock.due_at
    counted = replace(
        clock,
        consumed=working.used(clock.started_at, at, clock.holds),
        gross=working.used(clock.started_at, at),
    )
    if due_at is None or at <= due_at:
        return counted
    since = [due_at, clock.opened_at, clock.retargeted_at, clock.repinned_at]
    return replace(
        counted,
        breached_at=max(moment for moment in since if moment),
        cause=_cause(clock, due_at),
        overrun=working.used(due_at, at, clock.holds),
    )


def _cause(clock: Clock, due_at: datetime) -> str:
    if clock.repinned_at and clock.repinned_at > due_at:
        return "calendar"
    return "retarget" if clock.retargeted_at and clock.retargeted_at > due_at else "elapsed"
