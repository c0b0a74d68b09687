"""What people look at: lists, one case with what other services know of it, search, timelines, the count board."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, literal, or_, select, tuple_

from services.intake_service.store.rows import visible
from services.intake_service.store.tables import (
    TONE_MARKS,
    case_facts,
    cases,
    contacts,
    resolutions,
    timeline,
)
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.errors import NotFound
from shared.kernel.words import HEAD_OFFICE

_NOT_FACTS = {"case_id", "cycle", "clock_seq", "breach_seq"}
_REPORT = ("repaired", "cause", "action", "mister_prapa", "not_repaired_reason", "reported_at")
_PERSONAL = ("name", "phone", "line_id", "email")
_DROP_TONES = str.maketrans("", "", TONE_MARKS)


@dataclass(frozen=True)
class Wanted:
    """Which cases a list shall show; None = all."""

    state: str | None = None
    office: str | None = None
    region: int | None = None
    kind: str | None = None
    subject: str | None = None
    channel: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    at_head_office: bool = False


@dataclass(frozen=True)
class Count:
    """Which cases of a day are counted, and whether by what was known at receipt or by what is known now."""

    day: date
    recorded: bool
    office: str | None = None
    region: int | None = None


@dataclass(frozen=True)
class After:
    """Where the page before ended."""

    instant: datetime
    id: UUID


def searchable(words: str) -> str:
    """Words as the index holds them: small letters, no tone marks."""
    return words.translate(_DROP_TONES).lower()


def seen(*more: ColumnElement[Any]) -> Select[Any]:
    """A case, its contact (masked later), the facts and the branch's report of its present cycle: one row, no N+1."""
    facts = and_(case_facts.c.case_id == cases.c.id, case_facts.c.cycle == cases.c.cycle)
    report = and_(resolutions.c.case_id == cases.c.id, resolutions.c.cycle == cases.c.cycle)
    whole: FromClause = (
        cases.join(contacts, contacts.c.case_id == cases.c.id)
        .outerjoin(case_facts, facts)
        .outerjoin(resolutions, report)
    )
    return select(
        cases,
        *(column.label(f"fact_{column.name}") for column in case_facts.columns if column.name not in _NOT_FACTS),
        *(resolutions.c[name].label(f"report_{name}") for name in _REPORT),
        *(contacts.c[name].label(f"contact_{name}") for name in _PERSONAL),
        contacts.c.erased_at.label("contact_erased_at"),
        *more,
    ).select_from(whole)


async def get(tx: Tx, scope: Scope, *, case_id: UUID | None = None, number: str | None = None) -> Row[Any]:
    """One case by id or number; NotFound when there is none that this reader may see."""
    named = cases.c.id == case_id if case_id is not None else cases.c.number == number
    row = await tx.find(seen().where(named, visible(scope)))
    if row is None:
        raise NotFound("There is no such case.")
    return row


def named(scope: Scope, *, number: str | None, tracking_code: str | None) -> Select[Any]:
    """The case with this number or this tracking code."""
    return seen().where(visible(scope), or_(cases.c.number == number, cases.c.tracking_code == tracking_code))


def newest(scope: Scope, wanted: Wanted, after: After | None, limit: int) -> Select[Any]:
    """Cases by receipt, newest first."""
    statement = seen().where(visible(scope), *_conditions(wanted))
    if after:
        statement = statement.where(tuple_(cases.c.received_at, cases.c.id) < (after.instant, after.id))
    return statement.order_by(cases.c.received_at.desc(), cases.c.id.desc()).limit(limit)


def overdue(scope: Scope, wanted: Wanted, after: After | None, limit: int, *, now: datetime) -> Select[Any]:
    """Open cases whose running clock has passed its end, the most overdue first."""
    running = and_(case_facts.c.due_at.is_not(None), case_facts.c.stopped_at.is_(None), ~case_facts.c.held)
    statement = seen().where(
        running, case_facts.c.due_at < now, cases.c.closed_at.is_(None), visible(scope), *_conditions(wanted)
    )
    if after:
        statement = statement.where(tuple_(case_facts.c.due_at, case_facts.c.case_id) > (after.instant, after.id))
    return statement.order_by(case_facts.c.due_at, case_facts.c.case_id).limit(limit)


