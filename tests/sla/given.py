"""Builders for the SLA tests: calendars, policies and ledgers as the vectors and the seeds have them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from services.sla_service.domain.calendar import CalendarVersion, ExceptionDay, working_time
from services.sla_service.domain.evaluate import Book
from services.sla_service.domain.facts import CLOSED, HOLD, CaseFacts, Classification, Edge
from services.sla_service.domain.policy import PolicyVersion, Selector, Target, Warn
from shared.kernel.clock import BANGKOK
from shared.kernel.working_time import Hold, Windows, windows
from shared.reference import holidays

NAMES = UUID("5f2d3a52-5f0e-4c3f-9f43-0f2f6f2f7a11")
OPEN_HOURS = windows("08:30-16:30")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
WARN_75 = Warn("75%", fraction=0.75)
INFORMATION = "information_from_complainant"


def bangkok(text: str) -> datetime:
    """An instant written as local time: 2026-02-03 09:00."""
    return datetime.fromisoformat(text).replace(tzinfo=BANGKOK).astimezone(UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def office_days(extra: Iterable[tuple[date, Windows]] = ()) -> list[ExceptionDay]:
    days = [ExceptionDay(one.day, one.name_th) for one in holidays(2026)]
    return days + [ExceptionDay(day, "test", spans) for day, spans in extra]


def calendar(code: str, exceptions: Sequence[ExceptionDay] = (), version: int = 1) -> CalendarVersion:
    weekly = [["00:00-24:00"]] * 7 if code == "always" else [["08:30-16:30"]] * 5 + [[], []]
    working = working_time(weekly, exceptions)
    return CalendarVersion(uuid5(NAMES, f"{code}/{version}"), code, version, working, tuple(exceptions))


ALWAYS_V1 = calendar("always")
OFFICE_V1 = calendar("office", office_days())


def policy(code: str, target: Target, *, kind: str = "*", subject: str = "*") -> PolicyVersion:
    return PolicyVersion(
        id=uuid5(NAMES, code),
        code=code,
        version=1,
        selector=Selector(kind=kind, subject=subject),
        effective_from=LONG_AGO,
        effective_to=None,
        targets=(target,),
        warnings=(WARN_75,),
        pause_reasons=frozenset({INFORMATION}),
    )


def book(*policies: PolicyVersion, calendars: Sequence[CalendarVersion] = (ALWAYS_V1, OFFICE_V1)) -> Book:
    return Book(policies, {one.id: one for one in calendars})


def resolve(amount: int, unit: str = "office", calendar_code: str = "office") -> Target:
    return Target("resolve", amount, unit, calendar_code)


def held(holds: Iterable[Hold], cycle: int = 1) -> list[Edge]:
    return [Edge(HOLD, cycle, 100 + n, INFORMATION, begin, end) for n, (begin, end) in enumerate(holds)]


def closed(at: datetime, *, cycle: int = 1, seq: int = 500, reason: str = "resolved") -> Edge:
    return Edge(CLOSED, cycle, seq, reason, began_at=at)


def reopened(at: datetime, *, cycle: int = 2, seq: int = 600, mode: str = "continue") -> Edge:
    return Edge(CLOSED, cycle, seq, mode, ended_at=at)


def classified(subject: str, at: datetime, *, seq: int = 2, cycle: int = 1) -> Classification:
    return Classification(cycle, seq, at, "complaint", subject, "normal")


def facts(received_at: datetime, *edges: Edge, classifications: Sequence[Classification] = ()) -> CaseFacts:
    """A case of subject A unless classified otherwise."""
    first = Classification(1, 1, received_at, "complaint", "A", "normal")
    return CaseFacts(received_at, "website", "1102", edges, (first, *classifications))
