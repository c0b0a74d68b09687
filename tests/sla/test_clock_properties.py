"""Clocks of random cases agree with a one-second stepper: every unit, pauses, extensions, reopenings, tiers."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid5

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from services.sla_service.domain.calendar import CalendarVersion
from services.sla_service.domain.evaluate import Book, Clock, evaluate
from services.sla_service.domain.facts import CLOSED, CaseFacts, Edge, Extension, Milestone
from services.sla_service.domain.policy import PolicyVersion, Target
from shared.kernel.clock import BANGKOK
from shared.kernel.working_time import WorkingTime
from tests.sla.given import ALWAYS_V1, NAMES, book, classified, closed, facts, held, policy, reopened, resolve
from tests.sla.stepper import DAY, CaseStepper, Spans

FIRST = date(2026, 2, 5)  # a Thursday
MIDNIGHT = datetime(2026, 2, 5, tzinfo=BANGKOK).astimezone(UTC)
DAYS = 9
QUARTER = 900
# Without shrinking: an example is a case that anybody can read, and stepping through seconds again takes long.
unhurried = settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])


@dataclass(frozen=True)
class Life:
    """One case: its calendar, its target, and what happened when, in seconds since the first midnight."""

    weekly: Sequence[Spans]
    exceptions: Mapping[date, Spans]
    unit: str
    amount: int
    start: int
    reopenings: Sequence[tuple[int, int, str]]  # closed, reopened, mode
    holds: Sequence[tuple[int, int, int | None]]  # cycle, begin, end
    extensions: Sequence[tuple[int, int]]  # cycle, seconds
    pause_hours: int | None

    @property
    def cycle(self) -> int:
        return len(self.reopenings) + 1


def _spans() -> st.SearchStrategy[Spans]:
    edges = st.lists(st.integers(0, DAY // QUARTER), max_size=4, unique=True).map(sorted)
    return edges.map(lambda e: [(a * QUARTER, b * QUARTER) for a, b in zip(e[::2], e[1::2], strict=False)])


@st.composite
def lives(draw: st.DrawFn) -> Life:
    weekly = draw(st.lists(_spans(), min_size=7, max_size=7).filter(any))
    days = st.sampled_from([date.fromordinal(FIRST.toordinal() + n) for n in range(DAYS)])
    exceptions = draw(st.dictionaries(days, _spans(), max_size=2))
    unit = draw(st.sampled_from(["wall", "office", "working_day", "calendar_day"]))
    start = draw(st.integers(0, DAY))
    count = draw(st.integers(0, 2))
    moments = sorted(
        draw(st.lists(st.integers(start + 1, 3 * DAY), min_size=2 * count, max_size=2 * count, unique=True))
    )
    modes = draw(st.lists(st.sampled_from(["continue", "new_cycle", "count_all"]), min_size=count, max_size=count))
    reopenings = [(moments[2 * n], moments[2 * n + 1], modes[n]) for n in range(count)]
    opened = [start, *(again for _, again, _ in reopenings)]
    ended = [*(shut for shut, _, _ in reopenings), 4 * DAY]
    holds = []
    for cycle in draw(st.lists(st.integers(1, count + 1), max_size=3)):
        begin = draw(st.integers(opened[cycle - 1], ended[cycle - 1]))
        holds.append((cycle, begin, draw(st.one_of(st.none(), st.integers(begin, ended[cycle - 1])))))
    extensions = draw(st.lists(st.tuples(st.integers(1, count + 1), st.integers(1, 4 * 3600)), max_size=2))
    amount = draw(st.integers(1, 2 if unit.endswith("day") else 8))
    pause_hours = draw(st.one_of(st.none(), st.integers(1, 6)))
    return Life(weekly, exceptions, unit, amount, start, reopenings, holds, extensions, pause_hours)


def _at(second: int) -> datetime:
    return MIDNIGHT + timedelta(seconds=second)


def _calendar(life: Life) -> CalendarVersion:
    if life.unit == "wall":
        return ALWAYS_V1
    working = WorkingTime([tuple(d) for d in life.weekly], {d: tuple(s) for d, s in life.exceptions.items()})
    return CalendarVersion(NAMES, "office", 1, working)


def _policy(life: Life) -> PolicyVersion:
    target = Target("resolve", life.amount, life.unit, "always" if life.unit == "wall" else "office")
    return replace(policy("A", target, subject="A"), pause_budget_hours=life.pause_hours)


def _book(life: Life) -> Book:
    return book(_policy(life), calendars=[_calendar(life)])


def _facts(life: Life) -> CaseFacts:
    edges: list[Edge] = []
    for n, (cycle, begin, end) in enumerate(life.holds):
        [edge] = held([(_at(begin), None if end is None else _at(end))], cycle)
        edges.append(replace(edge, seq=1000 * cycle + n, hold=uuid5(NAMES, str(n))))
    for n, (shut, again, mode) in enumerate(life.reopenings, start=1):
        edges += [
            closed(_at(shut), cycle=n, seq=1000 * n + 500),
            reopened(_at(again), cycle=n + 1, seq=1000 * n + 600, mode=mode),
        ]
    more = tuple(Extension("resolve", cycle, _at(life.start), timedelta(seconds=n)) for cycle, n in life.extensions)
    return replace(facts(_at(life.start), *edges), extensions=more)


def _last(life: Life, now: int) -> Clock:
    return next(one for one in evaluate(_book(life), _facts(life), _at(now)) if one.cycle == life.cycle)


@dataclass(frozen=True)
class Expected:
    """What the stepper says of the last cycle: its start, its budget and the seconds that it leaves out."""

    stepper: CaseStepper
    start: int
    budget: int
    holds: list[tuple[int, int | None]]
    closed: list[tuple[int, int | None]]

    def reach(self, life: Life, *multiples: int) -> list[int | None]:
        pauses = None if life.pause_hours is None else life.pause_hours * 3600
        return self.stepper.reach(self.start, [self.budget * n for n in multiples], self.holds, self.closed, pauses)


def _expected(life: Life) -> Expected:
    whole = [[(0, DAY)]] * 7
    stepper = CaseStepper(
        FIRST, whole if life.unit == "wall" else life.weekly, {} if life.unit == "wall" else life.exceptions, DAYS
    )
    start, since, left_out = life.start, 1, list[tuple[int, int | None]]()
    for n, (shut, again, mode) in enumerate(life.reopenings, start=2):
        if mode == "continue":
            left_out.append((shut, again))
        else:
            left_out.clear()
            start, since = (again, n) if mode == "new_cycle" else (life.start, 1)
    ends = [shut for shut, _, _ in life.reopenings]
    holds = [
        (max(begin, start), min(_ends_of(end, ends, cycle))) if cycle <= len(ends) else (max(begin, start), end)
        for cycle, begin, end in life.holds
        if end is None or end > start
    ]
    budget = _budget(life, stepper, start)
    assume(budget is not None and budget > 0)
    more = sum(seconds for cycle, seconds in life.extensions if since <= cycle <= life.cycle)
    return Expected(stepper, start, (budget or 0) + more, [h for h in holds if h[1] is None or h[1] > h[0]], left_out)


def _ends_of(end: int | None, ends: Sequence[int], cycle: int) -> list[int]:
    return [ends[cycle - 1], *([end] if end is not None else [])]


def _budget(life: Life, stepper: CaseStepper, start: int) -> int | None:
    if not life.unit.endswith("day"):
        return life.amount * 3600
    until = stepper.days_later(start, life.amount, working=life.unit == "working_day")
    return None if until is None else stepper.between(start, until)


@unhurried
@given(lives())
def test_the_deadline_and_the_very_late_tiers_agree_with_a_one_second_stepper(life: Life) -> None:
    expected = _expected(life)
    due, twice, thrice = expected.reach(life, 1, 2, 3)
    clock = _last(life, DAYS * DAY)
    if due is None:
        assert clock.due_at is None or clock.due_at > _at(DAYS * DAY)
        return
    assert clock.due_at == _at(due)
    told = dict(clock.late_at)
    for tier, at in ((2, twice), (3, thrice)):
        if at is not None:
            assert told[tier] == _at(at)


@unhurried
@given(lives(), st.integers(1, DAYS * DAY))
def test_the_verdict_is_whether_the_case_was_closed_by_the_deadline(life: Life, stop: int) -> None:
    opened = life.reopenings[-1][1] if life.reopenings else life.start
    assume(stop > opened)
    cut = replace(life, holds=[(c, b, e) for c, b, e in life.holds if c < life.cycle or b < stop])
    due = _expected(cut).reach(cut, 1)[0]
    running = [(c, b, min(e or stop, stop)) if c == cut.cycle else (c, b, e) for c, b, e in cut.holds]
    ended = replace(cut, holds=running)
    after = _expected(ended).reach(ended, 1)[0]
    ledger = _facts(cut)
    ledger = replace(ledger, edges=(*ledger.edges, closed(_at(stop), cycle=cut.cycle, seq=9000)))
    clock = next(one for one in evaluate(_book(cut), ledger, _at(DAYS * DAY)) if one.cycle == cut.cycle)
    is_late = after is not None and after < stop
    assert clock.verdict == ("breached" if is_late else "met")
    assert is_late == (due is not None and due < stop)


@unhurried
@given(lives(), st.randoms(use_true_random=False))
def test_any_order_of_the_facts_gives_the_same_clocks(life: Life, chance: random.Random) -> None:
    _expected(life)
    ledger = _facts(life)
    edges, more = list(ledger.edges), list(ledger.extensions)
    chance.shuffle(edges)
    chance.shuffle(more)
    shuffled = replace(ledger, edges=tuple(edges), extensions=tuple(more))
    now, one = _at(DAYS * DAY), _book(life)
    assert evaluate(one, shuffled, now) == evaluate(one, ledger, now)


@unhurried
@given(lives(), st.integers(1, 3600))
def test_more_time_is_never_due_earlier_and_a_smaller_budget_of_pauses_never_later(life: Life, seconds: int) -> None:
    _expected(life)
    now = 3 * DAY
    longer = replace(life, extensions=[*life.extensions, (life.cycle, seconds)])
    before, after = _last(life, now), _last(longer, now)
    if before.due_at and after.due_at:
        assert after.due_at >= before.due_at
    tighter = replace(life, pause_hours=1)
    strict = _last(tighter, DAYS * DAY)
    loose = _last(replace(life, pause_hours=None), DAYS * DAY)
    if strict.due_at and loose.due_at:
        assert strict.due_at <= loose.due_at


def test_closing_early_and_reopening_never_fills_the_budget_of_pauses_again() -> None:
    """failures.md 16, as far as the clock goes."""
    start = _at(9 * 3600)
    hour = timedelta(hours=1)
    holds = held([(start + hour, start + 3 * hour)]) + held([(start + 5 * hour, start + 7 * hour)], cycle=2)
    edges = (*holds, closed(start + 4 * hour), reopened(start + 5 * hour))
    limited = replace(policy("A", resolve(8, "wall", "always"), subject="A"), pause_budget_hours=3)
    clocks = evaluate(book(limited), facts(start, *edges), start + 20 * hour)
    assert clocks[1].due_at == start + (8 + 3 + 1) * hour  # three of the four held hours, and the hour it was closed
    first = replace(clocks[0])
    assert first.verdict == "met"


def test_every_metric_begins_and_ends_with_its_own_facts() -> None:
    hour, start = timedelta(hours=1), _at(9 * 3600)
    metrics = ("acknowledge", "first_contact", "resolve", "notify_customer", "survey_call", "ois_record")
    targets = tuple(Target(metric, 10, "wall", "always") for metric in metrics)
    all_six = replace(policy("A", targets[0], subject="A"), targets=targets)
    report = Edge(CLOSED, 1, 500, "resolved", start + 2 * hour, reported_at=start + 4 * hour)
    done = [
        Milestone("acknowledge", 1, 3, start + hour),
        Milestone("first_contact", 1, 0, start + 5 * hour),
        Milestone("notify_customer", 1, 0, start + 5 * hour),
        Milestone("survey_call", 1, 0, start + 6 * hour),
        Milestone("ois_record", 1, 0, start + 7 * hour),
    ]
    for size in range(len(done) + 1):
        for some in itertools.islice(itertools.combinations(done, size), 12):
            ledger = replace(facts(start, report, classifications=[classified("A", start)]), milestones=some)
            found = {one.metric: one for one in evaluate(book(all_six), ledger, start + 8 * hour)}
            ended = {one.metric for one in some} | {"resolve", "acknowledge"}
            assert {metric for metric, one in found.items() if one.stopped_at} == ended
            assert found["notify_customer"].started_at == found["survey_call"].started_at == start + 4 * hour
            assert found["resolve"].stopped_at == start + 2 * hour
