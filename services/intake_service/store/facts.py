"""What other services told about a case, one row per case and cycle; any order of the events gives the same row."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy.dialects.postgresql import insert

from services.intake_service.store.tables import case_facts
from shared.db import Tx


async def put_newest(tx: Tx, case_id: UUID, cycle: int, *, by: str, **values: object) -> None:
    """Set facts of which the one with the highest `by` counts: a sequence, a rung, a version."""
    row = insert(case_facts).values(case_id=case_id, cycle=cycle, **values)
    newer = func.coalesce(case_facts.c[by], 0) < values[by]
    await tx.execute(row.on_conflict_do_update(index_elements=["case_id", "cycle"], set_=values, where=newer))


async def put_first(tx: Tx, case_id: UUID, cycle: int, *, when: Mapping[str, Any], **values: object) -> None:
    """Set instants that the first event of its sort decides; `values` go with the earliest."""
    (name, at), *_ = when.items()
    column = case_facts.c[name]
    row = insert(case_facts).values(case_id=case_id, cycle=cycle, **{name: at}, **values)
    earlier: ColumnElement[bool] = column.is_(None) | (column > at)
    await tx.execute(
        row.on_conflict_do_update(index_elements=["case_id", "cycle"], set_={name: at, **values}, where=earlier)
    )
