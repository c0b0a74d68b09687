"""An oracle for working time that walks second by second and shares no code with the engine."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Spans = Sequence[tuple[int, int]]
Held = Sequence[tuple[int, int | None]]


class Stepper:
    """Counts open seconds one at a time; instants are whole seconds since 1970."""

    def __init__(self, weekly: Sequence[Spans], exceptions: Mapping[date, Spans], zone: str) -> None:
        self.weekly, self.exceptions, self.zone = weekly, exceptions, ZoneInfo(zone)

    def is_open(self, second: int) -> bool:
        wall = datetime.fromtimestamp(second, UTC).astimezone(self.zone)
        of_day = wall.hour * 3600 + wall.minute * 60 + wall.second
        spans = self.exceptions.get(wall.date(), self.weekly[wall.weekday()])
        return any(opens <= of_day < closes for opens, closes in spans)

    def counts(self, second: int, holds: Held) -> bool:
        is_held = any(begin <= second and (end is None or second < end) for begin, end in holds)
        return not is_held and self.is_open(second)

    def due(self, start: int, budget: int, holds: Held, limit: int) -> int | None:
        """The first second at which `budget` is used up; None when it is not within `limit` seconds."""
        second = start
        while budget > 0:
            if second >= start + limit:
                return None
            budget -= self.counts(second, holds)
            second += 1
        return second

    def used(self, begin: int, end: int, holds: Held) -> int:
        return sum(self.counts(second, holds) for second in range(begin, end))


DAY = 86_400


class CaseStepper:
    """The clock of a repair, one second after the other, over some days of Bangkok time; shares no code with it.

    Seconds are counted from the first local midnight. `holds` and `closed` are painted over the calendar; what is
    held uses up the budget of pauses as long as there is one, and only then the clock.
    """

    def __init__(self, first: date, weekly: Sequence[Spans], exceptions: Mapping[date, Spans], days: int) -> None:
        self.days, self.length = days, days * DAY
        self.open = bytearray(self.length)
        for n in range(days):
            day = date.fromordinal(first.toordinal() + n)
            for opens, closes in exceptions.get(day, weekly[day.weekday()]):
                self.open[n * DAY + opens : n * DAY + closes] = b"\x01" * (closes - opens)

    def closing_of(self, day: int) -> int | None:
        """The second after the last open one of a day."""
        last = self.open.rfind(b"\x01", day * DAY, (day + 1) * DAY)
        return None if last < 0 else last + 1

    def days_later(self, start: int, count: int, *, working: bool) -> int | None:
        """The close of the `count`-th open day after the day of `start`, or of the first open one that far away."""
        today = start // DAY
        later = [self.closing_of(day) for day in range(today + (1 if working else count), self.days)]
        closes = [close for close in later if close is not None]
        place = count - 1 if working else 0
        return closes[place] if len(closes) > place else None

    def between(self, begin: int, end: int) -> int:
        return self.open.count(1, begin, end)

    def reach(
        self, start: int, budgets: Sequence[int], holds: Held, closed: Held, pauses: int | None
    ) -> list[int | None]:
        """For each budget the first second at which it is used up; None where that is not within these days."""
        held, shut = self._painted(holds), self._painted(closed)
        wanted, found = sorted(budgets), dict.fromkeys(budgets)
        used, left = 0, pauses
        for second, (is_open, is_shut, is_held) in enumerate(zip(self.open, shut, held, strict=True)):
            if second < start or not is_open or is_shut:
                continue
            if is_held and (left is None or left > 0):
                left = None if left is None else left - 1
                continue
            used += 1
            while wanted and used == wanted[0]:
                found[wanted.pop(0)] = second + 1
            if not wanted:
                break
        return [found[budget] for budget in budgets]

    def _painted(self, spans: Held) -> bytearray:
        painted = bytearray(self.length)
        for begin, end in spans:
            until = self.length if end is None else min(end, self.length)
            painted[begin:until] = b"\x01" * max(until - begin, 0)
        return painted
