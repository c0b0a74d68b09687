"""Working time: deadlines over weekly windows, dated exceptions and holds (design note sla.md, "Semantics")."""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.kernel.clock import BANGKOK
from shared.kernel.errors import Invalid

Windows = tuple[tuple[int, int], ...]  # half-open [open, close) in seconds of a local day, sorted, apart
Span = tuple[datetime, datetime]
Hold = tuple[datetime, datetime | None]  # None: not ended yet

DAY = 86_400
NEVER_OPEN_WITHIN_DAYS = 400
_NOTHING = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = _EPOCH.toordinal() + 1, date(2200, 1, 1).toordinal()
_BACK, _AHEAD = 366, 2 * 366
_WINDOW = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


class NeverOpen(Invalid):
    """A calendar without an open window for 400 days cannot carry a deadline."""

    code = "calendar_never_open"


def windows(*texts: str) -> Windows:
    """Opening hours of a day as written for people: `windows("08:30-12:00", "13:00-16:30")`; 24:00 ends a day."""
    spans = []
    for text in texts:
        match = _WINDOW.fullmatch(text)
        if not match:
            raise Invalid("A window is written HH:MM-HH:MM.", code="bad_window")
        h1, m1, h2, m2 = map(int, match.groups())
        spans.append((h1 * 3600 + m1 * 60, h2 * 3600 + m2 * 60))
    return checked(spans)


def checked(spans: Iterable[tuple[int, int]]) -> Windows:
    """Windows in order, or a refusal: each must be inside its day, not empty, and apart from the others."""
    ordered = tuple(sorted(spans))
    edges = [edge for span in ordered for edge in span]
    apart = all(a <= b for a, b in itertools.pairwise(edges))
    if not apart or any(not 0 <= a < b <= DAY for a, b in ordered):
        raise Invalid("Windows must lie inside one day, open before they close and not overlap.", code="bad_window")
    return ordered


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware instant (exact, unlike float seconds)."""
    delta = at - _EPOCH
    return (delta.days * DAY + delta.seconds) * 1_000_000 + delta.microseconds


def instant(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def union(holds: Iterable[Hold]) -> list[Hold]:
    """The same held time without overlaps, in order; an open hold swallows all that follow."""
    merged: list[Hold] = []
    for begin, end in sorted(holds, key=lambda hold: hold[0]):
        if end is not None and end <= begin:
            continue
        if not merged or (merged[-1][1] is not None and merged[-1][1] < begin):
            merged.append((begin, end))
            continue
        previous = merged[-1][1]
        merged[-1] = (merged[-1][0], None if end is None or previous is None else max(end, previous))
    return merged


class _Table:
    """Every open window of the days [first, last) with the open time before and after it, in microseconds."""

    __slots__ = ("after", "before", "begin", "closes", "days", "end", "ends", "first", "last", "starts")

    def __init__(self, first: int, last: int, begin: int, end: int) -> None:
        self.first, self.last, self.begin, self.end = first, last, begin, end
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []
        self.after: list[int] = []
        self.days: list[int] = []
        self.closes: list[int] = []

    def append(self, day: int, start: int, end: int) -> None:
        if end <= start:  # a window inside the hour that a zone skips
            return
        total = self.after[-1] if self.after else 0
        self.starts.append(start)
        self.ends.append(end)
        self.before.append(total)
        self.after.append(total + end - start)
        if self.days and self.days[-1] == day:
            self.closes[-1] = end
        else:
            self.days.append(day)
            self.closes.append(end)

    @property
    def total(self) -> int:
        return self.after[-1] if self.after else 0

    def open_until(self, at: datetime) -> int:
        """Open time between the table's begin and an instant inside it."""
        t = micros(at)
        i = bisect_right(self.starts, t) - 1
        return self.before[i] + min(t, self.ends[i]) - self.starts[i] if i >= 0 else 0

    def open_between(self, begin: datetime, end: datetime) -> int:
        return self.open_until(end) - self.open_until(begin)

    def earliest(self, total: int) -> datetime:
        """The earliest instant before which `total` was open."""
        i = bisect_left(self.after, total)
        return instant(self.starts[i] + total - self.before[i])

    def latest(self, total: int) -> datetime:
        """The latest instant before which no more than `total` was open."""
        i = bisect_right(self.before, total) - 1
        return instant(self.starts[i] + total - self.before[i])


