"""Statements on extensions: asked for by one person, decided on by another."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update

from services.sla_service.store.reads import visible
from services.sla_service.store.record_tables import extension
from services.sla_service.store.tables import case_file
from shared.db import Tx
from shared.kernel.access import Scope


async def add(tx: Tx, row: Mapping[str, Any]) -> None:
    await tx.execute(insert(extension).values(**row))


async def decide(tx: Tx, extension_id: UUID, values: Mapping[str, Any]) -> None:
    await tx.execute(update(extension).where(extension.c.id == extension_id).values(**values))


def _extensions(scope: Scope) -> Select[Any]:
    return (
        select(extension, case_file.c.number, case_file.c.office, case_file.c.region)
        .join(case_file, case_file.c.case_id == extension.c.case_id)
        .where(visible(scope))
    )


async def find(tx: Tx, scope: Scope, extension_id: UUID) -> Row[Any] | None:
    return await tx.find(_extensions(scope).where(extension.c.id == extension_id))


async def is_open(tx: Tx, case_id: UUID, metric: str, cycle: int) -> bool:
    """Whether a request for this clock waits for its decision. The case file is locked."""
    query = select(extension.c.id).where(
        extension.c.case_id == case_id,
        extension.c.metric == metric,
        extension.c.cycle == cycle,
        extension.c.state == "requested",
    )
    return await tx.scalar(query) is not None


async def list_extensions(
    tx: Tx, *, state: str | None, case_id: UUID | None, after: UUID | None, most: int
) -> Sequence[Row[Any]]:
    """A page of requests that the actor may see, the oldest first."""
    query = _extensions(tx.actor.scope)
    if state is not None:
        query = query.where(extension.c.state == state)
    if case_id is not None:
        query = query.where(extension.c.case_id == case_id)
    if after is not None:
        query = query.where(extension.c.id > after)
    return await tx.all(query.order_by(extension.c.id).limit(most))
