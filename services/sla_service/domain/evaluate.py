"""The clocks of a case as a pure function of policy, calendar, facts and time (design note sla.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from services.sla_service.domain.calendar import CalendarVersion
from services.sla_service.domain.facts import BY_POLICY, MOOT, SUPERSEDED, CaseFacts, Stop
from services.sla_service.domain.metrics import EMPTY, RESOLVE, RULES, stop_of
from services.sla_service.domain.pauses import within_budget
from services.sla_service.domain.policy import PolicyVersion, Target, Traits, by_precedence
from shared.kernel.working_time import Hold, union

MET = "met"
BREACHED = "breached"
NOTHING_LEFT = "cancelled"
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Book:
    """All published policies and calendars; immutable, so it is shared until somebody publishes."""

    policies: tuple[PolicyVersion, ...]
    calendars: Mapping[UUID, CalendarVersion]
    _fitting: dict[Traits, Sequence[PolicyVersion]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that some policy sets a target for; the others are not looked at."""
        return tuple(sorted({target.metric for policy in self.policies for target in policy.targets if target.amount}))

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
    late_at: tuple[tuple[int, datetime], ...] = ()  # when a breached clock reaches each multiple of its budget
    extended: timedelta = timedelta(0)
    runs_on_at: datetime | None = None  # when the hold will have used up the budget of pauses

    @property
    def pauses(self) -> tuple[Hold, ...]:
        """The held time of this cycle that counts, in order and without overlaps."""
        held = union(self.holds)
        return tuple((max(begin, self.opened_at), end) for begin, end in held if end is None or end > self.opened_at)


def evaluate(book: Book, facts: CaseFacts, now: datetime) -> tuple[Clock, ...]:
    """Every clock that the case has. Depends on nothing else, so facts in any order give the same clocks."""
    if facts.received_at is None:
        return ()
    clocks = (_clock(book, facts, metric, cycle, now) for cycle in facts.cycles for metric in book.metrics)
    return tuple(clock for clock in clocks if clock)


def _clock(book: Book, facts: CaseFacts, metric: str, cycle: int, now: datetime) -> Clock | None:
    rule = RULES[metric]
    if cycle > 1 and not rule.every_cycle:
        return None
    stop = stop_of(facts, metric, cycle)
    chosen = _policy(book, facts, cycle, stop)
    target = chosen and next((t for t in chosen[0].targets if t.metric == metric and t.amount), None)
    base = _base(book, facts, metric, cycle)
    if chosen is None or target is None or base is None or _never_began(stop, base):
        return None
    pin = facts.pins.get((metric, cycle))
    calendar = book.calendar(target.calendar, pin.calendar if pin else None)
    ledger = _Ledger(facts, cycle, base, stop.at if stop else now)
    holds, runs_on_at = ledger.holds(chosen[0], calendar) if rule.is_paused else ((), None)
    extended = ledger.extended(metric)
    budget = target.budget(calendar.working, base.started_at) + extended
    clock = Clock(
        metric=metric,
        cycle=cycle,
        policy=chosen[0],
        calendar=calendar,
        target=target,
        started_at=base.started_at,
        opened_at=base.opened_at,
        retargeted_at=chosen[1],
        repinned_at=pin.since if pin else None,
        budget=budget,
        holds=holds,
        due_at=calendar.working.due(base.started_at, budget, holds),
        extended=extended,
        runs_on_at=runs_on_at,
    )
    return _stopped(clock, stop) if stop else _running(clock, facts, now)


@dataclass(frozen=True)
class _Base:
    """From when a cycle counts, when it opened, which closed time it leaves out, and since which cycle it counts."""

    started_at: datetime
    opened_at: datetime
    closed: tuple[Hold, ...] = ()
    since_cycle: int = 1


