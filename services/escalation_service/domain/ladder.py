"""The ladder of command: which rung is next and when, from facts alone (process step 3; sla.md, semantics 11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.escalation_service.domain.calendars import ALWAYS, AROUND_THE_CLOCK, CalendarCopy
from services.escalation_service.domain.holds import HoldMark, Span, held_spans, outside
from shared.kernel.errors import Invalid


class Place(StrEnum):
    """Whose post a rung calls upon, seen from the case."""

    OWN = "own"  # the office that is responsible for the case now
    REGION = "region"
    AREA = "area"  # the deputy governor's area
    HEAD_OFFICE = "head_office"


class State(StrEnum):
    QUIET = "quiet"  # no breach stands
    CLIMBING = "climbing"
    HELD = "held"
    WAITING = "waiting"  # it is not known how to go on: no ladder, or no calendar that can be counted on
    COMPLETE = "complete"
    ENDED = "ended"


class Wait(StrEnum):
    """What must come before it is known how to go on."""

    LADDER = "ladder_missing"
    NAMED = "named_ladder_missing"  # the policy of the case names one that is not in force
    CALENDAR = "calendar_missing"


@dataclass(frozen=True)
class RungRule:
    """One rung of a ladder, as data. `rung` is the level: the same number means the same rank on every ladder."""

    rung: int
    post: str
    place: Place
    offset: timedelta
    calendar: str = ALWAYS
    review: bool = False  # its message is held until somebody of กสส. has looked at it


@dataclass(frozen=True)
class Selector:
    """Which cases a ladder is for; `*` means any. `named_only`: those alone whose policy names it."""

    queue: str
    kind: str = "*"
    subject: str = "*"
    severity: str = "*"
    named_only: bool = False

    def matches(self, queue: str, kind: str, subject: str | None, severity: str | None) -> bool:
        wanted = ((self.kind, kind), (self.subject, subject), (self.severity, severity))
        return not self.named_only and self.queue == queue and all(mine in ("*", theirs) for mine, theirs in wanted)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """The more particular is the greater: a subject above a severity above a kind."""
        return self.subject != "*", self.severity != "*", self.kind != "*"


@dataclass(frozen=True)
class LadderRules:
    """One version of a ladder. Offsets and the gap are counted in the open hours of each rung's calendar."""

    ladder: str
    version: int
    valid_from: datetime
    minimum_gap: timedelta
    longest_deferral: timedelta
    rungs: tuple[RungRule, ...]
    valid_to: datetime | None = None
    selector: Selector = Selector("branch")
    calendars: Mapping[str, CalendarCopy] = field(default_factory=lambda: {ALWAYS: AROUND_THE_CLOCK}, compare=False)

    def is_valid_at(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def on(self, calendars: Mapping[str, CalendarCopy]) -> "LadderRules":
        """The same rules, able to count."""
        return replace(self, calendars=calendars)


NO_LADDER = LadderRules("", 0, datetime.min.replace(tzinfo=UTC), timedelta(), timedelta(), ())


@dataclass(frozen=True)
class Breach:
    """A deadline that passed; a void one stays on record and counts for nothing."""

    breach_id: UUID
    generation: int
    due_at: datetime
    breached_at: datetime
    voided_at: datetime | None = None
    ladder: str | None = None  # that the policy of the case names
    policy: str | None = None


@dataclass(frozen=True)
class Closure:
    """The cycle came to its end."""

    reason: str  # resolved | cancelled | answered; of a ladder also: voided
    at: datetime


@dataclass(frozen=True)
class Fired:
    """A rung that was fired, and until when its officer's acknowledgement puts off the next."""

    rung: int
    fired_at: datetime
    deferred_until: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """All that is known of one cycle of a case."""

    breaches: tuple[Breach, ...] = ()
    marks: tuple[HoldMark, ...] = ()
    fired: tuple[Fired, ...] = ()
    closure: Closure | None = None

    @property
    def standing(self) -> Breach | None:
        """The newest breach that was not voided."""
        return max((b for b in self.breaches if b.voided_at is None), key=lambda b: b.generation, default=None)

    @property
    def newest(self) -> Breach | None:
        return max(self.breaches, key=lambda b: b.generation, default=None)

    @property
    def last(self) -> Fired | None:
        return max(self.fired, key=lambda f: f.rung, default=None)


@dataclass(frozen=True)
class Lapsed:
    """A rung that will not fire; `scheduled_at` is None when it was held at the end."""

    rule: RungRule
    scheduled_at: datetime | None


@dataclass(frozen=True)
class Call:
    """A rung that may fire: which, because of which breach, and for when it was scheduled."""

    rule: RungRule
    breach: Breach
    scheduled_at: datetime
    ready_at: datetime  # the earliest instant at which it might fire: gap, deferral and holds are over


@dataclass(frozen=True)
class Plan:
    """What follows from the facts. Nothing fires before `fires_at`; None means: not until another fact arrives."""

    state: State
    breach: Breach | None = None
    next_rung: RungRule | None = None
    scheduled_at: datetime | None = None
    fires_at: datetime | None = None
    lapsed: tuple[Lapsed, ...] = field(default=())
    ended_reason: str | None = None
    ended_at: datetime | None = None
    waits_for: Wait | None = None

    def call_before(self, horizon: datetime) -> Call | None:
        """The rung to fire when everything before `horizon` is known; None when it is not time."""
        if self.next_rung is None or self.breach is None or self.scheduled_at is None or self.fires_at is None:
            return None
        if self.fires_at >= horizon:
            return None
        return Call(self.next_rung, self.breach, self.scheduled_at, self.fires_at)


def evaluate(facts: Facts, rules: LadderRules) -> Plan:
    """The plan of one ladder: the same facts give the same plan, in whatever order they arrived."""
    breach, newest = facts.standing, facts.newest
    if newest is None:
        return Plan(State.QUIET)
    if breach is None:
        voided_at = max(b.voided_at for b in facts.breaches if b.voided_at is not None)
        return _ended(facts, rules, newest, Closure("voided", voided_at))
    if not rules.rungs:
        wait = Wait.NAMED if rules.ladder else Wait.LADDER
        return _ended(facts, rules, breach, facts.closure) if facts.closure else _waiting(breach, wait)
    if not _remaining(facts, rules):
        last = facts.last
        return Plan(
            State.COMPLETE, breach, ended_reason="complete", ended_at=last.fired_at if last else breach.breached_at
        )
    if facts.closure is not None:
        return _ended(facts, rules, breach, facts.closure)
    return _climbing(facts, rules, breach)


def _remaining(facts: Facts, rules: LadderRules) -> list[RungRule]:
    reached = facts.last.rung if facts.last else 0
    return sorted((r for r in rules.rungs if r.rung > reached), key=lambda r: r.rung)


def _ended(facts: Facts, rules: LadderRules, breach: Breach, end: Closure) -> Plan:
    spans = held_spans(facts.marks)
    lapsed = tuple(Lapsed(rule, _scheduled(breach, rule, rules, spans)) for rule in _remaining(facts, rules))
    return Plan(State.ENDED, breach, lapsed=lapsed, ended_reason=end.reason, ended_at=end.at)


def _waiting(breach: Breach, wait: Wait, rung: RungRule | None = None) -> Plan:
    return Plan(State.WAITING, breach, next_rung=rung, waits_for=wait)


def _scheduled(breach: Breach, rule: RungRule, rules: LadderRules, spans: tuple[Span, ...]) -> datetime | None:
    calendar = rules.calendars.get(rule.calendar)
    try:
        return calendar.after(breach.due_at, rule.offset, spans) if calendar else None
    except Invalid:  # the calendar is never open for so long
        return None


def _climbing(facts: Facts, rules: LadderRules, breach: Breach) -> Plan:
    rung = _remaining(facts, rules)[0]
    limits = limits_of(facts, breach, rung, rules)
    if limits is None:
        return _waiting(breach, Wait.CALENDAR, rung)
    fires_at = limits.fires_at
    state = State.CLIMBING if fires_at is not None else State.HELD
    return Plan(state, breach, next_rung=rung, scheduled_at=limits.scheduled_at, fires_at=fires_at)


@dataclass(frozen=True)
class Limits:
    """What a rung waits for; the latest of them decides. None: not until a hold ends."""

    scheduled_at: datetime | None
    gap_ends_at: datetime | None
    deferred_until: datetime | None
    held: tuple[Span, ...]
    has_gap: bool

    @property
    def fires_at(self) -> datetime | None:
        if self.scheduled_at is None or (self.has_gap and self.gap_ends_at is None):
            return None
        known = (self.scheduled_at, self.gap_ends_at, self.deferred_until)
        return outside(max(at for at in known if at is not None), self.held)


def limits_of(facts: Facts, breach: Breach, rung: RungRule, rules: LadderRules) -> Limits | None:
    """Each officer gets time to act: a gap after the previous rung, and what an acknowledgement put off.

    None: there is no copy of the rung's calendar, or it is never open for so long.
    """
    calendar = rules.calendars.get(rung.calendar)
    if calendar is None:
        return None
    spans, last = held_spans(facts.marks), facts.last
    try:
        scheduled = calendar.after(breach.due_at, rung.offset, spans)
        gap_ends = calendar.after(last.fired_at, rules.minimum_gap, spans) if last else None
    except Invalid:
        return None
    return Limits(scheduled, gap_ends, last.deferred_until if last else None, spans, has_gap=last is not None)
