"""Deadlines computed a second by the pure domain: no database, one processor."""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.sla_service.domain.calendar import CalendarVersion, ExceptionDay, working_time
from services.sla_service.domain.evaluate import Book, evaluate
from services.sla_service.domain.facts import HOLD, CaseFacts, Classification, Edge
from services.sla_service.domain.policy import PolicyVersion, Selector, Target, Warn
from shared.reference import holidays

_WEEK = [["08:30-16:30"]] * 5 + [[], []]
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_PAUSE = "information_from_complainant"


@dataclass(frozen=True)
class Rate:
    """How many in one second of processor time."""

    title: str
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def measure(count: int) -> list[Rate]:
    """The bare deadline in office hours, and all that is known of a case of one hold, each `count` times."""
    closed = [ExceptionDay(one.day, one.name_th) for one in holidays(2026)]
    calendar = CalendarVersion(UUID(int=1), "office", 1, working_time(_WEEK, closed), tuple(closed))
    policy = PolicyVersion(
        id=UUID(int=2), code="benchmark", version=1, selector=Selector(), effective_from=_SINCE, effective_to=None,
        targets=(Target("resolve", 24, "office", "office"),), warnings=(Warn("75%", fraction=0.75),),
        pause_reasons=frozenset({_PAUSE}),
    )  # fmt: skip
    book = Book((policy,), {calendar.id: calendar})
    dice = random.Random(20)
    starts = [datetime(2026, 2, 2, tzinfo=UTC) + timedelta(minutes=dice.randrange(200_000)) for _ in range(count)]
    budgets = [timedelta(minutes=dice.randrange(1, 6000)) for _ in range(count)]
    cases = [_facts(start) for start in starts]
    began = time.process_time()
    for start, budget in zip(starts, budgets, strict=True):
        calendar.working.due(start, budget, ())
    bare = time.process_time() - began
    began = time.process_time()
    for start, facts in zip(starts, cases, strict=True):
        evaluate(book, facts, start + timedelta(days=4))
    whole = time.process_time() - began
    return [Rate("deadline of a budget", count, bare), Rate("clock of a case with a hold", count, whole)]


def _facts(received_at: datetime) -> CaseFacts:
    hold = Edge(HOLD, 1, 2, _PAUSE, received_at + timedelta(hours=3), received_at + timedelta(hours=30))
    first = Classification(1, 1, received_at, "complaint", "Q01", "normal")
    return CaseFacts(received_at, "website", "1102", (hold,), (first,))
