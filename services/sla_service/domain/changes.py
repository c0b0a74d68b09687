"""What has to be told and kept when the evaluated clocks differ from the recorded ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.sla_service.domain.evaluate import NOTHING_LEFT, Clock

AT_DUE = 1  # the level of a breach: the deadline itself
Key = tuple[str, int]  # metric and cycle


@dataclass(frozen=True)
class StandingBreach:
    """A breach that was declared and not voided."""

    id: UUID


@dataclass(frozen=True)
class Recorded:
    """A clock as it was last saved and told."""

    policy: UUID
    calendar: UUID
    due_at: datetime | None
    held_at: datetime | None
    stopped_at: datetime | None
    verdict: str | None
    warned: frozenset[str] = frozenset()
    breach: StandingBreach | None = None
    generations: int = 0


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
class Voided:
    """A recomputation showed that a declared breach had not happened."""

    key: Key
    breach_id: UUID
    reason: str


@dataclass(frozen=True)
class Dropped:
    """A recorded clock for which there is no target any more (retargeted to an amount of 0)."""

    key: Key
    recorded: Recorded


@dataclass(frozen=True)
class Decision:
    """What to do about one case: changes in the order to tell them, and when to look again."""

    clocks: tuple[Clock, ...]
    changes: tuple[Change | Voided, ...]
    dropped: tuple[Dropped, ...]
    next_due_at: datetime | None
    warned: Mapping[Key, frozenset[str]] = field(default_factory=dict)


def decide(clocks: Sequence[Clock], recorded: Mapping[Key, Recorded], covered_until: datetime) -> Decision:
    """Compare. Warnings and breaches fire for instants before `covered_until` only: no breach is declared blind."""
    changes: list[Change | Voided] = []
    wanted: list[datetime] = []
    warned: dict[Key, frozenset[str]] = {}
    for clock in clocks:
        key = (clock.metric, clock.cycle)
        before = recorded.get(key)
        changes += _movement(clock, before)
        changes += _breach(clock, before, covered_until)
        fired, waiting = _warnings(clock, before, covered_until)
        changes += fired
        warned[key] = (before.warned if before else frozenset()) | {change.level for change in fired}
        wanted += waiting
        if (due_at := _breach_to_come(clock, before, covered_until)) is not None:
            wanted.append(due_at)
    evaluated = {(clock.metric, clock.cycle) for clock in clocks}
    gone = [Dropped(key, was) for key, was in recorded.items() if key not in evaluated and was.verdict != NOTHING_LEFT]
    changes += [Voided(one.key, one.recorded.breach.id, "retarget") for one in gone if one.recorded.breach]
    return Decision(tuple(clocks), tuple(changes), tuple(gone), min(wanted, default=None), warned)


def _movement(clock: Clock, before: Recorded | None) -> list[Change]:
    """Armed, held, rescheduled or stopped, against what was recorded."""
    if clock.stopped_at and clock.verdict:
        armed: list[Change] = [] if before or clock.due_at is None else [Armed(clock, clock.due_at)]
        return [] if _told_stopped(clock, before) else [*armed, Stopped(clock, clock.stopped_at, clock.verdict)]
    if clock.held_at and clock.remaining is not None:
        same = before and before.held_at == clock.held_at and before.policy == clock.policy.id
        return [] if same else [Held(clock, clock.held_at, clock.remaining)]
    if clock.due_at is None or _told_running(clock, before):
        return []
    if before is None:
        return [Armed(clock, clock.due_at)]
    return [Rescheduled(clock, clock.due_at, before.due_at, _why(clock, before))]


def _told_stopped(clock: Clock, before: Recorded | None) -> bool:
    told = before and (before.stopped_at, before.verdict, before.due_at)
    return told == (clock.stopped_at, clock.verdict, clock.due_at)


def _told_running(clock: Clock, before: Recorded | None) -> bool:
    return before is not None and (before.due_at, before.held_at, before.stopped_at) == (clock.due_at, None, None)


def _why(clock: Clock, before: Recorded) -> str:
    if before.held_at:
        return "resume"  # first, because a ladder waits for this word
    if before.policy != clock.policy.id:
        return "retarget"
    return "calendar" if before.calendar != clock.calendar.id else "correction"


def _breach(clock: Clock, before: Recorded | None, covered_until: datetime) -> list[Change | Voided]:
    standing = before.breach if before else None
    if standing and (not clock.breached_at or _put_off(clock, before)):
        return [Voided((clock.metric, clock.cycle), standing.id, _void_reason(clock, before))]
    if standing or not clock.breached_at or not clock.due_at or clock.due_at >= covered_until:
        return []
    generation = (before.generations if before else 0) + 1
    return [Breached(clock, clock.due_at, clock.breached_at, clock.cause or "elapsed", generation)]


def _put_off(clock: Clock, before: Recorded | None) -> bool:
    """A new calendar moved the deadline to later: the breach at the old one did not happen, whatever followed."""
    if before is None or before.due_at is None or clock.due_at is None:
        return False
    return before.calendar != clock.calendar.id and before.policy == clock.policy.id and before.due_at < clock.due_at


def _void_reason(clock: Clock, before: Recorded | None) -> str:
    if before and before.policy != clock.policy.id:
        return "retarget"
    if before and before.calendar != clock.calendar.id:
        return "calendar"
    return "late_fact"


def _breach_to_come(clock: Clock, before: Recorded | None, covered_until: datetime) -> datetime | None:
    """The deadline, while a breach at it may still have to be declared."""
    standing = before is not None and before.breach is not None and not _put_off(clock, before)
    if clock.due_at is None or (standing and clock.breached_at) or (clock.stopped_at and not clock.breached_at):
        return None
    return clock.due_at if clock.due_at >= covered_until or not clock.breached_at else None


def _warnings(clock: Clock, before: Recorded | None, covered_until: datetime) -> tuple[list[Warned], list[datetime]]:
    """The warnings to give now, and when the others will be due. One whose deadline has passed is not given."""
    if clock.due_at is None or clock.stopped_at or clock.breached_at or clock.due_at < covered_until:
        return [], []
    new = [(level, at) for level, at in clock.warn_at if not before or level not in before.warned]
    fired = [Warned(clock, level, clock.due_at) for level, at in new if at < covered_until]
    return fired, [at for _, at in new if at >= covered_until]
