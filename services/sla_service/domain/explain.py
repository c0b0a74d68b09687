"""Why a clock stands where it stands: every counted and skipped stretch with its reason."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.sla_service.domain.calendar import CalendarVersion
from services.sla_service.domain.evaluate import Clock
from services.sla_service.domain.facts import CaseFacts
from shared.kernel.working_time import Hold

COUNTED = "working_time"
OUTSIDE_HOURS = "outside_hours"
CASE_CLOSED = "case_closed"
Labelled = tuple[Hold, str]


@dataclass(frozen=True)
class Stretch:
    """A stretch of one kind. `used` is the budget used up by its end; `day_name` names a holiday."""

    began_at: datetime
    ended_at: datetime
    counted: bool
    reason: str
    overdue: bool
    used: timedelta
    day_name: str | None = None


def explain(clock: Clock, facts: CaseFacts, at: datetime) -> list[Stretch]:
    """The life of a clock until it stopped, or until `at`."""
    until = min(at, clock.stopped_at) if clock.stopped_at else at
    holds = [(hold, facts.reason_at(hold[0]) or CASE_CLOSED) for hold in clock.holds]
    return stretches(clock.calendar, (clock.started_at, until), holds, clock.due_at)


def stretches(
    calendar: CalendarVersion, span: tuple[datetime, datetime], holds: Sequence[Labelled], due_at: datetime | None
) -> list[Stretch]:
    """Cut a span at every change of hours, hold or deadline, and say of each piece whether it counts."""
    begin, end = span
    open_spans = calendar.working.open_spans(begin, end)
    edges = [edge for one in open_spans for edge in one]
    edges += [edge for (held_at, until), _ in holds for edge in (held_at, until) if edge]
    edges += [begin, end, *([due_at] if due_at else [])]
    cuts = sorted({edge for edge in edges if begin <= edge <= end})
    found: list[Stretch] = []
    used, place = timedelta(0), 0
    for left, right in itertools.pairwise(cuts):
        while place < len(open_spans) and open_spans[place][1] <= left:
            place += 1
        is_open = place < len(open_spans) and open_spans[place][0] <= left
        piece = _piece(calendar, (left, right), is_open=is_open, hold=_hold_at(holds, left))
        used += right - left if piece.counted else timedelta(0)
        piece = replace(piece, used=used, overdue=due_at is not None and left >= due_at)
        _join(found, piece)
    return found


def _piece(calendar: CalendarVersion, span: tuple[datetime, datetime], *, is_open: bool, hold: str | None) -> Stretch:
    counted = is_open and hold is None
    reason = hold or (COUNTED if is_open else OUTSIDE_HOURS)
    closed_on = span[0].astimezone(calendar.working.zone).date()
    day_name = calendar.name_of(closed_on) if not is_open and hold is None else None
    return Stretch(*span, counted, reason, overdue=False, used=timedelta(0), day_name=day_name)


def _hold_at(holds: Sequence[Labelled], at: datetime) -> str | None:
    return next((why for (begin, end), why in holds if begin <= at and (end is None or at < end)), None)


def _join(found: list[Stretch], piece: Stretch) -> None:
    """Append, or lengthen the last stretch when nothing but the cut separates them."""
    if found and (found[-1].counted, found[-1].reason, found[-1].overdue) == (
        piece.counted,
        piece.reason,
        piece.overdue,
    ):
        name = found[-1].day_name or piece.day_name
        found[-1] = replace(found[-1], ended_at=piece.ended_at, used=piece.used, day_name=name)
    else:
        found.append(piece)
