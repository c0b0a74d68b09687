"""SQL for offices, their posts and areas, and for the starting data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.offices import Chart
from services.escalation_service.store.directory_tables import (
    AREA_REGION,
    BRANCH_MOVE,
    LADDER_POLICY,
    OFFICE,
    POST,
    RUNG_DEFINITION,
)
from shared.db import Tx

M = BRANCH_MOVE.c


async def areas(tx: Tx, at: datetime) -> dict[int, str]:
    """Which deputy governor's area each region belongs to at an instant."""
    a = AREA_REGION.c
    rows = await tx.all(select(a.region, a.area).where(a.valid_from <= at).order_by(a.valid_from))
    newest = {row.region: row.area for row in rows}
    return {region: area for region, area in newest.items() if area is not None}


async def chart(tx: Tx, at: datetime) -> Chart:
    """Where regions, and the branches that were moved, belong at an instant."""
    moves = await tx.all(select(M.office, M.region).where(M.valid_from <= at).order_by(M.valid_from))
    return Chart(await areas(tx, at), {row.office: row.region for row in moves})


async def regions_alone(tx: Tx, at: datetime) -> list[str]:
    """The open regions that belong to no area at an instant."""
    known = await areas(tx, at)
    is_open = func.tstzrange(OFFICE.c.valid_from, OFFICE.c.valid_to).op("@>")(at)
    rows = await tx.all(select(OFFICE).where(OFFICE.c.kind == "region", is_open).order_by(OFFICE.c.code))
    return [row.code for row in rows if row.region not in known]


async def list_areas(tx: Tx) -> Sequence[Row[Any]]:
    """Every entry: at most a few for each region."""
    return await tx.all(select(AREA_REGION).order_by(AREA_REGION.c.region, AREA_REGION.c.valid_from))


def _offices(at: datetime) -> Select[Any]:
    """Offices, a branch with the region to which it belongs at an instant."""
    moved = select(M.region).where(M.office == OFFICE.c.code, M.valid_from <= at)
    newest = moved.order_by(M.valid_from.desc()).limit(1).scalar_subquery()
    columns = [column for column in OFFICE.c if column.name != "region"]
    return select(*columns, func.coalesce(newest, OFFICE.c.region).label("region"))


async def list_offices(tx: Tx, *, after: str, most: int, kind: str | None) -> Sequence[Row[Any]]:
    statement = _offices(tx.now).where(OFFICE.c.code > after).order_by(OFFICE.c.code).limit(most)
    return await tx.all(statement.where(OFFICE.c.kind == kind) if kind else statement)


async def find_office(tx: Tx, code: str, at: datetime) -> Row[Any] | None:
    return await tx.find(_offices(at).where(OFFICE.c.code == code))


async def first_region(tx: Tx, code: str) -> int:
    """The region in which a branch was opened."""
    region: int = await tx.scalar(select(OFFICE.c.region).where(OFFICE.c.code == code))
    return region


async def moves_of(tx: Tx, code: str) -> Sequence[Row[Any]]:
    """Every move of a branch, past and planned, the oldest first."""
    return await tx.all(select(BRANCH_MOVE).where(M.office == code).order_by(M.valid_from))


async def lock_office(tx: Tx, code: str) -> Row[Any] | None:
    return await tx.lock(select(OFFICE).where(OFFICE.c.code == code).with_for_update())


async def raise_version(tx: Tx, code: str) -> int:
    statement = update(OFFICE).where(OFFICE.c.code == code).values(version=OFFICE.c.version + 1)
    version: int = await tx.scalar(statement.returning(OFFICE.c.version))
    return version


async def seed(tx: Tx, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Add starting data where it is missing; what is there stays as people made it."""
    tables = {t.name: t for t in (OFFICE, POST, AREA_REGION, LADDER_POLICY, RUNG_DEFINITION)}
    await tx.execute(insert(tables[table]).on_conflict_do_nothing(), rows)
