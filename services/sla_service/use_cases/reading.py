"""Answers to questions: the clocks of a case, why they stand so, and what a target would give."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.sla_service.domain.calendar import CalendarVersion
from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import AT_DUE
from services.sla_service.domain.evaluate import Clock, evaluate
from services.sla_service.domain.explain import Stretch, explain, stretches
from services.sla_service.domain.policy import Target
from services.sla_service.store import decisions, ledger, reads, versions
from services.sla_service.store.book import calendar_of, read_book
from services.sla_service.store.reads import BreachFilter
from shared.db import Row, Tx
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.working_time import Hold

FURTHEST = timedelta(days=3 * 366)
MOST_DECISIONS = 200


@dataclass(frozen=True)
class CaseClocks:
    """A case with its clocks as of an instant, and every breach on record."""

    file: CaseFile
    at: datetime
    clocks: tuple[Clock, ...]
    breaches: Sequence[Row[Any]]


@dataclass(frozen=True)
class Explained:
    """A clock with the stretches that it counted and skipped."""

    clock: Clock
    stretches: list[Stretch]


@dataclass(frozen=True)
class Calculated:
    """What a target gives: the budget in open time and the deadline, None while a hold has not ended."""

    calendar: str
    budget: timedelta
    due_at: datetime | None
    stretches: list[Stretch]


async def clocks_of(tx: Tx, case_id: UUID) -> CaseClocks:
    file = await _visible(tx, case_id)
    facts = await ledger.read(tx, [file])
    clocks = evaluate(await read_book(tx), facts[case_id], tx.now)
    return CaseClocks(file, tx.now, clocks, await reads.breaches_of(tx, tx.actor.scope, case_id))


@dataclass(frozen=True)
class CaseExplained:
    """The clocks of a case as of an instant, and the decisions that had been taken about them by then."""

    file: CaseFile
    at: datetime
    clocks: list[Explained]
    decisions: Sequence[Row[Any]]


async def explain_case(tx: Tx, case_id: UUID, at: datetime | None) -> CaseExplained:
    """As the facts known today show the clocks at an instant; raises Invalid for one that has not come."""
    moment = at or tx.now
    if moment > tx.now:
        raise Invalid("Only what has happened can be explained.", code="future_instant")
    file = await _visible(tx, case_id)
    facts = (await ledger.read(tx, [file]))[case_id].until(moment)
    clocks = evaluate(await read_book(tx), facts, moment)
    explained = [Explained(clock, explain(clock, facts, moment)) for clock in clocks]
    return CaseExplained(file, moment, explained, await decisions.of_case(tx, case_id, moment, MOST_DECISIONS))


def why(clock: Clock, taken: Sequence[Row[Any]]) -> str:
    """In a word, why a clock has or has not fired, by what was decided until then."""
    own = [row for row in taken if (row.metric, row.cycle) == (clock.metric, clock.cycle)]
    missed = f"/{AT_DUE}"  # a very late tier may be taken back while the missed deadline stands
    breaches = [
        row.what for row in own if row.what == "breached" or (row.what == "voided" and row.reason.endswith(missed))
    ]
    if breaches and breaches[-1] == "breached":
        return "breached"
    if clock.stopped_at and not clock.breached_at:
        return "stopped"
    if clock.breached_at is None:
        return "held" if clock.held_at else "not_due_yet"
    since = [row for row in taken if row.what == "held_back" and row.decided_at >= clock.breached_at]
    return "held_back" if since else "awaits_timer"


async def list_breaches(
    tx: Tx, wanted: BreachFilter, *, after: tuple[datetime, UUID] | None, most: int
) -> Sequence[Row[Any]]:
    return await reads.list_breaches(tx, tx.actor.scope, wanted, after=after, most=most)


async def calculate(
    tx: Tx, target: Target, start: datetime, holds: Sequence[Hold], version: int | None = None
) -> Calculated:
    """The deadline that a target gives, before any case exists. Raises Invalid for an unknown calendar."""
    instants = [start, *(edge for hold in holds for edge in hold if edge)]
    if any(abs(at - tx.now) > FURTHEST for at in instants):
        raise Invalid("No calendar says anything about times more than three years away.", code="absurd_time")
    calendar = await _calendar(tx, target.calendar, version)
    budget = target.budget(calendar.working, start)
    due_at = calendar.working.due(start, budget, holds)
    last = due_at or max(begin for begin, end in holds if end is None)
    labelled = [(hold, "hold") for hold in holds]
    pieces = stretches(calendar, (start, max(last, start)), labelled, due_at)
    return Calculated(f"{calendar.code}/{calendar.version}", budget, due_at, pieces)


async def _calendar(tx: Tx, code: str, version: int | None) -> CalendarVersion:
    """The newest published version, or the one named, which may be a draft."""
    if version is not None:
        row = await versions.find(tx, versions.CALENDARS, code, version)
        if row is None:
            raise Invalid("There is no such version of a calendar.", code="unknown_calendar")
        return calendar_of(row)
    book = await read_book(tx)
    if code not in {one.code for one in book.calendars.values()}:
        raise Invalid("There is no published calendar with this code.", code="unknown_calendar")
    return book.calendar(code)


async def _visible(tx: Tx, case_id: UUID) -> CaseFile:
    file = await reads.find_case(tx, tx.actor.scope, case_id)
    if file is None:
        raise NotFound("There is no such case.")
    return file
