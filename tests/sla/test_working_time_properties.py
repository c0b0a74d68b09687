"""Properties of working time that hold for every calendar, budget and hold (design note sla.md, "Properties")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel.working_time import ALWAYS, Hold, WorkingTime
from tests.sla.stepper import Spans, Stepper

unhurried = settings(max_examples=80, deadline=None)  # a busy machine is no counterexample
ZONES = ("Asia/Bangkok", "UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati")
MICROSECOND = timedelta(microseconds=1)
FRIDAY_MIDNIGHT = int(datetime(2026, 2, 6, 17, 0, tzinfo=UTC).timestamp())  # Saturday 7 Feb 00:00 in Bangkok
NEAR = 900  # the stepper's calendars open and close within a quarter of an hour around midnight


def _spans(edges: Sequence[int]) -> Spans:
    ordered = sorted(set(edges))
    return list(zip(ordered[::2], ordered[1::2], strict=False))


def _days(low: int, high: int, step: int) -> st.SearchStrategy[Spans]:
    edges = st.lists(st.integers(low // step, high // step), min_size=0, max_size=6)
    return edges.map(lambda chosen: _spans([edge * step for edge in chosen]))


@st.composite
def calendars(draw: st.DrawFn) -> WorkingTime:
    weekly = draw(st.lists(_days(0, 86_400, 60), min_size=7, max_size=7).filter(any))
    days = st.dates(date(2026, 1, 1), date(2026, 3, 31))
    exceptions = draw(st.dictionaries(days, _days(0, 86_400, 60), max_size=8))
    return WorkingTime([tuple(d) for d in weekly], {d: tuple(s) for d, s in exceptions.items()})


instants = st.timedeltas(timedelta(0), timedelta(days=90)).map(lambda offset: datetime(2026, 1, 1, tzinfo=UTC) + offset)
budgets = st.timedeltas(MICROSECOND, timedelta(hours=60))
lengths = st.timedeltas(timedelta(0), timedelta(days=6))
holds = st.lists(st.tuples(instants, lengths).map(lambda hold: (hold[0], hold[0] + hold[1])), max_size=4)


@unhurried
@given(calendars(), instants, budgets, holds)
def test_add_and_used_are_inverse_and_the_deadline_is_the_earliest(
    working: WorkingTime, start: datetime, budget: timedelta, held: list[Hold]
) -> None:
    due = working.due(start, budget, held)
    assert due is not None
    assert working.used(start, due, held) == budget
    assert working.used(start, due - MICROSECOND, held) < budget


@unhurried
@given(calendars(), instants, budgets, holds)
def test_walking_backwards_is_inverse_and_the_latest(
    working: WorkingTime, end: datetime, budget: timedelta, held: list[Hold]
) -> None:
    begin = working.subtract(end, budget, held)
    assert working.used(begin, end, held) == budget
    assert working.used(begin + MICROSECOND, end, held) < budget


@unhurried
@given(calendars(), instants, budgets, budgets, holds)
def test_a_larger_budget_is_never_due_earlier(
    working: WorkingTime, start: datetime, one: timedelta, other: timedelta, held: list[Hold]
) -> None:
    first, last = working.due(start, min(one, other), held), working.due(start, max(one, other), held)
    assert first is not None
    assert last is not None
    assert first <= last


@unhurried
@given(calendars(), instants, budgets, holds, st.tuples(instants, lengths))
def test_a_hold_never_makes_due_earlier(
    working: WorkingTime, start: datetime, budget: timedelta, held: list[Hold], more: tuple[datetime, timedelta]
) -> None:
    at, length = more
    without, with_one_more = working.due(start, budget, held), working.due(start, budget, [*held, (at, at + length)])
    assert without is not None
    assert with_one_more is not None
    assert without <= with_one_more
    frozen = working.due(start, budget, [*held, (at, None)])
    assert frozen is None if at < without else frozen == without


@unhurried
@given(calendars(), instants, budgets, instants, st.lists(lengths, min_size=3, max_size=3).map(sorted))
def test_splitting_a_hold_changes_nothing(
    working: WorkingTime, start: datetime, budget: timedelta, at: datetime, cuts: list[timedelta]
) -> None:
    first, second, end = (at + cut for cut in cuts)
    whole = working.due(start, budget, [(at, end)])
    assert working.due(start, budget, [(first, second), (second, end), (at, first)]) == whole
    assert working.due(start, budget, [(at, second), (first, end)]) == whole


@unhurried
@given(calendars(), instants, budgets, st.sampled_from(ZONES), holds)
def test_the_same_instant_in_any_zone_gives_the_same_due(
    working: WorkingTime, start: datetime, budget: timedelta, zone: str, held: list[Hold]
) -> None:
    elsewhere = ZoneInfo(zone)
    moved = [(begin.astimezone(elsewhere), end and end.astimezone(elsewhere)) for begin, end in held]
    assert working.due(start.astimezone(elsewhere), budget, moved) == working.due(start, budget, held)


@dataclass(frozen=True)
class Small:
    """A calendar around one midnight with a start, a budget and holds in whole seconds."""

    weekly: Sequence[Spans]
    exceptions: Mapping[date, Spans]
    start: int
    budget: int
    holds: list[tuple[int, int | None]]


@st.composite
def small_calendars(draw: st.DrawFn) -> Small:
    evening, morning = _days(86_400 - NEAR, 86_400, 1), _days(0, NEAR, 1)
    around = st.tuples(morning, evening).map(lambda both: [*both[0], *both[1]])
    weekly = draw(st.lists(around, min_size=7, max_size=7).filter(any))
    exceptions = draw(st.dictionaries(st.sampled_from([date(2026, 2, 6), date(2026, 2, 7)]), around, max_size=1))
    second = st.integers(FRIDAY_MIDNIGHT - NEAR, FRIDAY_MIDNIGHT + NEAR)
    hold = st.tuples(second, st.one_of(st.none(), st.integers(0, NEAR)))
    held = [(at, None if length is None else at + length) for at, length in draw(st.lists(hold, max_size=3))]
    return Small(weekly, exceptions, draw(second), draw(st.integers(1, NEAR // 2)), held)


@unhurried
@given(small_calendars())
def test_random_calendars_agree_with_a_one_second_stepper(small: Small) -> None:
    stepper = Stepper(small.weekly, small.exceptions, "Asia/Bangkok")
    working = WorkingTime([tuple(d) for d in small.weekly], {d: tuple(s) for d, s in small.exceptions.items()})
    held = [(_at(begin), None if end is None else _at(end)) for begin, end in small.holds]
    used = working.used(_at(small.start), _at(small.start + 2 * NEAR), held)
    assert used == timedelta(seconds=stepper.used(small.start, small.start + 2 * NEAR, small.holds))
    expected = stepper.due(small.start, small.budget, small.holds, limit=2 * NEAR)
    due = working.due(_at(small.start), timedelta(seconds=small.budget), held)
    if expected is None:
        assert due is None or due > _at(small.start + 2 * NEAR)
    else:
        assert due == _at(expected)


@unhurried
@given(instants, budgets)
def test_an_always_open_calendar_counts_real_seconds(start: datetime, budget: timedelta) -> None:
    assert ALWAYS.add(start, budget) == start + budget


def test_elapsed_time_is_real_seconds_where_a_zone_changes_its_clocks() -> None:
    new_york = ZoneInfo("America/New_York")
    working = WorkingTime([((0, 86_400),)] * 7, zone=new_york)
    before = datetime(2026, 3, 7, 12, tzinfo=new_york)
    assert working.used(before, datetime(2026, 3, 8, 12, tzinfo=new_york)) == timedelta(hours=23)
    assert working.add(before, timedelta(hours=23)) == datetime(2026, 3, 8, 12, tzinfo=new_york)


def _at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
