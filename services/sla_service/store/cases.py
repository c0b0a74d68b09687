"""Statements on case files: lock, claim what is due, save, and what waits too long."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, ScalarSelect, Select, Uuid, and_, any_, bindparam, func, or_, select, update

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.metrics import INTAKE_LANE, LANES, REPORTING_LANE, SURVEY_LANE
from services.sla_service.store.tables import case_file
from shared.db import Tx
from shared.db.bulk import changing, inserting
from shared.db.tx import as_json

_HOLD = {INTAKE_LANE: "hold_fire_until", SURVEY_LANE: "survey_hold_until", REPORTING_LANE: "reporting_hold_until"}
DUE = {INTAKE_LANE: "next_due_at", SURVEY_LANE: "survey_due_at", REPORTING_LANE: "reporting_due_at"}
COLUMNS = [column for column in case_file.c if column.name not in (*_HOLD.values(), "trouble")]
_NAMES = tuple(str(column.name) for column in COLUMNS)
_LOCK = (
    select(*COLUMNS)
    .where(case_file.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Uuid))))
    .order_by(case_file.c.case_id)
    .with_for_update()
)
_ADD = inserting(case_file, _NAMES)
_SAVE = changing(case_file)  # what a row leaves out, holds and trouble, ends


async def lock_all(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    """The files of those cases that have one, locked in one order."""
    found = await _lock(tx, sorted(case_ids))
    await tx.read_clock()
    return found


async def _lock(tx: Tx, case_ids: Sequence[UUID]) -> dict[UUID, CaseFile]:
    return {row.case_id: as_file(row) for row in await tx.all(_LOCK, {"case_ids": case_ids})}


async def lock(tx: Tx, case_id: UUID) -> CaseFile:
    """The file of a case that is known, locked."""
    row = await tx.lock(_LOCK, {"case_ids": [case_id]})
    if row is None:
        raise LookupError("a case file that was just seen is gone")
    return as_file(row)


def due_before(covered_until: datetime, now: datetime, most: int, lane: str = INTAKE_LANE) -> Select[Any]:
    """The claim: case files that want attention, oldest first. Costs as much as is due, not as is open."""
    due_at = case_file.c[DUE[lane]]
    holds = {_HOLD[INTAKE_LANE], _HOLD[lane]}
    return (
        select(*COLUMNS)
        .where(
            due_at < covered_until,
            *(or_(case_file.c[name].is_(None), case_file.c[name] <= now) for name in sorted(holds)),
        )
        .order_by(due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )


async def claim_due(tx: Tx, covered_until: datetime, most: int, lane: str = INTAKE_LANE) -> list[CaseFile]:
    """Case files to look at now that no other worker holds."""
    return [as_file(row) for row in await tx.all(due_before(covered_until, tx.now, most, lane))]


def _next(lane: str) -> ScalarSelect[datetime | None]:
    due_at, holds = case_file.c[DUE[lane]], {_HOLD[INTAKE_LANE], _HOLD[lane]}
    free = [case_file.c[name].is_(None) for name in sorted(holds)]
    return select(due_at).where(due_at.is_not(None), *free).order_by(due_at).limit(1).scalar_subquery()


_NEXT = select(*(_next(lane).label(lane) for lane in LANES))


async def next_due(tx: Tx) -> Mapping[str, datetime | None]:
    """By lane, the earliest instant at which a case file that nothing holds back wants attention, past or to come."""
    row = await tx.find(_NEXT)
    return {lane: getattr(row, lane) for lane in LANES}


async def add(tx: Tx, files: Sequence[CaseFile]) -> None:
    """Open files. One that another process has opened meanwhile raises."""
    if files:
        await tx.fetch(_ADD, as_json([_row(file) for file in files]))


async def save(tx: Tx, files: Sequence[CaseFile]) -> None:
    if files:
        await tx.fetch(_SAVE, as_json([_row(file) for file in files]))


def _row(file: CaseFile) -> dict[str, Any]:
    return {name: getattr(file, name) for name in _NAMES}


async def hold_fire(
    tx: Tx, case_ids: Sequence[UUID], until: datetime, trouble: str | None = None, lane: str = INTAKE_LANE
) -> None:
    """Keep these out of the lane's claims until then: news of them is missing, or they could not be evaluated."""
    statement = update(case_file).where(case_file.c.case_id.in_(case_ids))
    await tx.execute(statement.values({_HOLD[lane]: until} | ({"trouble": trouble} if trouble else {})))


async def count_waiting(tx: Tx, due_before_: datetime, covered: Mapping[str, datetime]) -> Row[Any]:
    """Case files past their instant: blind by lane (news is missing), late (nothing hinders), troubled (an error)."""
    is_troubled = case_file.c.trouble.is_not(None)
    count = func.count()
    found, late = [], []
    for lane in LANES:
        due_at, is_held = case_file.c[DUE[lane]], case_file.c[_HOLD[lane]].is_not(None)
        is_blind = or_(is_held, case_file.c.hold_fire_until.is_not(None), due_at >= covered[lane])
        found.append(count.filter(due_at < due_before_, is_blind, ~is_troubled).label(lane))
        late.append(and_(due_at < due_before_, ~is_blind))
    query = select(
        *found,
        count.filter(or_(*late), ~is_troubled).label("late"),
        count.filter(is_troubled).label("troubled"),
    ).where(or_(*(case_file.c[name] < due_before_ for name in DUE.values())))
    row = await tx.find(query)
    if row is None:
        raise LookupError("a count always has a row")
    return row


def as_file(row: Row[Any]) -> CaseFile:
    return CaseFile(**row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
