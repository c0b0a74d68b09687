"""What would have happened under drafts: the same facts under other rules, counted beside what was recorded."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from services.sla_service.domain.calendar import CalendarVersion
from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import AT_DUE, Key, Recorded
from services.sla_service.domain.evaluate import BREACHED, MET, Book, Clock, evaluate
from services.sla_service.domain.facts import CaseFacts
from services.sla_service.domain.policy import PolicyVersion
from shared.kernel.clock import BANGKOK

LONG_AGO = datetime.min.replace(tzinfo=UTC)
Fired = tuple[int, datetime]  # level of a breach and when it was declared
REAL = "real_"


@dataclass(frozen=True)
class Drafts:
    """The rules to try: policies as if they had always been in force, and a calendar version for all its clocks."""

    policies: tuple[PolicyVersion, ...] = ()
    calendar: CalendarVersion | None = None

    def book(self, book: Book) -> Book:
        """All rules with the drafts in place of what they would replace."""
        taken = {one.selector for one in self.policies}
        always = tuple(replace(one, effective_from=LONG_AGO, effective_to=None) for one in self.policies)
        calendars = dict(book.calendars)
        if self.calendar is not None:
            calendars = {one.id: one for one in calendars.values() if one.code != self.calendar.code}
            calendars[self.calendar.id] = self.calendar
        return Book((*always, *(one for one in book.policies if one.selector not in taken)), calendars)


@dataclass
class Tally:
    """Counts by (office, region, metric) and by (office, region, day); names with `real_` are what was recorded."""

    offices: dict[tuple[str, int | None, str], Counter[str]] = field(default_factory=dict)
    load: dict[tuple[str, int | None, date], Counter[str]] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        for office, counts in other.offices.items():
            self.offices.setdefault(office, Counter()).update(counts)
        for day, counts in other.load.items():
            self.load.setdefault(day, Counter()).update(counts)

    def judge(self, file: CaseFile, metric: str, side: str, judged: "Judged") -> None:
        counts = self.offices.setdefault((file.office, file.region, metric), Counter())
        counts[side + "clocks"] += 1
        counts[side + "judged"] += judged.is_judged
        counts[side + "on_time"] += judged.is_on_time
        counts[side + "breaches"] += judged.is_late

    def fire(self, file: CaseFile, what: str, at: datetime) -> None:
        day = at.astimezone(BANGKOK).date()
        self.load.setdefault((file.office, file.region, day), Counter())[what] += 1


@dataclass(frozen=True)
class Judged:
    """What became of a clock. One that is overdue and still runs counts as late."""

    verdict: str | None
    is_late: bool

    @property
    def is_judged(self) -> bool:
        return self.is_late or self.verdict in (MET, BREACHED)

    @property
    def is_on_time(self) -> bool:
        return self.verdict == MET and not self.is_late


@dataclass(frozen=True)
class Past:
    """A case as it is on record: its facts, its clocks as saved, and the breaches that were declared."""

    file: CaseFile
    facts: CaseFacts
    recorded: Mapping[Key, Recorded]
    fired: tuple[Fired, ...] = ()


def replay(tally: Tally, past: Past, book: Book, drafts: Book, at: datetime) -> None:
    """Count one case: as it went, and as it would have gone."""
    _count_real(tally, past, book, at)
    kept = {key: pin for key, pin in past.facts.pins.items() if pin.calendar in drafts.calendars}
    for clock in evaluate(drafts, replace(past.facts, pins=kept), at):
        tally.judge(past.file, clock.metric, "", Judged(clock.verdict, clock.breached_at is not None))
        for what, instant in firings(clock, at):
            tally.fire(past.file, what, instant)


def _count_real(tally: Tally, past: Past, book: Book, at: datetime) -> None:
    for (metric, _), was in past.recorded.items():
        tally.judge(past.file, metric, REAL, Judged(was.verdict, was.breach is not None or was.verdict == BREACHED))
    for clock in evaluate(book, past.facts, at):
        was_told = past.recorded.get((clock.metric, clock.cycle))
        for warning, instant in _warnings(clock, at):
            if was_told and warning in was_told.warned:
                tally.fire(past.file, REAL + "warnings", instant)
    for level, instant in past.fired:
        tally.fire(past.file, REAL + ("breaches" if level == AT_DUE else "very_late"), instant)


def firings(clock: Clock, at: datetime) -> Iterable[tuple[str, datetime]]:
    """What the timer would have fired for a clock up to an instant."""
    yield from (("warnings", instant) for _, instant in _warnings(clock, at))
    if clock.breached_at is not None:
        yield "breaches", clock.breached_at
        yield from (("very_late", max(reached, clock.breached_at)) for _, reached in clock.late_at if reached < at)


def _warnings(clock: Clock, at: datetime) -> Iterator[tuple[str, datetime]]:
    """The warnings whose instant came while the clock ran and before its deadline."""
    working, until = clock.calendar.working, min(clock.stopped_at or at, at)
    for warn in clock.policy.warnings:
        instant = None
        if warn.fraction is not None:
            instant = working.due(clock.started_at, clock.budget * warn.fraction, clock.holds)
        elif warn.before is not None and clock.due_at is not None:
            instant = working.subtract(clock.due_at, warn.before, clock.holds)
        if instant is not None and instant < until and (clock.due_at is None or instant < clock.due_at):
            yield warn.level, max(instant, clock.opened_at)
