"""Directives with their steps and the lines' root causes (process step 9)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from services.reporting_service.store.tables import directive, directive_step, root_cause
from shared.db import Tx


async def add(tx: Tx, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(directive).values(**values))


async def find(tx: Tx, directive_id: UUID) -> Row[Any] | None:
    return await tx.find(select(directive).where(directive.c.id == directive_id))


async def lock(tx: Tx, directive_id: UUID) -> Row[Any] | None:
    return await tx.lock(select(directive).where(directive.c.id == directive_id).with_for_update())


async def set_status(tx: Tx, directive_id: UUID, status: str) -> None:
    change = update(directive).where(directive.c.id == directive_id)
    await tx.execute(change.values(status=status, version=directive.c.version + 1))


async def add_step(tx: Tx, directive_id: UUID, status: str, note: str | None) -> None:
    """The history of a directive; only ever added to."""
    values = {"directive_id": directive_id, "status": status, "note": note, "taken_by": tx.actor.id, "taken_at": tx.now}
    await tx.execute(insert(directive_step).values(**values))


async def steps(tx: Tx, directive_id: UUID) -> Sequence[Row[Any]]:
    query = select(directive_step).where(directive_step.c.directive_id == directive_id)
    return await tx.all(query.order_by(directive_step.c.id))


async def add_root_cause(tx: Tx, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(root_cause).values(**values))


async def root_causes(tx: Tx, directive_id: UUID) -> Sequence[Row[Any]]:
    """Every answer of the line, oldest first."""
    return await tx.all(select(root_cause).where(root_cause.c.directive_id == directive_id).order_by(root_cause.c.id))


async def listed(tx: Tx, filters: Mapping[str, Any], after: UUID | None, most: int) -> Sequence[Row[Any]]:
    """In order of issue."""
    query = select(directive)
    for name, value in filters.items():
        if name == "due_before" and value is not None:
            query = query.where(directive.c.due_on < value)
        elif value is not None:
            query = query.where(directive.c[name] == value)
    if after is not None:
        query = query.where(directive.c.id > after)
    return await tx.all(query.order_by(directive.c.id).limit(most))
