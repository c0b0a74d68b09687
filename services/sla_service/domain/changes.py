"""What has to be told and kept when the evaluated clocks differ from the recorded ones."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.sla_service.domain.evaluate import NOTHING_LEFT, Clock
from services.sla_service.domain.metrics import lane_of
from shared.kernel.working_time import Hold

AT_DUE = 1  # the level of a breach: the deadline itself; the others are multiples of the budget
CORRECTION = "correction"
Key = tuple[str, int]  # metric and cycle
Coverage = Mapping[str, datetime]  # by lane: everything recorded before this instant has arrived


@dataclass(frozen=True)
class StandingBreach:
    """A breach that was declared and not voided."""

    id: UUID
    level: int = AT_DUE
    generation: int = 1
    due_at: datetime | None = None


@dataclass(frozen=True)
class Recorded:
    """A clock as it was last saved and told."""

    policy: UUID
    calendar: UUID
    due_at: datetime | None
    held_at: datetime | None
    stopped_at: datetime | None
    verdict: str | None
    remaining: timedelta | None = None
    warned: frozenset[str] = frozenset()
    standing: tuple[StandingBreach, ...] = ()
    generations: int = 0
    pauses: tuple[Hold, ...] = ()

    @property
    def breach(self) -> StandingBreach | None:
        """The missed deadline that stands."""
        return next((one for one in self.standing if one.level == AT_DUE), None)

    @property
    def tiers(self) -> tuple[StandingBreach, ...]:
        return tuple(one for one in self.standing if one.level != AT_DUE)


@dataclass(frozen=True)
class Change:
    """Something to tell about one clock."""

    clock: Clock


@dataclass(frozen=True)
class Armed(Change):
    due_at: datetime


@dataclass(frozen=True)
class Held(Change):
    held_at: datetime
    remaining: timedelta


@dataclass(frozen=True)
class Rescheduled(Change):
    due_at: datetime
    previous_due_at: datetime | None
    cause: str
    resumed_at: datetime | None = None  # when the hold ended that was told last
    warned: frozenset[str] = frozenset()  # the levels of warning that stand by the new deadline


@dataclass(frozen=True)
class Repaused(Change):
    """Other time of a late clock was held than was told; its deadline is where it was, but its ladder waits by it."""

    reason: str


@dataclass(frozen=True)
class Stopped(Change):
    stopped_at: datetime
    verdict: str


@dataclass(frozen=True)
class Warned(Change):
    level: str
    due_at: datetime


@dataclass(frozen=True)
class Breached(Change):
    due_at: datetime
    breached_at: datetime
    cause: str
    generation: int


@dataclass(frozen=True)
class Overdue(Change):
    """A breached clock had used up a multiple of its budget at `tier_at`."""

    tier: int
    tier_at: datetime
    reached_at: datetime
    cause: str
    generation: int


@dataclass(frozen=True)
class Voided:
    """A recomputation showed that a declared breach, or a very late tier of one, had not happened."""

    key: Key
    breach_id: UUID
    reason: str
    level: int = AT_DUE
    due_at: datetime | None = None


@dataclass(frozen=True)
class Dropped:
    """A recorded clock for which there is no target any more (retargeted to an amount of 0)."""

    key: Key
    recorded: Recorded


@dataclass(frozen=True)
class Decision:
    """What to do about one case: changes in the order to tell them, and by lane when to look again."""

    clocks: tuple[Clock, ...]
    changes: tuple[Change | Voided, ...]
    dropped: tuple[Dropped, ...]
    wanted: Mapping[str, datetime]
    warned: Mapping[Key, frozenset[str]] = field(default_factory=dict)


def with_standing_warnings(
    clocks: Sequence[Clock], recorded: Mapping[Key, Recorded], now: datetime
) -> Mapping[Key, Recorded]:
    """What was recorded, without the warnings that a later deadline has put off: their instants are still to come."""
    found = dict(recorded)
    for clock in clocks:
        key, put_off = (clock.metric, clock.cycle), {level for level, at in clock.warn_at if at > now}
        if key in found and not put_off.isdisjoint(found[key].warned):
            found[key] = replace(found[key], warned=found[key].warned - put_off)
    return found


def decide(
    clocks: Sequence[Clock],
    recorded: Mapping[Key, Recorded],
    covered: Coverage,
    cause: str = CORRECTION,
    why: str | None = None,
) -> Decision:
    """Compare. What fires, fires for instants before those covered only: no breach is declared blind.

    `cause` is the word for a deadline that moved without resume, retarget or a new calendar; `why` what a person said.
    """
    changes: list[Change | Voided] = []
    wanted: dict[str, datetime] = {}
    warned: dict[Key, frozenset[str]] = {}
    for clock in clocks:
        key, lane = (clock.metric, clock.cycle), lane_of(clock.metric)
        one = _One(clock, recorded.get(key), covered[lane])
        fired, waiting = one.warnings()
        moved = one.movement(cause)
        changes += itertools.chain(moved, one.repaused(moved, why or cause), one.breach(), one.very_late(), fired)
        warned[key] = (one.before.warned if one.before else frozenset()) | {change.level for change in fired}
        if waiting := [*waiting, *one.to_come()]:
            wanted[lane] = min(waiting if lane not in wanted else [*waiting, wanted[lane]])
    evaluated = {(clock.metric, clock.cycle) for clock in clocks}
    gone = [Dropped(key, was) for key, was in recorded.items() if key not in evaluated and was.verdict != NOTHING_LEFT]
    changes += [
        Voided(one.key, breach.id, "retarget", breach.level, breach.due_at)
        for one in gone
        for breach in one.recorded.standing
    ]
    return Decision(tuple(clocks), tuple(changes), tuple(gone), wanted, warned)


@dataclass(frozen=True)
class _One:
    """One clock beside what was recorded of it, and how far the news of its lane reaches."""

    clock: Clock
    before: Recorded | None
    covered_until: datetime

    def movement(self, cause: str) -> list[Change]:
        """Armed, held, rescheduled or stopped, against what was recorded."""
        clock, before = self.clock, self.before
        if clock.stopped_at and clock.verdict:
            armed: list[Change] = [] if before or clock.due_at is None else [Armed(clock, clock.due_at)]
            return [] if _told_stopped(clock, before) else [*armed, Stopped(clock, clock.stopped_at, clock.verdict)]
        if clock.held_at and clock.remaining is not None:
            return [] if _told_held(clock, before) else [Held(clock, clock.held_at, clock.remaining)]
        if clock.due_at is None or _told_running(clock, before):
            return []
        if before is None:
            return [Armed(clock, clock.due_at)]
        why, resumed_at = _why(clock, before, cause), _resumed_at(clock, before)
        return [Rescheduled(clock, clock.due_at, before.due_at, why, resumed_at, before.warned)]

    def repaused(self, moved: Sequence[Change], reason: str) -> list[Change]:
        """Held time after a missed deadline moves nothing, and yet has to be told, unless it goes with what is."""
        clock, told = self.clock, self.before.pauses if self.before else ()
        is_told = clock.pauses == told or any(isinstance(one, Held | Rescheduled) for one in moved)
        return [] if is_told or clock.stopped_at or clock.breached_at is None else [Repaused(clock, reason)]

    def breach(self) -> list[Change | Voided]:
        """The missed deadline: taken back when it was none, declared when it is one and all news is in."""
        clock, standing = self.clock, self.before.breach if self.before else None
        taken_back: list[Change | Voided] = []
        if self.before and standing and not self._stands():
            taken_back = [self._voided(one) for one in self.before.standing]
        if self._stands() or not clock.breached_at or not clock.due_at or clock.due_at >= self.covered_until:
            return taken_back
        return [
            *taken_back,
            Breached(clock, clock.due_at, clock.breached_at, clock.cause or "elapsed", self._next_generation),
        ]

    def very_late(self) -> list[Change | Voided]:
        """The multiples of the budget that the breach has reached, once each; taken back where it ended before."""
        clock, generation, told, reached = self.clock, self._generation(), self._told_tiers(), dict(self.clock.late_at)
        if generation is None or clock.due_at is None or clock.breached_at is None:
            return []
        found: list[Change | Voided] = []
        if clock.stopped_at:
            found += [self._voided(one) for one in told.values() if one.level not in reached]
        for tier, at in reached.items():
            if tier not in told and at < self.covered_until:
                found.append(Overdue(clock, tier, at, max(at, clock.breached_at), clock.cause or "elapsed", generation))
        return found

    def to_come(self) -> list[datetime]:
        """When this clock next wants attention, but for its warnings."""
        clock = self.clock
        found = [clock.runs_on_at] if clock.runs_on_at and not clock.stopped_at else []
        if clock.due_at is None or (clock.stopped_at and not clock.breached_at):
            return found
        if self._generation() is None:
            return [*found, clock.due_at]
        told = self._told_tiers()
        return [*found, *(at for tier, at in clock.late_at if tier not in told and at >= self.covered_until)]

    def warnings(self) -> tuple[list[Warned], list[datetime]]:
        """The warnings to give now, and when the others will be due. One whose deadline has passed is not given."""
        clock = self.clock
        if clock.due_at is None or clock.stopped_at or clock.breached_at or clock.due_at < self.covered_until:
            return [], []
        new = [(level, at) for level, at in clock.warn_at if not self.before or level not in self.before.warned]
        fired = [Warned(clock, level, clock.due_at) for level, at in new if at < self.covered_until]
        return fired, [at for _, at in new if at >= self.covered_until]

    def _stands(self) -> StandingBreach | None:
        """The recorded breach, if it is still one."""
        standing = self.before.breach if self.before else None
        return standing if standing and not self._is_void(standing) else None

    def _told_tiers(self) -> dict[int, StandingBreach]:
        return {one.level: one for one in self.before.tiers} if self.before and self._stands() else {}

    def _generation(self) -> int | None:
        """The generation of the breach that stands once this decision is carried out."""
        if standing := self._stands():
            return standing.generation
        fires = self.clock.breached_at and self.clock.due_at and self.clock.due_at < self.covered_until
        return self._next_generation if fires else None

    @property
    def _next_generation(self) -> int:
        return (self.before.generations if self.before else 0) + 1

    def _is_void(self, standing: StandingBreach) -> bool:
        """A breach falls with its deadline: nothing was missed, or what was missed came later than declared."""
        due_at = self.clock.due_at
        moved = standing.due_at is not None and due_at is not None and due_at > standing.due_at
        return self.clock.breached_at is None or moved

    def _voided(self, one: StandingBreach) -> Voided:
        key = (self.clock.metric, self.clock.cycle)
        return Voided(key, one.id, _void_reason(self.clock, self.before), one.level, one.due_at)


def _told_stopped(clock: Clock, before: Recorded | None) -> bool:
    told = before and (before.stopped_at, before.verdict, before.due_at)
    return told == (clock.stopped_at, clock.verdict, clock.due_at)


def _told_running(clock: Clock, before: Recorded | None) -> bool:
    return before is not None and (before.due_at, before.held_at, before.stopped_at) == (clock.due_at, None, None)


def _told_held(clock: Clock, before: Recorded | None) -> bool:
    told = before and (before.held_at, before.policy, before.remaining)
    return told == (clock.held_at, clock.policy.id, clock.remaining)


def _why(clock: Clock, before: Recorded, cause: str) -> str:
    if before.held_at:
        return "resume"  # first, because a ladder waits for this word
    if before.policy != clock.policy.id:
        return "retarget"
    return "calendar" if before.calendar != clock.calendar.id else cause


def _resumed_at(clock: Clock, before: Recorded) -> datetime | None:
    """The end of the hold that was told; its beginning when it does not count any more."""
    if (held_at := before.held_at) is None:
        return None
    ends = [end for begin, end in clock.pauses if end and begin <= held_at <= end]
    return ends[0] if ends else held_at


def _void_reason(clock: Clock, before: Recorded | None) -> str:
    if before and before.policy != clock.policy.id:
        return "retarget"
    if before and before.calendar != clock.calendar.id:
        return "calendar"
    return "late_fact"
