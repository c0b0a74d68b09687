"""Statements about samples: the frame, the draw and its members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.domain.case import COMPLAINT
from services.survey_service.store.cases import visible
from services.survey_service.store.rows import fields
from services.survey_service.store.tables import case_file, resolution, sample, sample_member
from shared.db import Tx
from shared.kernel.access import Scope


@dataclass(frozen=True)
class Sample:
    """One region's draw of one month."""

    id: UUID
    region: int
    month: str
    frame: int
    frame_hash: str
    quota: int
    precision: str
    seed: str
    checklist: str
    drawn_by: str
    drawn_at: datetime


async def frame(tx: Tx, region: int, since: datetime, until: datetime) -> Mapping[UUID, int]:
    """Closed complaints of a region reported done in this time: case → the cycle that stands; no restricted ones."""
    query = (
        select(case_file.c.case_id, case_file.c.cycle)
        .join(
            resolution,
            and_(resolution.c.case_id == case_file.c.case_id, resolution.c.cycle == case_file.c.cycle),
        )
        .where(case_file.c.state == "resolved", case_file.c.region == region, case_file.c.kind == COMPLAINT)
        .where(case_file.c.restricted.is_(False))
        .where(resolution.c.reported_at >= since, resolution.c.reported_at < until)
    )
    return {row.case_id: row.cycle for row in await tx.all(query)}


async def add_sample(tx: Tx, drawn: Sample) -> bool:
    """False when this region and month have a sample already."""
    values = {name: getattr(drawn, name) for name in Sample.__dataclass_fields__}
    statement = insert(sample).values(**values).on_conflict_do_nothing().returning(sample.c.id)
    return await tx.scalar(statement) is not None


async def add_members(tx: Tx, sample_id: UUID, order: Sequence[UUID], cycles: Mapping[UUID, int], quota: int) -> None:
    rows = [
        {
            "sample_id": sample_id, "position": position, "case_id": case_id, "cycle": cycles[case_id],
            "state": "chosen" if position <= quota else "reserve",
        }
        for position, case_id in enumerate(order, start=1)
    ]  # fmt: skip
    await tx.execute(insert(sample_member), rows)


async def claim_chosen(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """Members whose call is not arranged yet, with their cases locked."""
    found = await tx.all(
        select(sample_member)
        .join(case_file, case_file.c.case_id == sample_member.c.case_id)
        .where(sample_member.c.state == "chosen")
        .order_by(sample_member.c.sample_id, sample_member.c.position)
        .limit(limit)
        .with_for_update(of=[case_file, sample_member], skip_locked=True)
    )
    await tx.read_clock()
    return found


async def lock_sample(tx: Tx, sample_id: UUID) -> Sample | None:
    row = await tx.lock(select(sample).where(sample.c.id == sample_id).with_for_update())
    return sample_of(row) if row else None


def sample_of(row: Row[Any]) -> Sample:
    return Sample(**fields(row, Sample))


async def move_member(tx: Tx, member: Row[Any], state: str, **values: object) -> None:
    condition = and_(sample_member.c.sample_id == member.sample_id, sample_member.c.position == member.position)
    await tx.execute(update(sample_member).where(condition).values(state=state, **values))


async def member_of_call(tx: Tx, call_id: UUID) -> Row[Any] | None:
    condition = and_(sample_member.c.call_id == call_id, sample_member.c.state == "calling")
    return await tx.find(select(sample_member).where(condition))


async def choose_replacement(tx: Tx, sample_id: UUID, replaces: int) -> None:
    """The next of the same permutation takes the place; the sample is locked, so no place is given twice."""
    await lock_sample(tx, sample_id)
    reserve = and_(sample_member.c.sample_id == sample_id, sample_member.c.state == "reserve")
    following = select(func.min(sample_member.c.position)).where(reserve).scalar_subquery()
    await tx.execute(
        update(sample_member)
        .where(sample_member.c.sample_id == sample_id, sample_member.c.position == following)
        .values(state="chosen", replaces=replaces)
    )


async def find_sample(tx: Tx, sample_id: UUID, scope: Scope) -> Sample | None:
    row = await tx.find(select(sample).where(sample.c.id == sample_id, _visible(scope)))
    return sample_of(row) if row else None


async def checklist_of(tx: Tx, sample_id: UUID) -> str:
    """The version of the checklist that a sample was drawn with."""
    return str(await tx.scalar(select(sample.c.checklist).where(sample.c.id == sample_id)))


async def sample_for(tx: Tx, region: int, month: str) -> Sample | None:
    row = await tx.find(select(sample).where(sample.c.region == region, sample.c.month == month))
    return sample_of(row) if row else None


async def list_samples(tx: Tx, scope: Scope, after: UUID | None, limit: int, **wanted: object) -> Sequence[Sample]:
    query = select(sample).where(_visible(scope))
    for column, value in wanted.items():
        if value is not None:
            query = query.where(sample.c[column] == value)
    if after:
        query = query.where(sample.c.id < after)
    return [sample_of(row) for row in await tx.all(query.order_by(sample.c.id.desc()).limit(limit))]


def _visible(scope: Scope) -> Any:
    return sample.c.region > 0 if scope.everything else sample.c.region.in_(sorted(scope.regions))


async def members_by_state(tx: Tx, sample_id: UUID) -> Mapping[str, int]:
    query = select(sample_member.c.state, func.count().label("n")).where(sample_member.c.sample_id == sample_id)
    return {row.state: row.n for row in await tx.all(query.group_by(sample_member.c.state))}


async def list_members(tx: Tx, scope: Scope, sample_id: UUID, after: int, limit: int) -> Sequence[Row[Any]]:
    """Members that were used and that this reader may see, in the order of the draw; the reserve is not listed."""
    query = (
        select(sample_member)
        .join(case_file, case_file.c.case_id == sample_member.c.case_id)
        .where(sample_member.c.sample_id == sample_id, sample_member.c.state != "reserve", visible(scope))
    )
    return await tx.all(query.where(sample_member.c.position > after).order_by(sample_member.c.position).limit(limit))
