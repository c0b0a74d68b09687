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
