"""Escalation's own copies of the calendars that sla published: what the hours of a ladder are counted on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.escalation_service.domain.holds import Span, after_unheld
from shared.kernel.clock import BANGKOK
from shared.kernel.working_time import ALWAYS as EVERY_HOUR
from shared.kernel.working_time import WorkingTime, windows

ALWAYS = "always"
HORIZON_WARNING = timedelta(days=60)
Week = tuple[tuple[str, ...], ...]
Exceptions = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class CalendarCopy:
    """One published version of a calendar. `horizon_on` None: it needs no dated days."""

    code: str
    version: int
    working: WorkingTime
    horizon_on: date | None = None

    def after(self, start: datetime, amount: timedelta, held: Sequence[Span]) -> datetime | None:
        """The earliest instant at which `amount` was open and not held since `start`; None while that is held."""
        if self.working is EVERY_HOUR:
            return after_unheld(start, amount, held)
        return self.working.due(start, amount, [(span.begin, span.end) for span in held])

    def ends_soon(self, now: datetime) -> bool:
        """Whether its dated days end within 60 days: what is counted beyond that is a guess."""
        return self.horizon_on is not None and self.horizon_on < (now + HORIZON_WARNING).astimezone(BANGKOK).date()


# Every hour of every day: known to everybody, needs no copy.
AROUND_THE_CLOCK = CalendarCopy(ALWAYS, 1, EVERY_HOUR)


def working_time(
    weekly: Iterable[Iterable[str]], exceptions: Iterable[tuple[str, Iterable[str]]], zone: str
) -> WorkingTime:
    """Counting for a calendar as it is written in the event: seven lists of `HH:MM-HH:MM`, dated days instead."""
    return _working_time(tuple(map(tuple, weekly)), tuple((day, tuple(open_)) for day, open_ in exceptions), zone)


@lru_cache(maxsize=64)
def _working_time(weekly: Week, exceptions: Exceptions, zone: str) -> WorkingTime:
    dated = {date.fromisoformat(day): windows(*open_) for day, open_ in exceptions}
    return WorkingTime([windows(*day) for day in weekly], dated, ZoneInfo(zone))
