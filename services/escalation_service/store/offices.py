"""SQL for offices, their posts and areas, and for the starting data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.store.directory_tables import (
    AREA_REGION,
    LADDER_POLICY,
    OFFICE,
    POST,
    RUNG_DEFINITION,
)
from shared.db import Tx


async def areas(tx: Tx, at: datetime) -> dict[int, str]:
    """Which deputy governor's area each region belongs to at an instant."""
    a = AREA_REGION.c
    rows = await tx.all(select(a.region, a.area).where(a.valid_from <= at).order_by(a.valid_from))
    newest = {row.region: row.area for row in rows}
    return {region: area for region, area in newest.items() if area is not None}


async def list_areas(tx: Tx) -> Sequence[Row[Any]]:
    """Every entry: at most a few for each of the ten regions."""
    return await tx.all(select(AREA_REGION).order_by(AREA_REGION.c.region, AREA_REGION.c.valid_from))


async def set_area(tx: Tx, region: int, area: str | None, at: datetime) -> None:
    """From an instant on; an entry for this very instant is replaced."""
    new = insert(AREA_REGION).values(region=region, area=area, valid_from=at)
    await tx.execute(new.on_conflict_do_update(index_elements=["region", "valid_from"], set_={"area": area}))


async def change_office(tx: Tx, code: str, values: Mapping[str, object]) -> None:
    await tx.execute(update(OFFICE).where(OFFICE.c.code == code).values(dict(values)))


async def list_offices(tx: Tx, *, after: str, most: int, kind: str | None) -> Sequence[Row[Any]]:
    statement = select(OFFICE).where(OFFICE.c.code > after).order_by(OFFICE.c.code).limit(most)
    return await tx.all(statement.where(OFFICE.c.kind == kind) if kind else statement)


async def find_office(tx: Tx, code: str) -> Row[Any] | None:
    return await tx.find(select(OFFICE).where(OFFICE.c.code == code))


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
