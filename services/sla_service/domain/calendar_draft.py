"""Drafting a calendar version: its content as it is written down, changes to it, and what two versions differ in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.sla_service.domain.calendar import ExceptionDay, working_time
from shared.kernel.errors import Invalid
from shared.kernel.working_time import WorkingTime, windows

LONGEST_CLOSURE = timedelta(days=60)
MOST_DAYS = 2000
Texts = tuple[str, ...]


@dataclass(frozen=True)
class WrittenDay:
    """A date with windows of its own, as people write it: none means closed."""

    day: date
    name: str
    windows: Texts = ()


@dataclass(frozen=True)
class Closure:
    """Some days in a row on which nobody works; it may lie across the end of a year."""

    first: date
    last: date
    name: str

    def days(self) -> Iterable[WrittenDay]:
        if not timedelta(0) <= self.last - self.first <= LONGEST_CLOSURE:
            raise Invalid("A closure ends on or after its first day and within 60 days.", code="bad_closure")
        count = (self.last - self.first).days + 1
        return (WrittenDay(self.first + timedelta(days=n), self.name) for n in range(count))


@dataclass(frozen=True)
class CalendarContent:
    """What a calendar version says. `horizon_on` is the last day whose closures are known."""

    name_th: str
    zone: str
    weekly: tuple[Texts, ...]
    exceptions: tuple[WrittenDay, ...] = ()
    horizon_on: date | None = None

    def working(self) -> WorkingTime:
        """Counting by it. Raises Invalid for what cannot be counted by."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid("There is no time zone with this name.", code="unknown_zone") from None
        days = [ExceptionDay(one.day, one.name, windows(*one.windows)) for one in self.exceptions]
        return working_time(self.weekly, days, self.zone)


@dataclass(frozen=True)
class CalendarChange:
    """Changes to a content; None and empty leave it as it is. Days replace what was said of them before."""

    name_th: str | None = None
    zone: str | None = None
    weekly: tuple[Texts, ...] | None = None
    days: tuple[WrittenDay, ...] = ()
    closures: tuple[Closure, ...] = ()
    removed: frozenset[date] = frozenset()
    horizon_on: date | None = None


def changed(content: CalendarContent, change: CalendarChange) -> CalendarContent:
    """The content after a change. Raises Invalid when it would make no sense."""
    known = {one.day: one for one in content.exceptions}
    if change.removed - known.keys():
        raise Invalid("Only a day that the calendar names can be taken out.", code="unknown_day")
    kept = {day: one for day, one in known.items() if day not in change.removed}
    closed = {one.day: one for closure in change.closures for one in closure.days()}
    said = {one.day: one for one in change.days}
    if len(said) < len(change.days):
        raise Invalid("A day can be given once only.", code="day_twice")
    days = kept | closed | said
    if len(days) > MOST_DAYS:
        raise Invalid("This is more days than a calendar may name.", code="too_many_days", limit=MOST_DAYS)
    result = replace(
        content,
        name_th=change.name_th or content.name_th,
        zone=change.zone or content.zone,
        weekly=change.weekly if change.weekly is not None else content.weekly,
        exceptions=tuple(days[day] for day in sorted(days)),
        horizon_on=change.horizon_on or content.horizon_on,
    )
    result.working()
    return result


def on_working_days(content: CalendarContent, names: Mapping[date, str]) -> tuple[WrittenDay, ...]:
    """The named days on which the week would be open and about which the content says nothing yet."""
    known = {one.day for one in content.exceptions}
    wanted = [day for day in sorted(names) if content.weekly[day.weekday()] and day not in known]
    return tuple(WrittenDay(day, names[day]) for day in wanted)


@dataclass(frozen=True)
class ChangedDay:
    """A day about which two versions say different things; None: nothing."""

    day: date
    old: WrittenDay | None
    new: WrittenDay | None


@dataclass(frozen=True)
class CalendarDiff:
    """What changes from one version to another; weekdays count from Monday, 0."""

    days: tuple[ChangedDay, ...]
    weekdays: tuple[tuple[int, Texts, Texts], ...]
    fields: Mapping[str, tuple[str | None, str | None]]


def difference(old: CalendarContent, new: CalendarContent) -> CalendarDiff:
    before, after = ({one.day: one for one in content.exceptions} for content in (old, new))
    differing = sorted(day for day in before.keys() | after.keys() if before.get(day) != after.get(day))
    pairs = [(name, _text(getattr(old, name)), _text(getattr(new, name))) for name in ("name_th", "zone", "horizon_on")]
    return CalendarDiff(
        days=tuple(ChangedDay(day, before.get(day), after.get(day)) for day in differing),
        weekdays=tuple(_weekdays(old.weekly, new.weekly)),
        fields={name: (was, now) for name, was, now in pairs if was != now},
    )


def _weekdays(old: Sequence[Texts], new: Sequence[Texts]) -> Iterable[tuple[int, Texts, Texts]]:
    for number, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now:
            yield number, was, now


def _text(value: object) -> str | None:
    return None if value is None else str(value)
