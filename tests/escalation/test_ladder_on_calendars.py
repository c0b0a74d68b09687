"""The ladder on random calendars, against an oracle that walks minute by minute and shares no code with the rules."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.escalation_service.domain.calendars import CalendarCopy, working_time
from services.escalation_service.domain.holds import HoldMark
from services.escalation_service.domain.ladder import Breach, Facts, Fired, LadderRules, Place, RungRule, evaluate

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONDAY = datetime(2026, 2, 2, tzinfo=UTC)
BANGKOK_MINUTES = 7 * 60
DAYS = 45
POSTS = ((1, "branch_manager", Place.OWN), (2, "region_director", Place.REGION), (3, "deputy_governor", Place.AREA))


@dataclass(frozen=True)
class World:
    """A calendar as half hours of the week that are open, a ladder, holds and answers; all in minutes from MONDAY."""

    weekly: tuple[tuple[tuple[int, int], ...], ...]
    closed_days: frozenset[int]
    offsets: tuple[int, ...]
    gap: int
    due: int
    holds: tuple[tuple[int, int], ...]
    deferrals: tuple[int, ...]
    delays: tuple[int, ...]

    def copy(self) -> CalendarCopy:
        weekly = [[f"{a // 2:02}:{a % 2 * 3}0-{b // 2:02}:{b % 2 * 3}0" for a, b in day] for day in self.weekly]
        exceptions: list[tuple[str, list[str]]] = [
            ((date(2026, 2, 2) + timedelta(days=n)).isoformat(), []) for n in sorted(self.closed_days)
        ]
        return CalendarCopy("random", 1, working_time(weekly, exceptions, "Asia/Bangkok"))

    def rules(self) -> LadderRules:
        rungs = tuple(
            RungRule(n, post, place, hours * HOUR, "random")
            for (n, post, place), hours in zip(POSTS, self.offsets, strict=True)
        )
        rules = LadderRules("branch", 1, MONDAY, self.gap * HOUR, 24 * HOUR, rungs)
        return rules.on({"random": self.copy()})

    def marks(self) -> list[HoldMark]:
        found = []
        for nr, (begin, end) in enumerate(self.holds):
            found += [HoldMark(2 * nr, True, at(begin)), HoldMark(2 * nr + 1, False, at(end))]
        return found


def at(minute: int) -> datetime:
    return MONDAY + minute * MINUTE


def minute_of(moment: datetime) -> int:
    return (moment - MONDAY) // MINUTE


class Stepper:
    """The oracle: for every minute whether it counts, and nothing else."""

    def __init__(self, world: World) -> None:
        self.held = [False] * (DAYS * 1440)
        for begin, end in world.holds:
            for minute in range(begin, min(end, DAYS * 1440)):
                self.held[minute] = True
        self.counts = [self._open(world, m) and not self.held[m] for m in range(DAYS * 1440)]

    @staticmethod
    def _open(world: World, minute: int) -> bool:
        local = minute + BANGKOK_MINUTES
        day, half = local // 1440, local % 1440 // 30
        return day not in world.closed_days and any(a <= half < b for a, b in world.weekly[day % 7])

    def after(self, start: int, hours: int) -> int:
        """The first minute before which so much counted."""
        left, minute = hours * 60, start
        while left:
            left -= self.counts[minute]
            minute += 1
        return minute

    def outside_holds(self, minute: int) -> int:
        while self.held[minute]:
            minute += 1
        return minute


def _windows(edges: list[int]) -> tuple[tuple[int, int], ...]:
    ordered = sorted(set(edges))
    return tuple(zip(ordered[::2], ordered[1::2], strict=False))


def _holds(pairs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Holds of one clock follow each other: one begins after the one before has ended."""
    found, now = [], 0
    for wait, length in pairs:
        begin = now + wait
        now = begin + length
        found.append((begin, now))
    return tuple(found)


day = st.lists(st.integers(0, 47), max_size=6).map(_windows)
worlds = st.builds(
    World,
    weekly=st.tuples(st.just(((16, 34),)), *[day] * 6),  # Monday is open at least, so that nothing waits for ever
    closed_days=st.frozensets(st.sampled_from([1, 2, 3, 4, 5, 8, 9, 10]), max_size=4),
    offsets=st.lists(st.integers(0, 20), min_size=3, max_size=3).map(lambda hours: tuple(sorted(hours))),
    gap=st.integers(1, 8),
    due=st.integers(0, 2 * 1440),
    holds=st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 2000)), max_size=4).map(_holds),
    deferrals=st.tuples(*[st.integers(0, 24 * 60)] * 3),
    delays=st.tuples(*[st.integers(0, 3000)] * 3),
)