@dataclass(frozen=True)
class _Ledger:
    """What the ledger says about one cycle as of an instant."""

    facts: CaseFacts
    cycle: int
    base: _Base
    at: datetime

    def holds(self, policy: PolicyVersion, calendar: CalendarVersion) -> tuple[tuple[Hold, ...], datetime | None]:
        """What the clock leaves out: pauses within their budget, and closed time."""
        pauses, runs_on_at = self.facts.holds(self.cycle, policy.pause_reasons), None
        if pauses and policy.pause_budget is not None:
            start = self.base.started_at
            pauses, runs_on_at = within_budget(calendar.working, start, pauses, policy.pause_budget, self.at)
        return (*pauses, *self.base.closed), runs_on_at

    def extended(self, metric: str) -> timedelta:
        """More time, of this cycle and of those whose budget it goes on with."""
        cycles = range(self.base.since_cycle, self.cycle + 1)
        given = [e.amount for e in self.facts.extensions if e.metric == metric and e.cycle in cycles]
        return sum(given, timedelta(0))


def _never_began(stop: Stop | None, base: _Base) -> bool:
    """There was nothing to measure from the beginning: an anonymous complainant is not told, say."""
    return stop is not None and stop.reason in (MOOT, SUPERSEDED) and stop.at <= base.started_at


def _base(book: Book, facts: CaseFacts, metric: str, cycle: int) -> _Base | None:
    if metric == RESOLVE:
        return _of_case(book, facts, cycle)
    began_at = RULES[metric].begins(facts, cycle)
    return _Base(began_at, began_at, since_cycle=cycle) if began_at else None


def _of_case(book: Book, facts: CaseFacts, cycle: int) -> _Base:
    """The budget of the repair goes through the cycles as the mode of each reopening says."""
    reopening = facts.reopening(cycle)
    received_at = facts.start
    opened_at = reopening.ended_at if reopening and reopening.ended_at else received_at
    mode = _mode(book, facts, cycle, reopening.reason) if reopening else "count_all"
    if cycle == 1 or mode == "count_all":
        return _Base(received_at, opened_at)
    if mode == "new_cycle":
        return _Base(opened_at, opened_at, since_cycle=cycle)
    before = _of_case(book, facts, cycle - 1)
    closed = facts.closed_before(cycle)
    kept = (*before.closed, *((closed,) if closed else ()))
    return _Base(before.started_at, opened_at, kept, before.since_cycle)


def _mode(book: Book, facts: CaseFacts, cycle: int, told: str) -> str:
    """What the event says, or else the policy that the case had in the cycle before."""
    if told != BY_POLICY:
        return told
    chosen = _policy(book, facts, cycle - 1, facts.closing(cycle - 1))
    return chosen[0].reopen_mode if chosen else "continue"


def _policy(
    book: Book, facts: CaseFacts, cycle: int, stop: Stop | None
) -> tuple[PolicyVersion, datetime | None] | None:
    """The policy of a cycle and since when it has been that one. A subject without policy keeps the one before.

    Words of intake count up to the clock's end; where another stream told that end, up to the closing.
    """
    told = [end.seq for end in (stop, facts.closing(cycle)) if end and end.seq]
    last = min(told, default=None)
    found: tuple[PolicyVersion, datetime | None] | None = None
    for at, traits in facts.traits(cycle, last):
        policy = book.policy(traits, facts.start)
        if policy and (found is None or found[0].id != policy.id):
            found = policy, at
    return found


def _stopped(clock: Clock, stop: Stop) -> Clock:
    is_late = clock.due_at is not None and stop.at > clock.due_at
    verdict = BREACHED if is_late else NOTHING_LEFT if stop.reason in EMPTY else MET
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
    late = replace(
        counted,
        breached_at=max(moment for moment in since if moment),
        cause=_cause(clock, due_at),
        overrun=working.used(due_at, at, clock.holds),
    )
    return replace(late, late_at=tuple(_very_late(late)))


def _very_late(clock: Clock) -> Iterator[tuple[int, datetime]]:
    """When a breached clock has used up each multiple of its budget, as long as it runs."""
    for tier in sorted(clock.policy.very_late):
        at = clock.calendar.working.due(clock.started_at, clock.budget * tier, clock.holds)
        if at is None or (clock.stopped_at and at >= clock.stopped_at):
            return
        yield tier, at


def _cause(clock: Clock, due_at: datetime) -> str:
    if clock.repinned_at and clock.repinned_at > due_at:
        return "calendar"
    return "retarget" if clock.retargeted_at and clock.retargeted_at > due_at else "elapsed"
