"""SQL for what officers answer to rungs: acknowledgements, promises, hand-overs; and the rungs without an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.messages import Kind
from services.escalation_service.store import subjects
from services.escalation_service.store.directory_tables import OFFICER
from services.escalation_service.store.follow_ups import visible
from services.escalation_service.store.message_tables import ANSWER, MESSAGE
from services.escalation_service.store.tables import CASE_FILE, LADDER, RUNG
from shared.db import Tx
from shared.kernel.access import Scope

R, F, L = RUNG.c, CASE_FILE.c, LADDER.c


@dataclass(frozen=True)
class Filters:
    """What a reader of the unanswered rungs asks for."""

    office: str | None = None
    region: int | None = None
    rung: int | None = None
    fired_before: datetime | None = None
    not_told: bool | None = None


async def add(tx: Tx, row: Mapping[str, object]) -> None:
    await tx.execute(insert(ANSWER).values(dict(row)))


async def of_case(tx: Tx, case_id: UUID) -> Sequence[Row[Any]]:
    """What was answered in a case, in order."""
    return await tx.all(
        select(ANSWER).where(ANSWER.c.case_id == case_id).order_by(ANSWER.c.answered_at, ANSWER.c.answer_id)
    )


async def put_in_charge(tx: Tx, rung_id: UUID, staff_code: str, name: str | None) -> None:
    await tx.execute(update(RUNG).where(R.rung_id == rung_id).values(in_charge=staff_code, in_charge_name=name))


async def promise(tx: Tx, rung_id: UUID, promised_at: datetime) -> None:
    await tx.execute(update(RUNG).where(R.rung_id == rung_id).values(promised_at=promised_at))


def answers_for(scope: Scope, staff_code: str) -> ColumnElement[bool]:
    """Cases of which a rung was handed to this person, or called upon them and still waits for an answer."""
    called = and_(R.officer_code == staff_code, R.settled_at.is_(None))
    mine = select(R.rung_id).where(R.case_id == F.case_id, or_(R.in_charge == staff_code, called)).exists()
    return mine if scope.restricted else and_(mine, F.restricted.is_(False))


async def is_in_charge(tx: Tx, scope: Scope, case_id: UUID, staff_code: str) -> bool:
    """Whether this person answers for some rung of the case."""
    return await tx.find(select(F.case_id).where(F.case_id == case_id, answers_for(scope, staff_code))) is not None


async def officer(tx: Tx, staff_code: str) -> Row[Any] | None:
    return await tx.find(select(OFFICER).where(OFFICER.c.staff_code == staff_code))


async def officers(tx: Tx, staff_codes: Sequence[str]) -> Mapping[str, Row[Any]]:
    rows = await tx.all(select(OFFICER).where(OFFICER.c.staff_code.in_(sorted(set(staff_codes)))))
    return {row.staff_code: row for row in rows}


async def correct(tx: Tx, breach_id: UUID, at: datetime, reason: str) -> Sequence[Row[Any]]:
    """Mark the rungs that were fired for a breach that had not happened; those that were not marked before."""
    fired = and_(R.breach_id == breach_id, R.state == "fired", R.corrected_at.is_(None))
    marked = {"corrected_at": at, "corrected_reason": reason, "settled_at": func.coalesce(R.settled_at, at)}
    return await tx.all(update(RUNG).where(fired).values(marked).returning(R.rung_id, R.rung))


async def settle(tx: Tx, case_id: UUID, cycle: int, at: datetime) -> None:
    """The cycle is over: nobody waits for an answer to its rungs."""
    waiting = and_(R.case_id == case_id, R.cycle == cycle, R.state == "fired", R.settled_at.is_(None))
    await tx.execute(update(RUNG).where(waiting).values(settled_at=at))


async def unanswered(
    tx: Tx, scope: Scope, wanted: Filters, *, after: tuple[datetime, UUID] | None, most: int
) -> Sequence[Row[Any]]:
    """A page of fired rungs that nobody has acknowledged, the oldest first."""
    call = select(MESSAGE.c.state).where(MESSAGE.c.rung_id == R.rung_id, MESSAGE.c.kind == Kind.CALL)
    told = call.limit(1).scalar_subquery()
    named = subjects.name(F.subject, tx.now)
    open_rung = and_(R.state == "fired", R.acknowledged_at.is_(None), R.settled_at.is_(None))
    statement = (
        select(RUNG, F.number, F.office.label("case_office"), F.region, F.subject, F.severity, L.due_at)
        .add_columns(told.label("told"), named.label("subject_name"))
        .join(CASE_FILE, F.case_id == R.case_id)
        .join(LADDER, and_(L.case_id == R.case_id, L.cycle == R.cycle))
        .where(open_rung, visible(scope))
    )
    for column, value in ((F.office, wanted.office), (F.region, wanted.region), (R.rung, wanted.rung)):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.fired_before is not None:
        statement = statement.where(R.fired_at <= wanted.fired_before)
    if wanted.not_told is not None:
        state = func.coalesce(told, "")
        statement = statement.where(state == "not_told" if wanted.not_told else state != "not_told")
    if after is not None:
        statement = statement.where(tuple_(R.fired_at, R.rung_id) > tuple_(*after))
    return await tx.all(statement.order_by(R.fired_at, R.rung_id).limit(most))