def breach(world: World) -> Breach:
    return Breach(UUID(int=1), 1, at(world.due), at(world.due))


@settings(max_examples=60, deadline=None)
@given(worlds, st.integers(0, 1000))
def test_each_rung_is_scheduled_and_may_fire_at_the_very_minute_that_the_stepper_finds(world: World, seed: int) -> None:
    shuffle = random.Random(seed)
    stepper, rules, marks = Stepper(world), world.rules(), world.marks()
    fired: list[Fired] = []
    for nr in range(3):
        shuffle.shuffle(marks)
        plan = evaluate(Facts((breach(world),), tuple(marks), tuple(fired)), rules)
        scheduled = stepper.after(world.due, world.offsets[nr])
        earliest = scheduled
        if fired:
            last = max(fired, key=lambda one: one.rung)
            earliest = max(scheduled, stepper.after(minute_of(last.fired_at), world.gap))
            earliest = max(earliest, minute_of(last.deferred_until or MONDAY))
        assert plan.next_rung is not None
        assert plan.next_rung.rung == nr + 1
        assert (plan.scheduled_at, plan.fires_at) == (at(scheduled), at(stepper.outside_holds(earliest)))
        assert plan.fires_at is not None
        fired_at = plan.fires_at + world.delays[nr] * MINUTE
        fired.append(Fired(nr + 1, fired_at, fired_at + world.deferrals[nr] * MINUTE))
        shuffle.shuffle(fired)
    assert evaluate(Facts((breach(world),), tuple(marks), tuple(reversed(fired))), rules).state == "complete"


@settings(max_examples=40, deadline=None)
@given(worlds, st.lists(st.integers(1, 600), min_size=5, max_size=40))
def test_a_timer_that_looks_now_and_then_fires_in_order_once_each_never_early_and_as_soon_as_it_looks(
    world: World, pauses: list[int]
) -> None:
    stepper, rules = Stepper(world), world.rules()
    fired: list[Fired] = []
    looks: list[int] = []
    now = world.due
    while now < 30 * 1440:
        now += pauses[len(looks) % len(pauses)]
        looks.append(now)
    for look in looks:
        marks = tuple(mark for mark in world.marks() if mark.at <= at(look))
        call = evaluate(Facts((breach(world),), marks, tuple(fired)), rules).call_before(at(look))
        if call is not None:
            deferred = at(look) + world.deferrals[len(fired)] * MINUTE
            fired.append(Fired(call.rule.rung, at(look), deferred))
    assert [one.rung for one in fired] == list(range(1, len(fired) + 1))
    _check_times(world, stepper, looks, fired)


def _check_times(world: World, stepper: Stepper, looks: list[int], fired: list[Fired]) -> None:
    """Each fired at the first look after the earliest minute that was right, by the stepper, with all holds known."""
    earliest = stepper.outside_holds(stepper.after(world.due, world.offsets[0]))
    for nr, one in enumerate(fired):
        minute = minute_of(one.fired_at)
        assert minute > earliest
        assert minute == next(look for look in looks if look > earliest)
        if nr + 1 < len(fired):
            after_gap = stepper.after(minute, world.gap)
            assert one.deferred_until is not None
            earliest = max(stepper.after(world.due, world.offsets[nr + 1]), after_gap, minute_of(one.deferred_until))
            earliest = stepper.outside_holds(earliest)


@settings(max_examples=40, deadline=None)
@given(worlds, st.integers(1, 4000), st.integers(1, 2000))
def test_one_more_hold_never_brings_a_rung_forward(world: World, begin: int, length: int) -> None:
    more = replace(world, holds=(*world.holds, (max([begin, *(e for _, e in world.holds)]), 0)))
    last, _ = more.holds[-1]
    more = replace(more, holds=(*world.holds, (last, last + length)))
    rules = world.rules()
    fired = (Fired(1, at(world.due + 60)),)
    for reached in ((), fired):
        before = evaluate(Facts((breach(world),), tuple(world.marks()), reached), rules)
        after = evaluate(Facts((breach(world),), tuple(more.marks()), reached), rules)
        assert before.fires_at is not None
        assert after.fires_at is not None
        assert after.fires_at >= before.fires_at
