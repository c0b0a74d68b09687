"""Calendar versions: immutable working time under a code, with the day up to which its closed days are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.kernel.clock import BANGKOK
from shared.kernel.working_time import Windows, WorkingTime, windows

ALWAYS = "always"
OFFICE = "office"
HORIZON_WARNING = timedelta(days=60)


@dataclass(frozen=True)
class ExceptionDay:
    """A date that replaces the week's windows: closed (none), half day, or make-up day."""

    day: date
    name: str
    windows: Windows = ()


@dataclass(frozen=True)
class CalendarVersion:
    """One published (or drafted) state of a calendar; it never changes. `horizon_on` None: it needs no dated days."""

    id: UUID
    code: str
    version: int
    working: WorkingTime
    exceptions: tuple[ExceptionDay, ...] = ()
    horizon_on: date | None = None
    published_at: datetime | None = None

    def name_of(self, day: date) -> str | None:
        return next((exception.name for exception in self.exceptions if exception.day == day), None)

    def ends_soon(self, now: datetime) -> bool:
        """Whether its dated days end within 60 days: deadlines beyond that are guesses."""
        return self.horizon_on is not None and self.horizon_on < (now + HORIZON_WARNING).astimezone(BANGKOK).date()


def working_time(
    weekly: Sequence[Sequence[str]], exceptions: Iterable[ExceptionDay] = (), zone: str = "Asia/Bangkok"
) -> WorkingTime:
    """Counting for a calendar as it is written down: seven lists of `HH:MM-HH:MM`, Monday first."""
    return WorkingTime([windows(*day) for day in weekly], {one.day: one.windows for one in exceptions}, ZoneInfo(zone))