def matching(scope: Scope, words: str, after: After | None, limit: int) -> Select[Any]:
    """Cases whose words, place, meter, account, name or phone hold these words; `%`, `_` and `\\` mean themselves."""
    statement = seen().where(
        visible(scope), contacts.c.haystack.contains(searchable(words), autoescape=True, escape="\\")
    )
    if after:
        statement = statement.where(tuple_(cases.c.received_at, cases.c.id) < (after.instant, after.id))
    return statement.order_by(cases.c.received_at.desc(), cases.c.id.desc()).limit(limit)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [
        cases.c[name] == value
        for name in ("state", "office", "region", "kind", "subject", "channel")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.received_from:
        found.append(cases.c.received_at >= wanted.received_from)
    if wanted.received_to:
        found.append(cases.c.received_at < wanted.received_to)
    if wanted.at_head_office:
        found += [cases.c.office == HEAD_OFFICE, cases.c.closed_at.is_(None)]
    return found


async def cycles(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """What was reported and known in each cycle of a case."""
    reports = select(resolutions).where(resolutions.c.case_id == case_id).subquery("reports")
    facts = select(case_facts).where(case_facts.c.case_id == case_id).subquery("facts")
    return await tx.all(
        select(
            func.coalesce(reports.c.cycle, facts.c.cycle).label("cycle"),
            *(column.label(f"fact_{column.name}") for column in facts.columns if column.name not in _NOT_FACTS),
            *(reports.c[name].label(f"report_{name}") for name in (*_REPORT, "resolved_at")),
        )
        .select_from(reports.join(facts, facts.c.cycle == reports.c.cycle, full=True))
        .order_by("cycle")
    )


async def entries(tx: Tx, case_id: UUID, *, after: int, limit: int) -> Sequence[Row[Any]]:
    """A case's timeline, oldest first."""
    mine = select(timeline).where(timeline.c.case_id == case_id, timeline.c.id > after)
    return await tx.all(mine.order_by(timeline.c.id).limit(limit))


async def track(tx: Tx, code: str) -> Row[Any] | None:
    """What a complainant sees: state and dates only."""
    facts = and_(case_facts.c.case_id == cases.c.id, case_facts.c.cycle == cases.c.cycle)
    shown = [cases.c[name] for name in ("state", "received_at", "resolved_at", "closed_at", "cycle")]
    statement = select(*shown, case_facts.c.due_at).select_from(cases.outerjoin(case_facts, facts))
    return await tx.find(statement.where(cases.c.tracking_code == code))


async def counts(tx: Tx, scope: Scope, asked: Count) -> Sequence[Row[Any]]:
    """A day's cases by office, kind, dimension and channel: as recorded at receipt, or as classified now."""
    recorded = asked.recorded
    of_office = cases.c.receiving_office if recorded else cases.c.office
    of_region = cases.c.receiving_region if recorded else cases.c.region
    kind = cases.c.recorded_kind if recorded else cases.c.kind
    dimension = cases.c.recorded_dimension if recorded else cases.c.dimension
    keys = (of_office.label("office"), of_region.label("region"), kind.label("kind"), dimension.label("dimension"))
    grouped = (*keys, cases.c.channel)
    statement = select(*grouped, func.count().label("counted")).where(cases.c.received_on == asked.day)
    statement = statement.where(_counted_for(scope, of_office, of_region))
    if asked.office is not None:
        statement = statement.where(of_office == asked.office)
    if asked.region is not None:
        statement = statement.where(of_region == asked.region)
    return await tx.all(statement.group_by(*grouped).order_by(of_office, kind, dimension, cases.c.channel))


def _counted_for(scope: Scope, office: ColumnElement[str], region: ColumnElement[Any]) -> ColumnElement[bool]:
    mine = or_(literal(scope.everything), office.in_(sorted(scope.offices)), region.in_(sorted(scope.regions)))
    return mine if scope.restricted else and_(mine, cases.c.restricted.is_(False))