class WorkingTime:
    """A calendar to count in: weekly windows (Monday first), dated exceptions that replace a day's windows, a zone."""

    def __init__(
        self, weekly: Sequence[Windows], exceptions: Mapping[date, Windows] | None = None, zone: ZoneInfo = BANGKOK
    ) -> None:
        self.weekly = tuple(checked(day) for day in weekly)
        self.exceptions = {day: checked(spans) for day, spans in (exceptions or {}).items()}
        self.zone = zone
        if len(self.weekly) != 7:
            raise Invalid("A week has seven days.", code="bad_window")
        if not any(self.weekly) and not any(self.exceptions.values()):
            raise NeverOpen("The calendar has no open window.")
        self._known: _Table | None = None

    def add(self, start: datetime, budget: timedelta) -> datetime:
        """The earliest instant at which `budget` is used up: one that ends at closing is due at closing."""
        if budget <= _NOTHING:
            return start.astimezone(UTC)
        table = self._covering(start)
        total = table.open_until(start) + budget // _MICROSECOND
        return self._reaching(table, total).earliest(total)

    def due(self, start: datetime, budget: timedelta, holds: Iterable[Hold]) -> datetime | None:
        """As `add`, with held time not counted; None while a hold that has not ended keeps the rest frozen."""
        held = union((max(begin, start), end) for begin, end in holds)
        if not held or budget <= _NOTHING:
            return self.add(start, budget)
        table = self._covering(start, *_edges(held))
        total = table.open_until(start) + budget // _MICROSECOND
        for begin, end in held:
            table = self._reaching(table, total)
            if begin >= table.earliest(total):
                break
            if end is None:
                return None
            total += table.open_between(begin, end)
        return self._reaching(table, total).earliest(total)

    def subtract(self, end: datetime, budget: timedelta, holds: Iterable[Hold] = ()) -> datetime:
        """Walks backwards: the latest instant from which `budget` is still open until `end`, holds not counted."""
        if budget <= _NOTHING:
            return end.astimezone(UTC)
        held = [(begin, until) for begin, until in union(_clipped(holds, until=end)) if until]
        table = self._covering(end, *_edges(held))
        reach = budget // _MICROSECOND + sum(table.open_between(*hold) for hold in held)
        table = self._reaching_back(table, end, reach)
        total = table.open_until(end) - budget // _MICROSECOND
        for begin, until in reversed(held):
            if until <= table.latest(total):
                break
            total -= table.open_between(begin, until)
        return table.latest(total)

    def used(self, begin: datetime, end: datetime, holds: Iterable[Hold] = ()) -> timedelta:
        """Open time in [begin, end) that no hold covers; zero when `end` is not after `begin`."""
        if end <= begin:
            return _NOTHING
        table = self._covering(begin, end)
        total = table.open_between(begin, end)
        for held_at, until in union((max(b, begin), u) for b, u in _clipped(holds, until=end)):
            total -= table.open_between(held_at, until or end)
        return timedelta(microseconds=total)

    def working_days(self, start: datetime, count: int) -> datetime:
        """The close of the last of `count` open days; the day of `start` is not one of them."""
        table, today = self._covering(start), self._day_of(start)
        while (i := bisect_right(table.days, today) + count - 1) >= len(table.days):
            table = self._longer(table)
        return instant(table.closes[i])

    def calendar_days(self, start: datetime, count: int) -> datetime:
        """The close of the day `count` days later; a closed day rolls forward to the next open one."""
        table, last = self._covering(start), self._day_of(start) + count
        while (i := bisect_left(table.days, last)) >= len(table.days):
            table = self._longer(table)
        return instant(table.closes[i])

    def open_spans(self, begin: datetime, end: datetime) -> list[Span]:
        """The open stretches of [begin, end), in order."""
        if end <= begin:
            return []
        table, low, high = self._covering(begin, end), micros(begin), micros(end)
        first, last = bisect_right(table.ends, low), bisect_left(table.starts, high)
        pairs = zip(table.starts[first:last], table.ends[first:last], strict=True)
        return [(instant(max(a, low)), instant(min(b, high))) for a, b in pairs]

    def refuse_if_never_open(self, from_: datetime) -> None:
        """The publication rule: at least one open window within the 400 days from `from_`."""
        if not self.open_spans(from_, from_ + timedelta(days=NEVER_OPEN_WITHIN_DAYS)):
            raise NeverOpen("The calendar has no open window within 400 days.")

    def _day_of(self, at: datetime) -> int:
        return at.astimezone(self.zone).toordinal()

    def _covering(self, *instants: datetime) -> _Table:
        """The table known so far, or a longer one that holds all these instants."""
        table = self._known
        low, high = min(instants), max(instants)
        if table and table.begin <= micros(low) and micros(high) < table.end:
            return table
        first, last = self._day_of(low) - _BACK, self._day_of(high) + _AHEAD
        return self._build(min(first, table.first) if table else first, max(last, table.last) if table else last)

    def _reaching(self, table: _Table, total: int) -> _Table:
        while table.total < total:
            table = self._longer(table)
        return table

    def _reaching_back(self, table: _Table, end: datetime, need: int) -> _Table:
        while table.open_until(end) < need:
            longer = self._build(table.first - _AHEAD, table.last)
            if longer.total == table.total:
                raise NeverOpen("The calendar was not open for 400 days.")
            table = longer
        return table

    def _longer(self, table: _Table) -> _Table:
        longer = self._build(table.first, table.last + _AHEAD)
        if longer.total == table.total:
            raise NeverOpen("The calendar is not open for 400 days.")
        return longer

    def _build(self, first: int, last: int) -> _Table:
        if first < _FIRST_DAY or last > _LAST_DAY:
            raise Invalid("The time lies beyond what a calendar covers (1970 to 2200).", code="beyond_calendar")
        table = _Table(first, last, self._local(first, 0), self._local(last, 0))
        for day in range(first, last):
            spans = self.exceptions.get(date.fromordinal(day)) if self.exceptions else None
            for opens, closes in self.weekly[(day - 1) % 7] if spans is None else spans:
                table.append(day, self._local(day, opens), self._local(day, closes))
        self._known = table  # replaced whole, so readers in other threads never see half of it
        return table

    def _local(self, day: int, second: int) -> int:
        """The instant (microseconds) of a local wall time; 86400 is the next midnight."""
        day, second = day + second // DAY, second % DAY
        hours, rest = divmod(second, 3600)
        moment = date.fromordinal(day)
        wall = datetime(moment.year, moment.month, moment.day, hours, rest // 60, rest % 60, tzinfo=self.zone)
        return round(wall.timestamp()) * 1_000_000


ALWAYS = WorkingTime([windows("00:00-24:00")] * 7)


def _edges(holds: Iterable[Hold]) -> list[datetime]:
    return [edge for hold in holds for edge in hold if edge]


def _clipped(holds: Iterable[Hold], *, until: datetime) -> list[Hold]:
    return [(begin, min(end, until) if end else until) for begin, end in holds if begin < until]
