"""Published reports by edition, and the targets they are held against (process steps 9 and 10)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting_service.store.tables import report, target
from shared.db import Tx

_SERIES = text("SELECT pg_advisory_xact_lock(hashtext(:series))")


async def lock_series(tx: Tx, kind: str, label: str) -> Row[Any] | None:
    """The newest edition of a series; nobody else publishes in it until this transaction ends."""
    await tx.execute(_SERIES, {"series": f"reporting.report/{kind}/{label}"})
    await tx.read_clock()
    query = select(report).where(report.c.kind == kind, report.c.label == label)
    return await tx.find(query.order_by(report.c.edition.desc()).limit(1))


async def add(tx: Tx, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(report).values(**values))


async def find(tx: Tx, report_id: UUID, kind: str | None = None) -> Row[Any] | None:
    query = select(report).where(report.c.id == report_id)
    return await tx.find(query.where(report.c.kind == kind) if kind else query)


async def listed(
    tx: Tx, kind: str, fiscal_year: int | None, after: tuple[str, int] | None, most: int
) -> Sequence[Row[Any]]:
    """Newest period first, newest edition first; without the content."""
    columns = [column for column in report.c if column.name != "content"]
    query = select(*columns).where(report.c.kind == kind)
    if fiscal_year is not None:
        query = query.where(report.c.fiscal_year == fiscal_year)
    if after is not None:
        label, edition = after
        query = query.where((report.c.label < label) | ((report.c.label == label) & (report.c.edition < edition)))
    return await tx.all(query.order_by(report.c.label.desc(), report.c.edition.desc()).limit(most))


async def targets(tx: Tx, fiscal_year: int) -> dict[str, float]:
    """By indicator: the target of the year, or of the newest year before it that has one."""
    query = select(target).where(target.c.fiscal_year <= fiscal_year).order_by(target.c.fiscal_year)
    return {row.indicator: row.value for row in await tx.all(query)}


async def set_target(tx: Tx, fiscal_year: int, indicator: str, value: float) -> None:
    values = {"value": value, "set_by": tx.actor.id, "set_at": tx.now}
    statement = upsert(target).values(fiscal_year=fiscal_year, indicator=indicator, **values)
    await tx.execute(statement.on_conflict_do_update(index_elements=["fiscal_year", "indicator"], set_=values))


async def seed_target(tx: Tx, fiscal_year: int, indicator: str, value: float) -> None:
    """Only where no target was ever set."""
    values = {"fiscal_year": fiscal_year, "indicator": indicator, "value": value, "set_by": "seed", "set_at": tx.now}
    await tx.execute(upsert(target).values(**values).on_conflict_do_nothing())
